package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/capture"
	"github.com/sage-rca/sage/internal/otlpserve"
)

// record receives OTLP over gRPC and writes a capture until it is interrupted or
// its duration is over.
func record(ctx context.Context, args []string, _, log io.Writer) error {
	fs := flags("record", "--out FILE [--listen ADDR] [--duration D]", log)
	listen := fs.String("listen", "127.0.0.1:4317", "`address` to receive OTLP over gRPC on")
	out := fs.String("out", "", "`file` to write: .jsonl, .jsonl.gz or .jsonl.zst (needed)")
	duration := fs.Duration("duration", 0, "how long to record; 0: until interrupted")
	if _, err := parse(fs, args, 0); err != nil {
		return err
	}
	if *out == "" {
		return usagef("record needs --out FILE")
	}
	if *duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, *duration)
		defer cancel()
	}
	rec, err := startRecorder(ctx, *listen, *out)
	if err != nil {
		return err
	}
	fmt.Fprintf(log, "recording OTLP/gRPC on %s into %s; interrupt to stop\n", rec.server.Addr(), *out)
	<-ctx.Done()
	extent, err := rec.stop()
	if err != nil {
		return err
	}
	fmt.Fprintf(log, "recorded %s\n", describe(extent))
	return nil
}

// recorder is an OTLP receiver that writes what it receives.
type recorder struct {
	server *otlpserve.Server
	out    *capture.Writer

	mu     sync.Mutex // guards everything below
	extent capture.Extent
}

func startRecorder(ctx context.Context, listen, path string) (*recorder, error) {
	w, err := capture.Create(path)
	if err != nil {
		return nil, err
	}
	r := &recorder{out: w}
	r.server, err = otlpserve.Listen(ctx, listen, otlpserve.Handlers{
		Traces:  func(td ptrace.Traces) error { return r.take(capture.Traces(td)) },
		Metrics: func(md pmetric.Metrics) error { return r.take(capture.Metrics(md)) },
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot receive OTLP: %w", err), w.Close())
	}
	return r, nil
}

// take writes one request. Extent and file are kept under one lock, so that both
// tell of the same requests.
func (r *recorder) take(req capture.Request) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.out.Write(req); err != nil {
		return err
	}
	r.extent.Add(req)
	return nil
}

// stop closes the receiver, then the file, and says what was recorded.
func (r *recorder) stop() (capture.Extent, error) {
	err := errors.Join(r.server.Close(), r.out.Close())
	return r.extent, err
}

// describe says in one line what requests hold.
func describe(e capture.Extent) string {
	return fmt.Sprintf("%d requests: %d spans, %d metric points, %d log records, %s of event time",
		e.Requests, e.Spans, e.Points, e.Records, e.Covers().Round(100*time.Millisecond))
}
