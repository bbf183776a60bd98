package capture

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
)

// maxLine bounds one request, as a Collector's receiver bounds a message.
const maxLine = 64 << 20

// Reader yields the requests of a capture in order. One goroutine may use it.
type Reader struct {
	name   string
	lines  *bufio.Scanner
	line   int
	layers []func() error // innermost first
}

// Open returns a Reader on the file.
func Open(path string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	r, err := NewReader(f, path)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r.layers = append(r.layers, f.Close)
	return r, nil
}

// NewReader returns a Reader on src; the extension of name says how src is
// compressed, and errors call it by name. Close does not close src.
func NewReader(src io.Reader, name string) (*Reader, error) {
	r := &Reader{name: name}
	switch filepath.Ext(name) {
	case ".zst":
		z, err := zstd.NewReader(src, zstd.WithDecoderMaxMemory(256<<20))
		if err != nil {
			return nil, fmt.Errorf("capture %s: %w", name, err)
		}
		r.layers = append(r.layers, func() error { z.Close(); return nil })
		src = z
	case ".gz":
		z, err := gzip.NewReader(src)
		if err != nil {
			return nil, fmt.Errorf("capture %s: %w", name, err)
		}
		r.layers = append(r.layers, z.Close)
		src = z
	}
	r.lines = bufio.NewScanner(src)
	r.lines.Buffer(make([]byte, 0, 1<<16), maxLine)
	return r, nil
}

// Next returns the next request, io.EOF after the last one, and otherwise an
// error that names the file and the line. Blank lines are skipped.
func (r *Reader) Next() (Request, error) {
	for r.lines.Scan() {
		r.line++
		line := bytes.TrimSpace(r.lines.Bytes())
		if len(line) == 0 {
			continue
		}
		req, err := decode(line)
		if err != nil {
			return Request{}, fmt.Errorf("capture %s:%d: %w", r.name, r.line, err)
		}
		return req, nil
	}
	if err := r.lines.Err(); err != nil {
		return Request{}, fmt.Errorf("capture %s:%d: %w", r.name, r.line+1, err)
	}
	return Request{}, io.EOF
}

// Close releases what Open took.
func (r *Reader) Close() error {
	var errs []error
	for _, closeLayer := range r.layers {
		errs = append(errs, closeLayer())
	}
	r.layers = nil
	return errors.Join(errs...)
}
