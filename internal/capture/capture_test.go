package capture_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/capture"
)

// at is a moment n seconds after the epoch that the tests count from.
func at(n int) pcommon.Timestamp {
	return pcommon.NewTimestampFromTime(time.Unix(1_700_000_000+int64(n), 0))
}

func spans(name string, ends ...int) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "cart")
	ss := rs.ScopeSpans().AppendEmpty().Spans()
	for _, end := range ends {
		s := ss.AppendEmpty()
		s.SetName(name)
		s.SetTraceID([16]byte{1, 2, 3})
		s.SetSpanID([8]byte{byte(end)})
		s.SetEndTimestamp(at(end))
	}
	return td
}

func gauge(value float64, t int) pmetric.Metrics {
	md := pmetric.NewMetrics()
	m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("system.cpu.utilization")
	p := m.SetEmptyGauge().DataPoints().AppendEmpty()
	p.SetDoubleValue(value)
	p.SetTimestamp(at(t))
	return md
}

func record(body string, t int) plog.Logs {
	ld := plog.NewLogs()
	r := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	r.Body().SetStr(body)
	r.SetTimestamp(at(t))
	return ld
}

// all reads r to its end.
func all(t *testing.T, r *capture.Reader) []capture.Request {
	t.Helper()
	var out []capture.Request
	for {
		req, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err)
		out = append(out, req)
	}
}

func TestCapture_keepsRequestsAndTheirOrder(t *testing.T) {
	want := []capture.Request{
		capture.Traces(spans("GET /cart", 1, 2)),
		capture.Metrics(gauge(0.25, 3)),
		capture.Traces(spans("line\nbreak \"quoted\" and é", 1)),
		capture.Logs(record("opened", 4)),
		capture.Metrics(gauge(0.5, 2)),
	}
	for _, ext := range []string{".jsonl", ".jsonl.gz", ".jsonl.zst"} {
		t.Run(ext, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "made", "c"+ext)
			w, err := capture.Create(path)
			require.NoError(t, err)
			for _, req := range want {
				require.NoError(t, w.Write(req))
			}
			require.NoError(t, w.Close())
			require.NoError(t, w.Close(), "closing again does nothing")
			require.ErrorIs(t, w.Write(want[0]), os.ErrClosed)

			r, err := capture.Open(path)
			require.NoError(t, err)
			got := all(t, r)
			require.NoError(t, r.Close())
			assert.Equal(t, want, got)
		})
	}
}

func TestWriter_writesWholeLinesConcurrently(t *testing.T) {
	var buf bytes.Buffer
	w, err := capture.NewWriter(&buf, ".jsonl")
	require.NoError(t, err)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 50 {
				assert.NoError(t, w.Write(capture.Traces(spans("op", i))))
			}
		})
	}
	wg.Wait()
	require.NoError(t, w.Close())
	r, err := capture.NewReader(&buf, "c.jsonl")
	require.NoError(t, err)
	assert.Len(t, all(t, r), 400)
}

func TestWriter_refusesAnEmptyRequest(t *testing.T) {
	w, err := capture.NewWriter(io.Discard, "")
	require.NoError(t, err)
	require.Error(t, w.Write(capture.Request{}))
}

func TestReader_namesFileAndLineOfWhatItCannotRead(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"no request":       {"{\"resourceSpans\":[]}\n\n{\"spans\":[]}\n", "c.jsonl:3: want an object"},
		"no JSON":          {"resource\n", "c.jsonl:1: want an object"},
		"broken traces":    {"{\"resourceSpans\":[{]}\n", "c.jsonl:1: traces:"},
		"broken metrics":   {"{\"resourceMetrics\":[{]}\n", "c.jsonl:1: metrics:"},
		"broken log":       {"{\"resourceLogs\":[{]}\n", "c.jsonl:1: logs:"},
		"one line for all": {strings.Repeat("x", 65<<20), "c.jsonl:1: bufio.Scanner: token too long"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := capture.NewReader(strings.NewReader(tc.text), "c.jsonl")
			require.NoError(t, err)
			for err == nil {
				_, err = r.Next()
			}
			require.ErrorContains(t, err, tc.want)
		})
	}
}

func TestReader_refusesWhatIsNotCompressedAsItsNameSays(t *testing.T) {
	_, err := capture.NewReader(strings.NewReader("plain"), "c.jsonl.gz")
	require.ErrorContains(t, err, "c.jsonl.gz")
	r, err := capture.NewReader(strings.NewReader("plain"), "c.jsonl.zst")
	require.NoError(t, err, "zstd reads its header with the first block")
	_, err = r.Next()
	require.ErrorContains(t, err, "c.jsonl.zst:1")
	_, err = capture.Open(filepath.Join(t.TempDir(), "none.jsonl"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestExtent_countsAndCoversEventTime(t *testing.T) {
	var e capture.Extent
	assert.Zero(t, e.Covers())
	e.Add(capture.Traces(spans("op", 5, 9)))
	e.Add(capture.Metrics(gauge(1, 2)))
	e.Add(capture.Logs(record("r", 7)))
	e.Add(capture.Metrics(pmetric.NewMetrics()))
	assert.Equal(t, capture.Extent{
		Requests: 4, Spans: 2, Points: 1, Records: 1,
		First: at(2).AsTime(), Last: at(9).AsTime(),
	}, e)
	assert.Equal(t, 7*time.Second, e.Covers())
}

// Whatever a file holds, reading it ends without a panic, and what can be read
// can be written and read again as the same.
func FuzzReader(f *testing.F) {
	f.Add([]byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a","spanId":"0102030405060708"}]}]}]}`))
	f.Add([]byte(`{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","gauge":{"dataPoints":[{"asDouble":1}]}}]}]}]}`))
	f.Add([]byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"x"}}]}]}]}`))
	f.Add([]byte("{\"resourceSpans\":[]}\n{\"resourceSpans\""))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := capture.NewReader(bytes.NewReader(text), "fuzz")
		require.NoError(t, err)
		for {
			req, err := r.Next()
			if err != nil {
				return
			}
			var once, twice bytes.Buffer
			again := rewrite(t, req, &once)
			rewrite(t, again, &twice)
			assert.Equal(t, once.String(), twice.String())
		}
	})
}

// rewrite writes req to buf and reads it back.
func rewrite(t *testing.T, req capture.Request, buf *bytes.Buffer) capture.Request {
	t.Helper()
	w, err := capture.NewWriter(buf, "")
	require.NoError(t, err)
	require.NoError(t, w.Write(req))
	require.NoError(t, w.Close())
	r, err := capture.NewReader(bytes.NewReader(buf.Bytes()), "rewritten")
	require.NoError(t, err)
	got, err := r.Next()
	require.NoError(t, err)
	return got
}
