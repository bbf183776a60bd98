package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestMain lets tests start parts in processes of their own.
func TestMain(m *testing.M) {
	asked, err := part()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	case !asked:
		m.Run()
	}
}

// A short run gives the numbers that bench.json is read for, and keeps those of
// sections that are not run.
func TestRun_givesAllNumbers(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bench.json"), []byte(`{"train":{"ms_per_step":1.5}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{"-out", dir, "-rounds", "1", "-turn", "8", "-only", "ingest,metrics"}, io.Discard); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "bench.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]map[string]float64
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	for section, numbers := range map[string][]string{
		"ingest": {
			"ns_per_span", "bytes_per_span", "allocs_per_span",
			"spanmetrics_ns_per_span", "unmarshal_ns_per_span", "fields_ns_per_span", "eighth_ns_per_span", "after_unmarshal_ns_per_span",
		},
		"metrics": {"ns_per_point"},
		"train":   {"ms_per_step"}, // of an earlier run
	} {
		for _, n := range numbers {
			if _, ok := got[section][n]; !ok {
				t.Errorf("%s has no %s", section, n)
			}
		}
	}
}

// The load is what it says: whole traces of 100 spans with ten attributes or
// more, of 20 services, whose ids and times move on.
func TestSpanShape(t *testing.T) {
	l, err := newSpanLoad(usualShape.spans(), batchEvery)
	if err != nil {
		t.Fatal(err)
	}
	if l.spans != batchSpans || len(l.templates) != usualShape.batches {
		t.Fatalf("%d batches of %d spans", len(l.templates), l.spans)
	}
	c := &spanClock{spanLoad: l}
	seen := make(map[[16]byte]int)
	names := make(map[string]bool)
	for n := range 2 * usualShape.batches {
		td := c.next()
		for _, rs := range td.ResourceSpans().All() {
			name, _ := rs.Resource().Attributes().Get("service.name")
			names[name.Str()] = true
			for _, s := range rs.ScopeSpans().At(0).Spans().All() {
				seen[s.TraceID()]++
				if s.Attributes().Len() < 10 {
					t.Fatalf("%s has %d attributes", s.Name(), s.Attributes().Len())
				}
				begin := epoch.Add(time.Duration(n) * batchEvery)
				if at := s.StartTimestamp().AsTime(); at.Before(begin) || at.After(begin.Add(time.Second)) {
					t.Fatalf("batch %d has a span at %s", n, at)
				}
			}
		}
	}
	for _, n := range seen {
		if n != traceSpans {
			t.Fatalf("a trace of %d spans", n)
		}
	}
	if len(seen) != 2*usualShape.batches*batchSpans/traceSpans || len(names) != usualShape.services {
		t.Fatalf("%d traces, %d services", len(seen), len(names))
	}
}
