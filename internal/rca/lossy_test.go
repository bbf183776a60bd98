package rca

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// lossyServices are those whose metrics say that they lose messages.
type lossyServices []string

func (lossyServices) starved(identity.Service) bool { return false }

func (lossyServices) outliers(identity.Edge, float64) (outlying, calls float64) { return 0, 0 }

func (lossyServices) longest(identity.Edge) (now, usual float64) { return math.NaN(), math.NaN() }

func (l lossyServices) dropping(s identity.Service) bool {
	return slices.Contains(l, s.Name)
}

// late is a link, or the calls to a leaf, by how many seconds it rose and whether all
// of its messages are late, rather than some.
type late struct {
	edge    identity.Edge
	rise    float64
	delayed bool
}

// settled runs endpoints on the world's graph, in which so much is late, an excess of
// its rise each, and returns the excess by who is left with it, "a>b" being a link.
func settled(w *world, of symptoms, ls ...late) map[string]float64 {
	r := newReach(graphOf(w), w.entry())
	by := make([]suspect, len(r.g.Channels))
	name := make([]string, len(r.g.Channels))
	for c, k := range r.g.Channels {
		by[c].channel, name[c] = c, k.Service.Name
		if k.IsNetwork() {
			name[c] = k.Edge.Caller.Service.Name + ">" + k.Edge.Callee.Service.Name
		}
	}
	for _, l := range ls {
		p := part{kind: KindEdge, mechanism: Network, metric: networkMetric, channel: r.g.NetworkChannel(l.edge)}
		if p.channel < 0 {
			p = part{kind: KindDependency, mechanism: Latent, channel: r.g.ServiceChannel(l.edge.Callee.Service)}
		}
		p.edge, p.excess, p.delayed, p.rise = l.edge, l.rise, l.delayed, l.rise
		by[p.channel].parts, by[p.channel].excess = append(by[p.channel].parts, p), by[p.channel].excess+l.rise
	}
	endpoints(r, by, of)
	out := map[string]float64{}
	for c, u := range by {
		if u.excess > 0 {
			out[name[c]] = u.excess
		}
	}
	return out
}

func TestEndpoints(t *testing.T) {
	const delayed, lossy = true, false
	in, toA, toB, toDB := edge("front", "hub"), edge("hub", "a"), edge("hub", "b"), edge("hub", "db")
	for name, c := range map[string]struct {
		drops lossyServices
		late  []late
		want  map[string]float64
	}{
		"delays meet":               {nil, []late{{in, 1, delayed}, {toA, 1, delayed}}, map[string]float64{"hub": 2}},
		"losses meet":               {nil, []late{{in, 1, lossy}, {toA, 1, lossy}}, map[string]float64{"hub": 2}},
		"a delay and losses do not": {nil, []late{{in, 1, delayed}, {toA, 1, lossy}}, map[string]float64{"front>hub": 1, "hub>a": 1}},
		"two delays beside losses": {
			nil, []late{{in, 1, delayed}, {toA, 1, delayed}, {toB, 1, lossy}}, map[string]float64{"hub": 2, "hub>b": 1},
		},
		"two losses beside a delay": {
			nil, []late{{in, 1, delayed}, {toA, 1, lossy}, {toB, 1, lossy}}, map[string]float64{"front>hub": 1, "hub": 2},
		},

		"a leaf as late as the link":                 {nil, []late{{in, 1, delayed}, {toDB, 1, delayed}}, map[string]float64{"hub": 2}},
		"a leaf that loses, beside a delayed link":   {nil, []late{{in, 1, delayed}, {toDB, 1, lossy}}, map[string]float64{"front>hub": 1, "db": 1}},
		"a leaf that is late by 1.5 times as much":   {nil, []late{{in, 1, delayed}, {toDB, 1.5, delayed}}, map[string]float64{"hub": 2.5}},
		"a leaf that is late by 1.7 times as much":   {nil, []late{{in, 1, delayed}, {toDB, 1.7, delayed}}, map[string]float64{"front>hub": 1, "db": 1.7}},
		"a leaf that is late by 1/1.5 times as much": {nil, []late{{in, 1.5, delayed}, {toDB, 1, delayed}}, map[string]float64{"hub": 2.5}},
		"a leaf that is late by 1/1.7 times as much": {nil, []late{{in, 1.7, delayed}, {toDB, 1, delayed}}, map[string]float64{"front>hub": 1.7, "db": 1}},

		"a link is a link":                      {nil, []late{{in, 1, lossy}}, map[string]float64{"front>hub": 1}},
		"the callee says that it loses":         {lossyServices{"hub"}, []late{{in, 1, lossy}}, map[string]float64{"hub": 1}},
		"the caller says that it loses":         {lossyServices{"front"}, []late{{in, 1, lossy}}, map[string]float64{"front": 1}},
		"both ends say so":                      {lossyServices{"front", "hub"}, []late{{in, 1, lossy}}, map[string]float64{"front>hub": 1}},
		"somebody else says so":                 {lossyServices{"a"}, []late{{in, 1, lossy}}, map[string]float64{"front>hub": 1}},
		"losses that meet, whoever says so":     {lossyServices{"a"}, []late{{toA, 1, lossy}, {toB, 1, lossy}}, map[string]float64{"hub": 2}},
		"the end that says so, once for a link": {lossyServices{"a", "b"}, []late{{in, 1, delayed}, {toA, 1, lossy}}, map[string]float64{"front>hub": 1, "a": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, settled(hub(), c.drops, c.late...))
		})
	}
}

// proxy is front > proxy > app > db, front > ads.
func proxy() *world {
	return newWorld().serve("app", 0.020, 1).serve("proxy", 0.001, 1).serve("ads", 0.010, 1).serve("front", 0.005, 1).
		query("app", "db", 1, 0.010).
		call("proxy", "app", 1, 0.0001).call("front", "proxy", 1, 0.002).call("front", "ads", 1, 0.002)
}

// sidecar is proxy in which the process has no span of the proxy's call.
func sidecar() *world {
	w := proxy()
	w.unseen = map[identity.Edge]bool{edge("proxy", "app"): true}
	return w
}

// What is sent again waits a time that doubles, so that leaves of who loses messages are
// late by up to eight times as much as a link, or as little. What is late before and
// behind a link that is not runs in one place.
func TestEndpoints_together(t *testing.T) {
	const delayed, lossy = true, false
	in, local, toDB, toAds := edge("front", "proxy"), edge("proxy", "app"), edge("app", "db"), edge("front", "ads")
	hubIn, hubDB := edge("front", "hub"), edge("hub", "db")
	for name, c := range map[string]struct {
		world *world
		late  []late
		want  map[string]float64
	}{
		"losses of a link and a leaf":               {hub(), []late{{hubIn, 1, lossy}, {hubDB, 7, lossy}}, map[string]float64{"hub": 8}},
		"and the other way round":                   {hub(), []late{{hubIn, 7, lossy}, {hubDB, 1, lossy}}, map[string]float64{"hub": 8}},
		"a leaf that waits nine times as long":      {hub(), []late{{hubIn, 1, lossy}, {hubDB, 9, lossy}}, map[string]float64{"front>hub": 1, "db": 9}},
		"a leaf is late by less than that takes":    {hub(), []late{{hubIn, 0.3, lossy}, {hubDB, 0.1, lossy}}, map[string]float64{"front>hub": 0.3, "db": 0.1}},
		"so is a link, before a slow leaf":          {hub(), []late{{hubIn, 0.1, lossy}, {hubDB, 0.5, lossy}}, map[string]float64{"front>hub": 0.1, "db": 0.5}},
		"both are, by the same":                     {hub(), []late{{hubIn, 0.1, lossy}, {hubDB, 0.1, lossy}}, map[string]float64{"hub": 0.2}},
		"a delay before and behind a proxy":         {proxy(), []late{{in, 1, delayed}, {toDB, 1, delayed}}, map[string]float64{"proxy": 2}},
		"losses before and behind a proxy":          {proxy(), []late{{in, 1, lossy}, {toDB, 3, lossy}}, map[string]float64{"proxy": 4}},
		"a proxy that has no span of its call":      {sidecar(), []late{{in, 1, lossy}, {toDB, 3, lossy}}, map[string]float64{"proxy": 4}},
		"all three are the leaf's caller's":         {proxy(), []late{{local, 1, delayed}, {toDB, 1, delayed}}, map[string]float64{"app": 2}},
		"a link that is not near the leaf's caller": {proxy(), []late{{toAds, 1, delayed}, {toDB, 1, delayed}}, map[string]float64{"front>ads": 1, "db": 1}},
		"a leaf that is twice as late as the link":  {proxy(), []late{{in, 1, delayed}, {toDB, 2, delayed}}, map[string]float64{"front>proxy": 1, "db": 2}},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, settled(c.world, nobody, c.late...)) })
	}
}

// nobody says that it loses messages.
var nobody lossyServices

func TestShift_delayed(t *testing.T) {
	all := [3]bool{true, true, true}
	for name, c := range map[string]struct {
		now, usual [3]float64
		moved      [3]bool
		want       bool
	}{
		"all by the same":                 {[3]float64{2, 3, 4}, [3]float64{1, 2, 3}, all, true},
		"the median by a tenth":           {[3]float64{1.1, 3, 4}, [3]float64{1, 2, 3}, all, true},
		"the median by less than a tenth": {[3]float64{1.3, 6, 8}, [3]float64{1, 2, 3}, all, false},
		"the median has not moved":        {[3]float64{1.9, 3, 4}, [3]float64{1, 2, 3}, [3]bool{false, true, true}, false},
		"what has not moved says nothing": {[3]float64{1.3, 2.1, 90}, [3]float64{1, 2, 3}, [3]bool{true, false, false}, true},
		"nothing":                         {},
	} {
		assert.Equal(t, c.want, shift{now: c.now, usual: c.usual, moved: c.moved}.delayed(), name)
	}
}

// A median that rose by a trifle is not what a person should see of a late tail.
func TestShift_shown(t *testing.T) {
	all := [3]bool{true, true, true}
	for name, c := range map[string]struct {
		now   [3]float64
		moved [3]bool
		want  int
	}{
		"all by the same":     {[3]float64{2, 2, 2}, all, 0},
		"the median a little": {[3]float64{1.2, 3, 4}, all, 1},
		"by a third":          {[3]float64{2, 3, 4}, all, 0},
		"the tail alone":      {[3]float64{1.2, 1.3, 4}, all, 2},
		"what has not moved":  {[3]float64{4, 4, 4}, [3]bool{false, true, true}, 1},
		"nothing":             {want: 2},
	} {
		assert.Equal(t, c.want, shift{now: c.now, usual: [3]float64{1, 1, 1}, moved: c.moved}.shown(2), name)
	}
}

// The same of whole incidents: a link of which the tail alone is late loses messages,
// one of which the median is late as well delays them.
func TestDiagnose_lossesApartFromDelays(t *testing.T) {
	// Half a second from quantile d up at front>hub, and from quantile e up at hub>a.
	both := func(d, e int) []string {
		in, rec := incident(hub(), func(*world) {})
		rec.later(e, 0.5, gap("hub", "a"), client("hub", "a"), served("hub"), client("front", "hub"), served("front"))
		rec.later(d, 0.5, gap("front", "hub"), client("front", "hub"), served("front"))
		v := diagnose(in, Config{}.withDefaults(), rec, nil)
		require.False(t, v.Abstained, v.Reason)
		sound(t, v)
		return kindsOf(v)
	}
	assert.Equal(t, []string{"service hub"}, both(0, 0))
	assert.Equal(t, []string{"service hub"}, both(1, 1))
	assert.ElementsMatch(t, []string{"edge hub", "edge a"}, both(0, 1))
	assert.ElementsMatch(t, []string{"edge hub", "edge a"}, both(1, 0))
}

// The metric by which a service says that it loses messages tells which end of a link
// does; one that merely says that more is sent does not.
func TestDiagnose_endThatDropsMessages(t *testing.T) {
	for name, c := range map[string]struct {
		service, metric string
		want            []string
	}{
		"the caller drops":      {"mid", "k8s.pod.network.errors", []string{"service mid"}},
		"the callee drops":      {"back", "tcp.retransmits", []string{"service back"}},
		"the caller sends more": {"mid", "host.network.io", []string{"edge back"}},
		"neither drops":         {"front", "process.cpu.utilization", []string{"edge back"}},
	} {
		t.Run(name, func(t *testing.T) {
			w, k := chain(), feature.Key{Kind: feature.Metric, Service: svc(c.service), Name: c.metric}
			w.metric[k] = 0.4
			in, rec := incident(w, func(w *world) { w.metric[k] = 0.4 })
			rec.later(1, 0.5, gap("mid", "back"), client("mid", "back"), served("mid"), client("front", "mid"), served("front"))
			if c.service != "front" {
				rec[healthyRows][k] = 4e6 // messages, or bytes, a second
			}
			v := diagnose(in, Config{}.withDefaults(), rec, nil)
			assert.Equal(t, c.want, kindsOf(v))
			assert.Equal(t, Network, v.Culprits[0].Mechanism)
			sound(t, v)
		})
	}
}

func kindsOf(v Verdict) (out []string) {
	for _, c := range v.Culprits {
		out = append(out, string(c.Kind)+" "+c.Service.Name)
	}
	return out
}

func (lossyServices) delay(int) float64 { return 0 }

func (lossyServices) strain(identity.Service) float64 { return 1 }

func (lossyServices) occupied(identity.Service) float64 { return 0 }

func (lossyServices) least(identity.Edge) float64 { return 0 }

func (lossyServices) holding(_, _ rpc, _ call) float64 { return 0 }
func (lossyServices) beside(identity.RPC) []rpc        { return nil }
func (lossyServices) alias(_, _ call) bool             { return false }
func (lossyServices) slowLeaf(call, int) part          { return part{} }

func (lossyServices) even(identity.Edge) bool { return true }

func (lossyServices) givenUp(identity.Edge) bool { return false }

func (lossyServices) resends(identity.Edge, float64) bool { return true }

func (lossyServices) lateness(identity.Edge, delay) (lateness, bool) { return lateness{}, false }

func (lossyServices) slowTopics(string) []string { return nil }

func (lossyServices) replies(identity.Edge) bool     { return false }
func (lossyServices) works(identity.Service) float64 { return 0 }

func (lossyServices) loops(identity.Service) bool { return false }

func (lossyServices) others(identity.Edge) (there, late bool) { return false, false }

func (lossyServices) atEase(identity.Service) bool                     { return false }
func (lossyServices) swamped(identity.Service) bool                    { return false }
func (lossyServices) only(identity.Edge, whose) bool                   { return false }
func (lossyServices) origin(*reach, identity.Edge) (origin, bool)      { return origin{}, false }
func (lossyServices) notServing(s identity.Service) *silent            { return &silent{service: s, called: true} }
func (lossyServices) unanswered(identity.RPC, float64) (*silent, bool) { return nil, false }
