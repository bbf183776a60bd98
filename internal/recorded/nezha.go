package recorded

import (
	"cmp"
	"compress/gzip"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// NezhaTraces reads the spans of a recording of Nezha (Yu et al., "Nezha:
// Interpretable Fine-Grained Root Causes Analysis for Microservices on
// Multi-modal Observability Data", ESEC/FSE 2023): all files HH_MM_trace.csv.gz
// of dir, compressed or not, in order of their end, in batches of at most size spans that end within
// a second, as exporters send them; a batch is grouped by pod. Spans that two
// files have are there twice.
//
// The recording has neither services nor kinds. The service is the workload
// that the pod's name shows. The kind follows from structure alone:
//
//   - SERVER: a root, or a span whose parent is in another pod or was not recorded;
//   - CLIENT: of the others, one that is the parent of a span in another pod;
//   - INTERNAL: any other.
//
// A span that is a server and the parent of a span in another pod stays a
// SERVER: its call has no span of its own.
//
// Iteration ends at the first error.
func NezhaTraces(dir string, size int) iter.Seq2[ptrace.Traces, error] {
	return func(yield func(ptrace.Traces, error) bool) {
		r, err := readNezha(dir)
		if err != nil {
			yield(ptrace.Traces{}, err)
			return
		}
		for from := 0; from < len(r.spans); {
			to := from + 1
			for to < len(r.spans) && to-from < size && r.spans[to].end-r.spans[from].end < int64(time.Second) {
				to++
			}
			if !yield(r.traces(r.spans[from:to]), nil) {
				return
			}
			from = to
		}
	}
}

// nezha is a recording in memory.
type nezha struct {
	spans []nezhaSpan
	names map[string]int32 // interned pods and operations
	texts []string
}

type nezhaSpan struct {
	id         nezhaID
	parent     pcommon.SpanID
	pod, name  int32 // in texts
	kind       ptrace.SpanKind
	start, end int64 // ns
}

type nezhaID struct {
	trace pcommon.TraceID
	span  pcommon.SpanID
}

func readNezha(dir string) (*nezha, error) {
	files, err := traceFiles(dir)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("recorded: no *_trace.csv.gz or *_trace.csv in %s", dir)
	}
	r := &nezha{names: make(map[string]int32)}
	for _, file := range files {
		if err := r.readFile(file); err != nil {
			return nil, fmt.Errorf("recorded: %s: %w", filepath.Base(file), err)
		}
	}
	slices.SortStableFunc(r.spans, func(a, b nezhaSpan) int { return cmp.Compare(a.end, b.end) })
	r.infer()
	return r, nil
}

func (r *nezha) readFile(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if !strings.HasSuffix(file, ".gz") {
		return r.read(f)
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	defer z.Close()
	return r.read(z)
}

func (r *nezha) intern(s string) int32 {
	if k, ok := r.names[s]; ok {
		return k
	}
	k := int32(len(r.texts))
	s = string([]byte(s)) // the record's memory is used again
	r.texts = append(r.texts, s)
	r.names[s] = k
	return k
}

// infer sets the kinds.
func (r *nezha) infer() {
	at := make(map[nezhaID]int32, len(r.spans))
	for k := range r.spans {
		at[r.spans[k].id] = int32(k)
		r.spans[k].kind = ptrace.SpanKindInternal
	}
	calls := make(map[nezhaID]bool)
	for k := range r.spans {
		s := &r.spans[k]
		above := nezhaID{s.id.trace, s.parent}
		p, ok := at[above]
		if !ok {
			s.kind = ptrace.SpanKindServer
			continue
		}
		if r.spans[p].pod != s.pod {
			s.kind = ptrace.SpanKindServer
			calls[above] = true
		}
	}
	for k := range r.spans {
		if s := &r.spans[k]; s.kind == ptrace.SpanKindInternal && calls[s.id] {
			s.kind = ptrace.SpanKindClient
		}
	}
}

// traces converts spans, one resource per pod in the order met.
func (r *nezha) traces(spans []nezhaSpan) ptrace.Traces {
	td := ptrace.NewTraces()
	pods := make(map[int32]ptrace.SpanSlice)
	for k := range spans {
		s := &spans[k]
		slice, ok := pods[s.pod]
		if !ok {
			rs := td.ResourceSpans().AppendEmpty()
			pod := r.texts[s.pod]
			rs.Resource().Attributes().PutStr("service.name", workload(pod))
			rs.Resource().Attributes().PutStr("k8s.pod.name", pod)
			slice = rs.ScopeSpans().AppendEmpty().Spans()
			pods[s.pod] = slice
		}
		span := slice.AppendEmpty()
		span.SetTraceID(s.id.trace)
		span.SetSpanID(s.id.span)
		span.SetParentSpanID(s.parent)
		span.SetName(r.texts[s.name])
		span.SetKind(s.kind)
		span.SetStartTimestamp(pcommon.Timestamp(s.start))
		span.SetEndTimestamp(pcommon.Timestamp(s.end))
	}
	return td
}
