package ingest

import (
	"encoding/binary"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/goleak"

	"github.com/sage-rca/sage/internal/window"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// epoch is the start of a window of all sizes used here.
var epoch = time.Unix(1_700_000_040, 0).UTC()

func at(d time.Duration) time.Time { return epoch.Add(d) }

func testConfig() Config {
	return Config{
		Window:   10 * time.Second,
		Lateness: 5 * time.Second,
		MaxAge:   time.Minute,
		Forget:   10 * time.Minute,
		Guard:    DefaultGuard(),
		Limits: Limits{
			Services: 50, OperationsPerService: 20, PendingSpans: 50_000, TraceSpans: 1000,
			Producers: 1000, Instances: 100, MetricStreams: 1000,
		},
		Metrics:    MetricRules{JoinKeys: DefaultJoinKeys(), HostKeys: DefaultHostKeys()},
		Shards:     4,
		MaxPending: 64,
	}
}

// counter is an Observer that remembers.
type counter struct {
	mu      sync.Mutex
	used    int
	points  int
	windows int // refused
	spans   map[string]int
	notes   map[string]int
	lost    map[string]int // points
}

func newCounter() *counter {
	return &counter{spans: map[string]int{}, notes: map[string]int{}, lost: map[string]int{}}
}

func (c *counter) count(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}

func (c *counter) SpansUsed(n int)              { c.count(func() { c.used += n }) }
func (c *counter) SpansRefused(r string, n int) { c.count(func() { c.spans[r] += n }) }
func (c *counter) SpansNoted(r string, n int)   { c.count(func() { c.notes[r] += n }) }
func (c *counter) PointsUsed(n int)             { c.count(func() { c.points += n }) }
func (c *counter) PointsRefused(r string, n int) {
	c.count(func() { c.lost[r] += n })
}
func (c *counter) WindowRefused() { c.count(func() { c.windows++ }) }

// rig is an ingester under test and what came out of it.
type rig struct {
	*Ingester
	*counter
	t     testing.TB
	snaps []*window.Snapshot
}

func newRig(t testing.TB, cfg Config) *rig {
	t.Helper()
	r := &rig{counter: newCounter(), t: t}
	i, err := New(cfg, r.counter, func(s *window.Snapshot) bool {
		r.snaps = append(r.snaps, s)
		return true
	})
	require.NoError(t, err)
	r.Ingester = i
	return r
}

// end closes the ingester and returns all snapshots.
func (r *rig) end() []*window.Snapshot {
	r.t.Helper()
	require.NoError(r.t, r.Close(r.t.Context()))
	return r.snaps
}

// now is the wall clock of tests: long after everything, as in a replay.
func now() time.Time { return at(24 * time.Hour) }

// sp is one span in short.
type sp struct {
	service    string
	trace, id  uint64
	parent     uint64
	kind       ptrace.SpanKind
	name       string
	start, end time.Duration // since epoch
	attrs      attrs
	resource   attrs // besides service.name
	failed     bool
}

func (s sp) addTo(t testing.TB, td ptrace.Traces) {
	rs := td.ResourceSpans().AppendEmpty()
	require.NoError(t, rs.Resource().Attributes().FromRaw(s.resource))
	rs.Resource().Attributes().PutStr("service.name", s.service)
	span := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	var trace pcommon.TraceID
	binary.BigEndian.PutUint64(trace[8:], s.trace)
	span.SetTraceID(trace)
	span.SetSpanID(spanID(s.id))
	span.SetParentSpanID(spanID(s.parent))
	span.SetKind(s.kind)
	span.SetName(s.name)
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(at(s.start)))
	span.SetEndTimestamp(pcommon.NewTimestampFromTime(at(s.end)))
	require.NoError(t, span.Attributes().FromRaw(s.attrs))
	if s.failed {
		span.Status().SetCode(ptrace.StatusCodeError)
	}
}

func spanID(n uint64) (id pcommon.SpanID) {
	binary.BigEndian.PutUint64(id[:], n)
	return id
}

// batchOf returns the spans as one request, which must not be written to.
func batchOf(t testing.TB, spans ...sp) ptrace.Traces {
	td := ptrace.NewTraces()
	for _, s := range spans {
		s.addTo(t, td)
	}
	td.MarkReadOnly()
	return td
}

// root is a request of 100 ms that ends at end.
func root(trace uint64, end time.Duration) sp {
	return sp{
		service: "web", trace: trace, id: 1, kind: ptrace.SpanKindServer, name: "GET /",
		start: end - 100*time.Millisecond, end: end,
	}
}

// gaugeOf returns one point of a gauge of a resource.
func gaugeOf(t testing.TB, resource attrs, name string, when time.Duration, value float64) pmetric.Metrics {
	return metricOf(t, resource, name, func(m pmetric.Metric) {
		p := m.SetEmptyGauge().DataPoints().AppendEmpty()
		p.SetTimestamp(pcommon.NewTimestampFromTime(at(when)))
		p.SetDoubleValue(value)
	})
}

func metricOf(t testing.TB, resource attrs, name string, fill func(pmetric.Metric)) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	require.NoError(t, rm.Resource().Attributes().FromRaw(resource))
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName(name)
	fill(m)
	md.MarkReadOnly()
	return md
}

// starts returns when windows began, in seconds since epoch.
func starts(snaps []*window.Snapshot) (out []int) {
	for _, s := range snaps {
		out = append(out, int(time.Duration(s.Start-epoch.UnixNano())/time.Second))
	}
	return out
}

// valueOf returns a metric of the only resource of a snapshot.
func valueOf(t testing.TB, s *window.Snapshot, metric string) (float64, bool) {
	t.Helper()
	require.Len(t, s.Resources, 1)
	for _, v := range s.Resources[0].Values {
		if v.Metric == metric {
			return v.Value, true
		}
	}
	return 0, false
}

func TestNew_validates(t *testing.T) {
	_, err := New(Config{Lateness: -1, Shards: -1, Limits: Limits{SpansPerSecond: -1}}, newCounter(), nil)
	require.Error(t, err)
	for _, part := range []string{"window", "lateness", "max age", "forget", "services", "pending spans", "instances", "shards", "spans per second"} {
		assert.ErrorContains(t, err, part)
	}
}
