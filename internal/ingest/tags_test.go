package ingest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/callgraph"
)

// What was converted from OpenTracing says with tags what a span has fields for.
func TestFailureOf_tags(t *testing.T) {
	for _, c := range []struct {
		status ptrace.StatusCode
		in     attrs
		fails  bool
		want   string
	}{
		{ptrace.StatusCodeUnset, attrs{"error": true}, true, otherError},
		{ptrace.StatusCodeUnset, attrs{"error": "true"}, true, otherError},
		{ptrace.StatusCodeUnset, attrs{"error": "connection refused"}, true, otherError},
		{ptrace.StatusCodeUnset, attrs{"error": true, "http.status_code": 404}, true, "404"},
		{ptrace.StatusCodeUnset, attrs{"error": false}, false, ""},
		{ptrace.StatusCodeUnset, attrs{"error": "False"}, false, ""},
		{ptrace.StatusCodeUnset, attrs{"error": ""}, false, ""},
		{ptrace.StatusCodeOk, attrs{"error": true}, false, ""},
		{ptrace.StatusCodeUnset, attrs{"otel.status_code": "ERROR"}, true, otherError},
		{ptrace.StatusCodeUnset, attrs{"otel.status_code": "OK"}, false, ""},
	} {
		span, a := spanOf(t, c.in)
		span.Status().SetCode(c.status)
		for _, kind := range [...]callgraph.Kind{callgraph.Server, callgraph.Client, callgraph.Internal, callgraph.Consumer} {
			a.read(span.Attributes(), wanted[kind])
			fails, got := failureOf(kind, span, a)
			assert.Equal(t, c.fails, fails, "%v of kind %d", c, kind)
			assert.Equal(t, c.want, got, "%v of kind %d", c, kind)
		}
	}
}

func TestKindOf(t *testing.T) {
	for _, c := range []struct {
		kind ptrace.SpanKind
		tag  any
		want callgraph.Kind
	}{
		{ptrace.SpanKindClient, "server", callgraph.Client},
		{ptrace.SpanKindInternal, "server", callgraph.Internal},
		{ptrace.SpanKindUnspecified, nil, callgraph.Unspecified},
		{ptrace.SpanKindUnspecified, "server", callgraph.Server},
		{ptrace.SpanKindUnspecified, "CLIENT", callgraph.Client},
		{ptrace.SpanKindUnspecified, "producer", callgraph.Producer},
		{ptrace.SpanKindUnspecified, "consumer", callgraph.Consumer},
		{ptrace.SpanKindUnspecified, "internal", callgraph.Internal},
		{ptrace.SpanKindUnspecified, "local", callgraph.Unspecified},
		{ptrace.SpanKindUnspecified, 2, callgraph.Unspecified},
	} {
		in := attrs{}
		if c.tag != nil {
			in["span.kind"] = c.tag
		}
		span, _ := spanOf(t, in)
		span.SetKind(c.kind)
		assert.Equal(t, c.want, kindOf(span), "%v %v", c.kind, c.tag)
	}
}
