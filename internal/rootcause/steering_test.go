package rootcause

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/engine"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/incident"
	"github.com/sage-rca/sage/internal/rca"
)

// spansOf is a batch of a service: one span of each of n traces.
func spansOf(service string, n int) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", service)
	rs.Resource().Attributes().PutStr("service.namespace", "shop")
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	for k := range n {
		var id pcommon.TraceID
		binary.BigEndian.PutUint32(id[12:], uint32(k))
		spans.AppendEmpty().SetTraceID(id)
	}
	return td
}

// marks returns the mark of each span.
func marks(td ptrace.Traces, attribute string) []string {
	var out []string
	for _, s := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
		mark := ""
		if v, ok := s.Attributes().Get(attribute); ok {
			mark = v.Str()
		}
		out = append(out, mark)
	}
	return out
}

// said is what the engine says of an incident of checkout whose cause is payment.
func said(id string, phase incident.Phase) []engine.Output {
	e := &incident.Event{ID: id, Phase: phase}
	e.SLO.RPC.Service = identity.Service{Namespace: "shop", Name: "checkout"}
	e.Verdict.Culprits = []rca.Cause{{
		Service: identity.Service{Namespace: "shop", Name: "payment"}, Path: []string{"shop/checkout", "shop/order", "shop/payment"},
	}}
	return []engine.Output{{}, {Incident: e}}
}

func TestSteering_followsIncidents(t *testing.T) {
	s := newSteering(&Steering{Attribute: "keep", SuspectRatio: 1})
	suspected := func(service string) bool {
		td := spansOf(service, 1)
		n, baseline := s.mark(td)
		assert.Zero(t, baseline)
		assert.Equal(t, n == 1, marks(td, "keep")[0] == "suspect")
		return n == 1
	}
	assert.False(t, suspected("payment"))
	s.follow(said("a", incident.Open))
	s.follow(said("b", incident.Open))
	for _, service := range []string{"checkout", "order", "payment"} {
		assert.True(t, suspected(service), service)
	}
	assert.False(t, suspected("cart"))
	s.follow(said("a", incident.Resolved))
	assert.True(t, suspected("order"), "of another incident")
	s.follow(said("b", incident.Expired))
	assert.False(t, suspected("order"))
	assert.Empty(t, s.open)
}

// The same traces are chosen of every service: what is marked of one is marked of
// another, unless it is only suspected in one of them.
func TestSteering_decidesByTrace(t *testing.T) {
	const n = 20_000
	s := newSteering(&Steering{Attribute: "keep", SuspectRatio: 0.5, BaselineRatio: 0.1})
	s.follow(said("a", incident.Open))
	order, cart := spansOf("order", n), spansOf("cart", n)
	suspect, baseline := s.mark(order)
	none, same := s.mark(cart)
	assert.Equal(t, baseline, same)
	assert.Zero(t, none)
	// Binomial: five standard deviations of a share p of n are 5 sqrt(p(1-p)/n).
	share := func(of int, p float64) {
		assert.InDelta(t, p, float64(of)/n, 5*math.Sqrt(p*(1-p)/n))
	}
	share(baseline, 0.1)
	share(suspect, 0.4) // of half of the traces, those that are not the baseline
	of, other := marks(order, "keep"), marks(cart, "keep")
	for k := range n {
		require.Equal(t, other[k] == "baseline", of[k] == "baseline", "trace %d", k)
	}
	again := spansOf("order", n)
	s.mark(again)
	assert.Equal(t, of, marks(again, "keep"))
}

// A mark is all that is changed, and a connector, which passes nothing on, refuses to.
func TestSteering_changesNothingElse(t *testing.T) {
	s := newSteering(&Steering{Attribute: "keep", BaselineRatio: 1})
	td, want := spansOf("cart", 10), spansOf("cart", 10)
	s.mark(td)
	for _, span := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
		require.True(t, span.Attributes().Remove("keep"))
	}
	text := func(td ptrace.Traces) string {
		b, err := (&ptrace.JSONMarshaler{}).MarshalTraces(td)
		require.NoError(t, err)
		return string(b)
	}
	assert.JSONEq(t, text(want), text(td))

	cfg := DefaultConfig().(*Config)
	cfg.Steering.Enabled = true
	set := componenttest.NewNopTelemetrySettings()
	_, err := NewRegistry(Component{Kind: component.KindConnector, Instruments: counters}).Instance(component.MustNewID("rootcause"), set, cfg)
	require.ErrorContains(t, err, "steering.enabled")
}
