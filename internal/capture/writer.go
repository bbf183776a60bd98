package capture

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Writer appends requests to a capture. It is safe for concurrent use: requests
// stand in the file in the order in which their Write took the lock.
type Writer struct {
	mu     sync.Mutex // guards everything below
	buf    *bufio.Writer
	layers []io.Closer // innermost first
	closed bool
}

// Create makes the file (and its directory) anew and returns a Writer on it.
func Create(path string) (*Writer, error) {
	if dir := filepath.Dir(path); dir != "." {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("capture: %w", err)
		}
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	w, err := NewWriter(f, filepath.Ext(path))
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	w.layers = append(w.layers, f)
	return w, nil
}

// NewWriter returns a Writer on dst; ext (".zst", ".gz" or another) says how it
// compresses. Close does not close dst.
func NewWriter(dst io.Writer, ext string) (*Writer, error) {
	w := &Writer{}
	switch ext {
	case ".zst":
		z, err := zstd.NewWriter(dst, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithWindowSize(8<<20))
		if err != nil {
			return nil, fmt.Errorf("capture: %w", err)
		}
		w.layers, dst = []io.Closer{z}, z
	case ".gz":
		z := gzip.NewWriter(dst)
		w.layers, dst = []io.Closer{z}, z
	}
	w.buf = bufio.NewWriterSize(dst, 1<<16)
	return w, nil
}

// Write appends r as one line.
func (w *Writer) Write(r Request) error {
	line, err := encode(r)
	if err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()

	if w.closed {
		return fmt.Errorf("capture: write: %w", os.ErrClosed)
	}
	if _, err := w.buf.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	return nil
}

// Close completes the file. Calling it again does nothing.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()

	if w.closed {
		return nil
	}
	w.closed = true
	errs := []error{w.buf.Flush()}
	for _, l := range w.layers {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}
