package main

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// recordedSection measures with the ids, names, shapes and times of real spans.
// The recording has no attributes but names; the usual ones are put in.
func recordedSection(s *settings) (any, string, error) {
	var files []string
	for _, dir := range s.data {
		for _, pattern := range []string{"trace", "*/trace"} {
			found, err := filepath.Glob(filepath.Join(dir, pattern, "*_trace.csv.gz"))
			if err != nil {
				return nil, "", err
			}
			files = append(files, found...)
		}
	}
	if len(files) == 0 {
		return nil, "", fmt.Errorf("%w: there are no recorded spans in %q (make bench DATA=DIR)", errSkipped, s.data)
	}
	var rows [][]string
	for _, f := range files {
		r, err := spanRows(f)
		if err != nil {
			return nil, "", fmt.Errorf("%s: %w", f, err)
		}
		rows = append(rows, r...)
	}
	kinds := kindsOf(rows)
	var templates []ptrace.Traces
	for len(rows) >= batchSpans {
		td, err := recordedBatch(rows[:batchSpans], kinds)
		if err != nil {
			return nil, "", err
		}
		templates, rows = append(templates, td), rows[batchSpans:]
	}
	l, err := newSpanLoad(templates, batchEvery)
	if err != nil {
		return nil, "", err
	}
	return spanSection(s, l)
}

// spanRows returns the rows of one file without its header.
func spanRows(path string) (rows [][]string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(z)
	r.FieldsPerRecord = 8
	if _, err := r.Read(); err != nil {
		return nil, err
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
}

// kindsOf tells the kinds of spans, which the recording does not have, by where
// their parents and children are: a SERVER has its parent in another pod or none,
// and a CLIENT a child in another pod.
func kindsOf(rows [][]string) map[string]ptrace.SpanKind {
	pods := make(map[string]string, len(rows))
	for _, row := range rows {
		pods[row[1]] = row[3]
	}
	kinds := make(map[string]ptrace.SpanKind, len(rows))
	for _, row := range rows {
		parent, known := pods[row[2]]
		switch {
		case !known || parent != row[3]:
			kinds[row[1]] = ptrace.SpanKindServer
			if known && kinds[row[2]] != ptrace.SpanKindServer {
				kinds[row[2]] = ptrace.SpanKindClient
			}
		case kinds[row[1]] == ptrace.SpanKindUnspecified:
			kinds[row[1]] = ptrace.SpanKindInternal
		}
	}
	for _, row := range rows {
		if parent, known := pods[row[2]]; known && parent != row[3] && kinds[row[2]] == ptrace.SpanKindInternal {
			kinds[row[2]] = ptrace.SpanKindClient
		}
	}
	return kinds
}

// recordedBatch makes spans of rows of TraceID, SpanID, ParentID, PodName,
// OperationName, StartTimeUnixNano, EndTimeUnixNano. Times are moved such that
// the first span begins at epoch and all fit in what a batch covers.
func recordedBatch(rows [][]string, kinds map[string]ptrace.SpanKind) (ptrace.Traces, error) {
	td := ptrace.NewTraces()
	of := make(map[string]ptrace.SpanSlice)
	for n, row := range rows {
		pod := row[3]
		spans, ok := of[pod]
		if !ok {
			rs := td.ResourceSpans().AppendEmpty()
			a := rs.Resource().Attributes()
			a.PutStr("service.name", serviceOf(pod))
			a.PutStr("k8s.pod.name", pod)
			a.PutStr("k8s.namespace.name", "hipster")
			a.PutStr("telemetry.sdk.name", "opentelemetry")
			a.PutStr("telemetry.sdk.language", "go")
			spans = rs.ScopeSpans().AppendEmpty().Spans()
			of[pod] = spans
		}
		span := spans.AppendEmpty()
		span.SetKind(kinds[row[1]])
		if err := recordedSpan(span, row, n); err != nil {
			return td, err
		}
	}
	return td, nil
}

func recordedSpan(s ptrace.Span, row []string, n int) error {
	var trace pcommon.TraceID
	var id, parent pcommon.SpanID
	if _, err := hex.Decode(trace[:], []byte(row[0])); err != nil {
		return err
	}
	if _, err := hex.Decode(id[:], []byte(row[1])); err != nil {
		return err
	}
	if row[2] != "root" {
		if _, err := hex.Decode(parent[:], []byte(row[2])); err != nil {
			return err
		}
	}
	start, err := strconv.ParseInt(row[5], 10, 64)
	if err != nil {
		return err
	}
	end, err := strconv.ParseInt(row[6], 10, 64)
	if err != nil {
		return err
	}
	begin := epoch.Add(time.Duration(n) * batchEvery / batchSpans)
	s.SetTraceID(trace)
	s.SetSpanID(id)
	s.SetParentSpanID(parent)
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(begin))
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(begin.Add(time.Duration(max(0, end-start)))))
	operation := strings.TrimPrefix(row[4], "hipstershop.")
	s.SetName(operation)
	service, method, _ := strings.Cut(operation, "/")
	a := s.Attributes()
	a.PutStr("rpc.system", "grpc")
	a.PutStr("rpc.service", "hipstershop."+service)
	a.PutStr("rpc.method", strings.TrimRight(method, "."))
	a.PutInt("rpc.grpc.status_code", 0)
	a.PutStr("server.address", strings.ToLower(service))
	a.PutInt("server.port", 7070)
	a.PutStr("network.peer.address", "10.244.1.17")
	a.PutInt("network.peer.port", int64(30000+n))
	a.PutStr("network.type", "ipv4")
	a.PutStr("network.transport", "tcp")
	return nil
}

// serviceOf returns the name of a pod without what its deployment and replica
// set have added.
func serviceOf(pod string) string {
	for range 2 {
		if k := strings.LastIndexByte(pod, '-'); k > 0 {
			pod = pod[:k]
		}
	}
	return pod
}
