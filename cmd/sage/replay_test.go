package main

import (
	"bytes"
	"context"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/sage-rca/sage/internal/capture"
)

// aCapture writes a capture of n requests, traces and metrics in turn, a second
// of event time apart, and returns its path and requests.
func aCapture(t *testing.T, n int) (string, []capture.Request) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.jsonl.zst")
	w, err := capture.Create(path)
	require.NoError(t, err)
	var all []capture.Request
	for i := range n {
		at := pcommon.NewTimestampFromTime(time.Unix(1_700_000_000+int64(i), 0))
		var req capture.Request
		if i%2 == 0 {
			td := ptrace.NewTraces()
			s := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
			s.SetSpanID([8]byte{byte(i + 1)})
			s.SetEndTimestamp(at)
			req = capture.Traces(td)
		} else {
			md := pmetric.NewMetrics()
			m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
			m.SetEmptyGauge().DataPoints().AppendEmpty().SetTimestamp(at)
			req = capture.Metrics(md)
		}
		require.NoError(t, w.Write(req))
		all = append(all, req)
	}
	require.NoError(t, w.Close())
	return path, all
}

// What record receives from replay is the capture that was replayed.
func TestReplay_intoRecord_copiesTheCapture(t *testing.T) {
	path, want := aCapture(t, 20)
	copied := filepath.Join(t.TempDir(), "copy.jsonl.gz")
	rec, err := startRecorder(t.Context(), "127.0.0.1:0", copied)
	require.NoError(t, err)

	var log bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"replay", "--to", rec.server.Addr(), path}, nil, &log))
	assert.Contains(t, log.String(), "20 requests: 10 spans, 10 metric points, 0 log records, 19s of event time")
	assert.Contains(t, log.String(), "0 rejected")

	extent, err := rec.stop()
	require.NoError(t, err)
	assert.Equal(t, 20, extent.Requests)
	r, err := capture.Open(copied)
	require.NoError(t, err)
	for i := range want {
		got, err := r.Next()
		require.NoError(t, err)
		assert.Equal(t, want[i], got, "request %d", i)
	}
	require.NoError(t, r.Close())
}

// picky refuses: the first requests as unavailable, then a span of each.
type picky struct {
	ptraceotlp.UnimplementedGRPCServer
	unavailable int
	rejects     int64
}

func (p *picky) Export(context.Context, ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	resp := ptraceotlp.NewExportResponse()
	if p.unavailable > 0 {
		p.unavailable--
		return resp, status.Error(codes.Unavailable, "starting")
	}
	resp.PartialSuccess().SetRejectedSpans(p.rejects)
	return resp, nil
}

// servePicky runs p until the test ends and returns its address.
func servePicky(t *testing.T, p *picky) string {
	t.Helper()
	lis, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := grpc.NewServer()
	ptraceotlp.RegisterGRPCServer(s, p)
	done := make(chan struct{})
	go func() {
		defer close(done)
		assert.NoError(t, s.Serve(lis))
	}()
	t.Cleanup(func() { s.Stop(); <-done })
	return lis.Addr().String()
}

func TestReplay_retriesWhatIsUnavailable(t *testing.T) {
	path, _ := aCapture(t, 1)
	addr := servePicky(t, &picky{unavailable: 2})
	done, err := send(t.Context(), replayConfig{file: path, to: addr, wait: time.Minute}, &bytes.Buffer{})
	require.NoError(t, err)
	assert.Equal(t, 1, done.Requests)
}

func TestReplay_failsWhereNobodyListens(t *testing.T) {
	path, _ := aCapture(t, 1)
	err := run(t.Context(), []string{"replay", path, "--to", "127.0.0.1:1", "--wait", "1ms"}, nil, &bytes.Buffer{})
	require.ErrorContains(t, err, "is the Collector running?")
}

func TestReplay_failsWhenSomethingWasRejected(t *testing.T) {
	path, _ := aCapture(t, 1)
	addr := servePicky(t, &picky{rejects: 3})
	err := run(t.Context(), []string{"replay", "--to", addr, path}, nil, &bytes.Buffer{})
	require.ErrorContains(t, err, "refused 3")
}

func TestReplay_keepsItsPaceAndEndsWithItsContext(t *testing.T) {
	path, _ := aCapture(t, 20) // 19 s of event time
	rec, err := startRecorder(t.Context(), "127.0.0.1:0", filepath.Join(t.TempDir(), "copy.jsonl"))
	require.NoError(t, err)
	begin := time.Now()
	_, err = send(t.Context(), replayConfig{file: path, to: rec.server.Addr(), pace: 100, wait: time.Second}, &bytes.Buffer{})
	require.NoError(t, err)
	assert.GreaterOrEqual(t, time.Since(begin), 190*time.Millisecond)

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err = send(ctx, replayConfig{file: path, to: rec.server.Addr(), pace: 1, wait: time.Second}, &bytes.Buffer{})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	_, err = rec.stop()
	require.NoError(t, err)
}

func TestParsePace(t *testing.T) {
	for text, want := range map[string]float64{"max": 0, "1x": 1, "10x": 10, "0.5": 0.5} {
		got, err := parsePace(text)
		require.NoError(t, err)
		assert.InDelta(t, want, got, 0, text)
	}
	for _, text := range []string{"", "fast", "0x", "-1x"} {
		_, err := parsePace(text)
		require.ErrorAs(t, err, new(usageError), text)
	}
}

func TestRun_saysHowToUseIt(t *testing.T) {
	for _, args := range [][]string{nil, {"nonsense"}, {"replay"}, {"replay", "a", "b"}, {"record"}, {"events", "--until", "later"}, {"replay", "--nonsense", "a"}} {
		require.ErrorAs(t, run(t.Context(), args, nil, &bytes.Buffer{}), new(usageError), "%v", args)
	}
	var log bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"help"}, nil, &log))
	assert.Contains(t, log.String(), "record")
}
