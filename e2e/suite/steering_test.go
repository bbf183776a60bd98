//go:build e2e

package e2e

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/sage-rca/sage/e2e/collector"
	"github.com/sage-rca/sage/e2e/proc"
	"github.com/sage-rca/sage/internal/otlpserve"
)

// kept are the traces that came out of tail sampling: by trace, the marks of its spans.
type kept struct {
	mu     sync.Mutex // guards everything below
	traces map[pcommon.TraceID][]mark
}

type mark struct{ service, keep string }

func (k *kept) take(td ptrace.Traces) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, rs := range td.ResourceSpans().All() {
		name, _ := rs.Resource().Attributes().Get("service.name")
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				m := mark{service: name.Str()}
				if v, ok := s.Attributes().Get("sage.keep"); ok {
					m.keep = v.Str()
				}
				k.traces[s.TraceID()] = append(k.traces[s.TraceID()], m)
			}
		}
	}
	return nil
}

// count counts the whole traces of two spans that begin at a service, by its mark; a
// trace of one span was torn.
func (k *kept) count(service string) (by map[string]int, torn int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	by = make(map[string]int)
	for _, spans := range k.traces {
		if len(spans) != 2 {
			torn++
			continue
		}
		for _, m := range spans {
			if m.service == service {
				by[m.keep]++
			}
		}
	}
	return by, torn
}

// pairs are requests that end now: of checkout, which calls payment, and of browse, which
// calls catalog, each in a trace of its own.
func pairs(n uint64, took time.Duration) ptrace.Traces {
	td := ptrace.NewTraces()
	now := time.Now()
	for k, pair := range [][2]string{{"checkout", "payment"}, {"browse", "catalog"}} {
		length := took
		if k == 1 {
			length = 20 * time.Millisecond
		}
		for i, service := range pair {
			rs := td.ResourceSpans().AppendEmpty()
			rs.Resource().Attributes().PutStr("service.name", service)
			s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
			var id [16]byte
			binary.BigEndian.PutUint64(id[8:], n)
			id[0] = byte(k + 1)
			s.SetTraceID(id)
			s.SetSpanID(pcommon.SpanID{byte(i + 1), byte(k), byte(n >> 8), byte(n), 1})
			if i == 1 {
				s.SetParentSpanID(pcommon.SpanID{1, byte(k), byte(n >> 8), byte(n), 1})
			}
			s.SetKind(ptrace.SpanKindServer)
			s.SetName("Handle")
			s.SetStartTimestamp(pcommon.NewTimestampFromTime(now.Add(-length + time.Duration(i)*time.Millisecond)))
			s.SetEndTimestamp(pcommon.NewTimestampFromTime(now.Add(-time.Duration(i) * time.Millisecond)))
		}
	}
	return td
}

// Spans of the services that an incident is about are kept by tail_sampling behind the
// processor, whole traces of them, and of all others the baseline only.
func TestSteering_keepsSuspects(t *testing.T) {
	dir := root(t)
	out := filepath.Join(dir, "out", "e2e-steering")
	events := watch(t, filepath.Join(t.TempDir(), "events.jsonl"))
	k := &kept{traces: make(map[pcommon.TraceID][]mark)}
	server, err := otlpserve.Listen(t.Context(), "127.0.0.1:0", otlpserve.Handlers{Traces: k.take})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	ports, err := proc.FreePorts(t.Context(), 2)
	require.NoError(t, err)
	otlp, web := fmt.Sprintf("127.0.0.1:%d", ports[0]), fmt.Sprintf("127.0.0.1:%d", ports[1])
	c, err := collector.Start(t.Context(), collector.Config{
		Binary:  filepath.Join(dir, "dist", "otelcol-sage"),
		Configs: []string{filepath.Join(dir, "config", "steering.yaml")},
		Env:     []string{"SAGE_OTLP_GRPC=" + otlp, "SAGE_OTLP_HTTP=" + web, "SAGE_TRACES=" + server.Addr(), "SAGE_EVENTS=" + events.addr},
		OTLP:    otlp, LogFile: filepath.Join(out, "collector.log"),
	})
	require.NoError(t, err)
	stopped := false
	t.Cleanup(func() {
		if !stopped {
			assert.NoError(t, c.Stop())
		}
	})

	// 40 requests of each a second: for 10 s as usual, then slow until some seconds after
	// an incident has opened.
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	begun := time.Now()
	var opened time.Time
	sent := 0
	for opened.IsZero() || time.Since(opened) < 5*time.Second {
		require.Less(t, time.Since(begun), time.Minute, "no incident opened")
		<-tick.C
		took := 50 * time.Millisecond
		if time.Since(begun) > 10*time.Second {
			took = 2 * time.Second
		}
		post(t, web, pairs(uint64(sent), took))
		sent++
		if all, _ := events.seen(); opened.IsZero() && len(all) > 0 {
			require.Equal(t, "open", all[0].State)
			opened = time.Now()
		}
	}
	require.NoError(t, c.Stop()) // tail_sampling decides about what waits
	stopped = true

	suspects, torn := k.count("payment")
	others, _ := k.count("catalog")
	t.Logf("of %d traces each: payment %v, catalog %v, torn %d", sent, suspects, others, torn)
	assert.Zero(t, torn)
	assert.Positive(t, suspects["suspect"], "the callee is on the path")
	assert.Less(t, suspects["suspect"], sent/2)
	assert.Zero(t, others["suspect"])
	assert.Positive(t, others["baseline"])
	assert.Less(t, others["baseline"], sent/5, "one in twenty")
	assert.Zero(t, others[""])
}

// post sends spans by OTLP over HTTP.
func post(t *testing.T, addr string, td ptrace.Traces) {
	t.Helper()
	body, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+addr+"/v1/traces", bytes.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-protobuf")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
}
