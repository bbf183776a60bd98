package main

import (
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// What is moved on the wire is what is moved in memory: every trace id is new, every
// time later, and all else as it was.
func TestWireLoad(t *testing.T) {
	l, err := newSpanLoad(usualShape.spans(), batchEvery)
	if err != nil {
		t.Fatal(err)
	}
	w, err := newWireLoad(l, 0)
	if err != nil {
		t.Fatal(err)
	}
	c := &spanClock{spanLoad: l}
	for range 2 * len(l.templates) {
		want, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(c.next())
		if err != nil {
			t.Fatal(err)
		}
		got := w.next(batchEvery)
		// The load's clock moves ids before their first use as well.
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(got)
		if err != nil {
			t.Fatal(err)
		}
		if td.SpanCount() != w.spans {
			t.Fatalf("%d spans, want %d", td.SpanCount(), w.spans)
		}
		if string(got) != string(want) {
			t.Fatal("not the batch that is moved in memory")
		}
	}
	other, err := newWireLoad(l, 1<<40)
	if err != nil {
		t.Fatal(err)
	}
	if string(other.next(time.Second)) == string(w.batches[0].bytes) {
		t.Fatal("two senders send the same traces")
	}
}
