package main

import (
	"errors"
	"io"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sage-rca/sage/internal/capture"
)

// records returns each log record of a file of requests as OTLP JSON of its own,
// in order, without its observed time: how records were batched, and when they
// were emitted, is no part of what they say.
func records(path string) ([][]byte, error) {
	r, err := capture.Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var out [][]byte
	for {
		req, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		if req.Logs == nil {
			continue
		}
		for _, rl := range req.Logs.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					lr.SetObservedTimestamp(0)
					text, err := (&plog.JSONMarshaler{}).MarshalLogs(alone(rl, sl, lr))
					if err != nil {
						return nil, err
					}
					out = append(out, text)
				}
			}
		}
	}
}
