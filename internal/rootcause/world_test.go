package rootcause

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/engine"
	"github.com/sage-rca/sage/internal/incident"
	"github.com/sage-rca/sage/internal/ingest"
	"github.com/sage-rca/sage/internal/longpoll"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/sampling"
	"github.com/sage-rca/sage/internal/window"
)

// world is a system whose telemetry goes the way that it goes in a Collector, from OTLP
// to what the engine says, in event time.
type world struct {
	t       *testing.T
	in      *ingest.Ingester
	engine  *engine.Engine
	size    time.Duration
	at      time.Time // start of the next window
	rng     *rand.Rand
	ids     uint64
	keep    func(request) bool       // what a sampler keeps; nil: all
	skew    map[string]time.Duration // by which clocks of services are ahead
	said    []engine.Output          // once done
	note    *notes
	sampled func(scope ptrace.ScopeSpans) // marks what is kept
}

// notes takes notes of what the ingester and the engine say of themselves.
type notes struct {
	mu      sync.Mutex // guards everything below
	spans   map[string]int
	failed  []string
	waits   []longpoll.Found
	sampled []sampling.State
}

func (n *notes) do(f func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f()
}

func (n *notes) SpansUsed(int)                              {}
func (n *notes) SpansRefused(why string, k int)             { n.do(func() { n.spans[why] += k }) }
func (n *notes) SpansNoted(why string, k int)               { n.do(func() { n.spans[why] += k }) }
func (n *notes) PointsUsed(int)                             {}
func (n *notes) PointsRefused(string, int)                  {}
func (n *notes) WindowRefused()                             { n.do(func() { n.failed = append(n.failed, "window refused") }) }
func (n *notes) WindowClosed(*window.Snapshot)              {}
func (n *notes) Trained(engine.Extent, bool, time.Duration) {}
func (n *notes) Published(engine.ModelStatus)               {}
func (n *notes) Judged(rca.Method, time.Duration)           {}
func (n *notes) Failed(what string, err error) {
	n.do(func() { n.failed = append(n.failed, what+": "+err.Error()) })
}

func (n *notes) Waits(f longpoll.Found) { n.do(func() { n.waits = append(n.waits, f) }) }

func (n *notes) Sampled(s sampling.State) { n.do(func() { n.sampled = append(n.sampled, s) }) }

// midnight is the start of a window.
var midnight = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// watching is a configuration with one objective, of all operations of web, that 95 % of
// the requests take at most half a second. The robust scorer answers.
func watching() *Config {
	cfg := DefaultConfig().(*Config)
	cfg.Training.Enabled = false
	cfg.SLOs = []SLO{{Name: "web", Service: "web", Operation: "*", Quantile: 0.95, Threshold: 500 * time.Millisecond}}
	return cfg
}

func newWorld(t *testing.T, cfg *Config, since time.Time) *world {
	t.Helper()
	require.NoError(t, cfg.Validate())
	w := &world{
		t: t, size: cfg.Window, at: midnight, rng: rand.New(rand.NewPCG(1, 2)), note: &notes{spans: make(map[string]int)},
	}
	ec, err := cfg.engineConfig()
	require.NoError(t, err)
	w.engine, err = engine.New(ec, nil, w.note, func(_ context.Context, out []engine.Output) { w.said = append(w.said, out...) })
	require.NoError(t, err)
	ic := cfg.ingestConfig()
	ic.Guard.Since = since
	w.in, err = ingest.New(ic, w.note, w.engine.Offer)
	require.NoError(t, err)
	require.NoError(t, w.engine.Start(t.Context()))
	w.in.Start()
	return w
}

// request is one request to a service, and what it does.
type request struct {
	service, operation string
	own                time.Duration // besides what it waits for
	attrs              map[string]any
	clientAttrs        map[string]any // of the call to it
	fails              bool
	calls              []request // one after the other
}

// took is how long a request takes.
func (r request) took() time.Duration {
	d := r.own
	for _, c := range r.calls {
		d += c.took() + 2*wire
	}
	return d
}

// wire is the time of one way over the network.
const wire = 500 * time.Microsecond

// play plays n windows of the requests that each returns, spread evenly over the window.
func (w *world) play(n, requests int, each func(i int) request) {
	for range n {
		for i := range requests {
			w.send(w.at.Add(time.Duration(i+1)*w.size/time.Duration(requests+1)), each(i))
		}
		w.at = w.at.Add(w.size)
	}
}

// send sends the spans of a request that ends at end.
func (w *world) send(end time.Time, r request) {
	if w.keep != nil && !w.keep(r) {
		return
	}
	td := ptrace.NewTraces()
	w.ids++
	w.spans(td, w.ids, [8]byte{}, end.Add(-r.took()), r)
	w.in.Traces(td, end)
}

// spans adds the spans of a request that begins at start.
func (w *world) spans(td ptrace.Traces, trace uint64, parent [8]byte, start time.Time, r request) {
	at := start.Add(r.own)
	span := w.span(td, trace, parent, r.service, r.operation, ptrace.SpanKindServer, start, r.took(), r.attrs)
	if r.fails {
		span.Status().SetCode(ptrace.StatusCodeError)
	}
	id := span.SpanID()
	for _, c := range r.calls {
		client := w.span(td, trace, id, r.service, c.operation, ptrace.SpanKindClient, at, c.took()+2*wire, c.clientAttrs)
		w.spans(td, trace, client.SpanID(), at.Add(wire), c)
		at = at.Add(c.took() + 2*wire)
	}
}

func (w *world) span(td ptrace.Traces, trace uint64, parent [8]byte, service, name string, kind ptrace.SpanKind, start time.Time, took time.Duration, attrs map[string]any) ptrace.Span {
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", service)
	rs.Resource().Attributes().PutStr("service.instance.id", service+"-1")
	ss := rs.ScopeSpans().AppendEmpty()
	if w.sampled != nil {
		w.sampled(ss)
	}
	s := ss.Spans().AppendEmpty()
	w.ids++
	var t pcommon.TraceID
	binary.BigEndian.PutUint64(t[8:], trace)
	s.SetTraceID(t)
	var id pcommon.SpanID
	binary.BigEndian.PutUint64(id[:], w.ids)
	s.SetSpanID(id)
	s.SetParentSpanID(parent)
	s.SetKind(kind)
	s.SetName(name)
	start = start.Add(w.skew[service])
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(start.Add(took)))
	require.NoError(w.t, s.Attributes().FromRaw(attrs))
	return s
}

// gauge sends a point of a metric of a service, in the middle of the window that began last.
func (w *world) gauge(service, name string, v float64) {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", service)
	rm.Resource().Attributes().PutStr("service.instance.id", service+"-1")
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName(name)
	p := m.SetEmptyGauge().DataPoints().AppendEmpty()
	at := w.at.Add(w.size / 2)
	p.SetTimestamp(pcommon.NewTimestampFromTime(at))
	p.SetDoubleValue(v)
	w.in.Metrics(md, at)
}

// opened returns the incidents that were opened.
func opened(events []*incident.Event) (out []*incident.Event) {
	for _, e := range events {
		if e.Phase == incident.Open {
			out = append(out, e)
		}
	}
	return out
}

const ms = time.Millisecond

// around varies a duration by a tenth or so.
func (w *world) around(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (1 + 0.1*w.rng.NormFloat64()))
}

// end ends the world and returns the transitions of incidents.
func (w *world) end() []*incident.Event {
	w.t.Helper()
	require.NoError(w.t, w.in.Close(w.t.Context()))
	require.NoError(w.t, w.engine.Close(w.t.Context()))
	assert.Empty(w.t, w.note.failed)
	var out []*incident.Event
	for _, o := range w.said {
		if o.Incident != nil {
			out = append(out, o.Incident)
		}
	}
	return out
}
