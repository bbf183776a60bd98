package capture

import (
	"bytes"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Request is one export request. Exactly one field is set.
type Request struct {
	Traces  *ptrace.Traces
	Metrics *pmetric.Metrics
	Logs    *plog.Logs
}

// Traces wraps td, which is not copied.
func Traces(td ptrace.Traces) Request { return Request{Traces: &td} }

// Metrics wraps md, which is not copied.
func Metrics(md pmetric.Metrics) Request { return Request{Metrics: &md} }

// Logs wraps ld, which is not copied.
func Logs(ld plog.Logs) Request { return Request{Logs: &ld} }

// errSignal reports a line that is no export request of a known signal.
var errSignal = errors.New(`want an object that begins with "resourceSpans", "resourceMetrics" or "resourceLogs"`)

// encode returns r as one line of OTLP/JSON, without the newline.
func encode(r Request) ([]byte, error) {
	switch {
	// The marshalers leave out what is empty, and with it the signal.
	case r.Traces != nil && r.Traces.ResourceSpans().Len() == 0:
		return []byte(`{"resourceSpans":[]}`), nil
	case r.Metrics != nil && r.Metrics.ResourceMetrics().Len() == 0:
		return []byte(`{"resourceMetrics":[]}`), nil
	case r.Logs != nil && r.Logs.ResourceLogs().Len() == 0:
		return []byte(`{"resourceLogs":[]}`), nil
	case r.Traces != nil:
		return (&ptrace.JSONMarshaler{}).MarshalTraces(*r.Traces)
	case r.Metrics != nil:
		return (&pmetric.JSONMarshaler{}).MarshalMetrics(*r.Metrics)
	case r.Logs != nil:
		return (&plog.JSONMarshaler{}).MarshalLogs(*r.Logs)
	default:
		return nil, errors.New("an empty request cannot be recorded")
	}
}

// decode is the inverse of encode. The signal is told by the first key, which is
// the only one of an export request.
func decode(line []byte) (Request, error) {
	key, _, _ := bytes.Cut(bytes.TrimLeft(line, "{ \t\""), []byte(`"`))
	switch string(key) {
	case "resourceSpans":
		td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(line)
		if err != nil {
			return Request{}, fmt.Errorf("traces: %w", err)
		}
		return Traces(td), nil
	case "resourceMetrics":
		md, err := (&pmetric.JSONUnmarshaler{}).UnmarshalMetrics(line)
		if err != nil {
			return Request{}, fmt.Errorf("metrics: %w", err)
		}
		return Metrics(md), nil
	case "resourceLogs":
		ld, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
		if err != nil {
			return Request{}, fmt.Errorf("logs: %w", err)
		}
		return Logs(ld), nil
	default:
		return Request{}, errSignal
	}
}
