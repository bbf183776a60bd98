package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// largeShape is the application of the steady load: 1,000 RPCs, 2,000 edges.
var largeShape = spanShape{services: 250, operations: 4, callees: 2, stride: 2, entries: 10, batches: 64}

// The steady load: windows of few spans, until a model is trained and in use, and then
// some at the full rate.
const (
	sparseWindows = 46 // 40 are the default before a training
	fullWindows   = 4
	fullEvery     = 20 * time.Millisecond // between batches of 1,000: 50,000 spans a second
	sparseEvery   = windowLength / 40
	behind        = 4 // windows that wait for late spans, or to be judged
)

// The floods: spans each of a service and an operation of its own, and CLIENT spans
// that nothing answers.
const (
	floodNames     = 1_000_000
	floodUnmatched = 2_000_000
)

// memoryNumbers are what the processor takes with its default settings, beyond what
// the load does.
type memoryNumbers struct {
	Steady   loadMemory `json:"steady"`
	Names    loadMemory `json:"flood_of_names"`
	Orphans  loadMemory `json:"flood_of_unmatched_spans"`
	BoundMiB int        `json:"memory_mib"` // the default limit
}

// loadMemory is what one load left.
type loadMemory struct {
	RSS     float64          `json:"rss_mb"`
	Windows int64            `json:"windows"`
	Trained int64            `json:"trainings"`
	Spans   int64            `json:"spans"` // used
	Refused map[string]int64 `json:"refused,omitempty"`
	Noted   map[string]int64 `json:"noted,omitempty"`
	Limits  map[string]int64 `json:"limits_reached,omitempty"`
}

func memorySection(*settings) (any, string, error) {
	out := memoryNumbers{BoundMiB: defaultMemoryMiB()}
	var b strings.Builder
	fmt.Fprint(&b, "| load | RSS MB | windows | trainings | spans used | refused | noted | limits reached |\n|---|--:|--:|--:|--:|---|---|---|\n")
	for _, l := range []struct {
		part, name string
		to         *loadMemory
	}{
		{"steady", "1,000 RPCs, 50,000 spans/s", &out.Steady},
		{"names", "a million services and operations", &out.Names},
		{"unmatched", "two million unmatched spans", &out.Orphans},
	} {
		if err := runPart(l.to, l.part); err != nil {
			return nil, "", err
		}
		if l.to.RSS*mb > float64(out.BoundMiB)*(1<<20) {
			return nil, "", fmt.Errorf("%s: %.0f MB, the limit is %d MiB", l.name, l.to.RSS, out.BoundMiB)
		}
		fmt.Fprintf(&b, "| %s | %.0f | %d | %d | %d | %s | %s | %s |\n", l.name, l.to.RSS, l.to.Windows, l.to.Trained, l.to.Spans,
			reasons(l.to.Refused), reasons(l.to.Noted), reasons(l.to.Limits))
	}
	fmt.Fprintf(&b, "\nThe default limit is %d MiB.\n", out.BoundMiB)
	return out, b.String(), nil
}

// underLoad measures what a processor takes after a load, and what it counted.
func underLoad(load func(*product) error) (out loadMemory, err error) {
	before, err := resident()
	if err != nil {
		return out, err
	}
	p, err := newProduct()
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	if err := load(p); err != nil {
		return out, err
	}
	after, err := resident()
	if err != nil {
		return out, err
	}
	out.RSS = (after - before) / mb
	return out, out.counted(p)
}

// counted fills in what the processor counts.
func (m *loadMemory) counted(p *product) error {
	counts := make(map[string]map[string]int64)
	for _, counter := range []string{"windows_closed", "spans_used", "spans_refused", "spans_noted", "limits_reached", "trainings"} {
		var err error
		if counts[counter], err = p.counts("rootcause_" + counter); err != nil {
			return err
		}
	}
	m.Windows, m.Trained, m.Spans = counts["windows_closed"][""], counts["trainings"][""], counts["spans_used"][""]
	m.Refused, m.Noted, m.Limits = counts["spans_refused"], counts["spans_noted"], counts["limits_reached"]
	return nil
}

func steadyPart([]string) (any, error) {
	l, err := newSpanLoad(largeShape.spans(), sparseEvery)
	if err != nil {
		return nil, err
	}
	l.wire = nil
	c := &spanClock{spanLoad: l}
	return underLoad(func(p *product) error {
		for n := range sparseWindows + fullWindows {
			if n == sparseWindows {
				l.every = fullEvery
			}
			for end := epoch.Add(time.Duration(n+1) * windowLength); c.now().Before(end); {
				if err := p.see(c.next()); err != nil {
					return err
				}
			}
			if err := p.settle(int64(n - behind)); err != nil {
				return err
			}
		}
		return nil
	})
}

// namesPart floods with a million services of an operation each, and then as many
// operations of one service.
func namesPart([]string) (any, error) {
	return underLoad(func(p *product) error {
		for k := 0; k < floodNames; k += batchSpans {
			td := ptrace.NewTraces()
			for n := k; n < k+batchSpans; n++ {
				flood(td, fmt.Sprint("service-", n), fmt.Sprint("GET /", n), ptrace.SpanKindServer, n)
			}
			one := ptrace.NewTraces()
			for n := floodNames + k; n < floodNames+k+batchSpans; n++ {
				flood(one, "service-0", fmt.Sprint("GET /", n), ptrace.SpanKindServer, n)
			}
			for _, td := range []ptrace.Traces{td, one} {
				if err := p.see(td); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func unmatchedPart([]string) (any, error) {
	return underLoad(func(p *product) error {
		for k := 0; k < floodUnmatched; k += batchSpans {
			td := ptrace.NewTraces()
			for n := k; n < k+batchSpans; n++ {
				flood(td, serviceName(n%usualShape.services), "GET", ptrace.SpanKindClient, n)
			}
			if err := p.see(td); err != nil {
				return err
			}
		}
		return nil
	})
}

// flood appends span n, of a trace of its own. A CLIENT has a parent that never comes.
func flood(td ptrace.Traces, service, name string, kind ptrace.SpanKind, n int) {
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", service)
	s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	var trace pcommon.TraceID
	var id, parent pcommon.SpanID
	binary.LittleEndian.PutUint64(trace[:], uint64(n)+1)
	binary.LittleEndian.PutUint64(trace[8:], uint64(n)*0x9e3779b97f4a7c15)
	binary.LittleEndian.PutUint64(id[:], uint64(n)+1)
	s.SetTraceID(trace)
	s.SetSpanID(id)
	if kind == ptrace.SpanKindClient {
		parent[0] = 1
		id[7] = 1
		s.SetSpanID(id)
		s.SetParentSpanID(parent)
	}
	s.SetKind(kind)
	s.SetName(name)
	at := epoch.Add(time.Duration(n) * 10 * time.Microsecond) // 100,000 a second
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(at))
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(at.Add(5 * time.Millisecond)))
}
