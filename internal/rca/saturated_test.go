package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// busy says of services whose workers all wait that calls of them come late by
// different amounts, and are given up.
type busy []string

func (b busy) has(s identity.Service) bool {
	for _, n := range b {
		if svc(n) == s {
			return true
		}
	}
	return false
}

func (b busy) strain(s identity.Service) float64 {
	if b.has(s) {
		return 2
	}
	return 1
}

func (b busy) even(e identity.Edge) bool { return !b.has(e.Callee.Service) }

func (b busy) givenUp(e identity.Edge) bool    { return b.has(e.Callee.Service) }
func (busy) occupied(identity.Service) float64 { return 1 }

func (busy) least(identity.Edge) float64 { return 0 }

func (busy) holding(_, _ rpc, _ call) float64                   { return 0 }
func (busy) beside(identity.RPC) []rpc                          { return nil }
func (busy) alias(_, _ call) bool                               { return false }
func (busy) slowLeaf(call, int) part                            { return part{} }
func (busy) starved(identity.Service) bool                      { return false }
func (busy) dropping(identity.Service) bool                     { return false }
func (busy) outliers(identity.Edge, float64) (float64, float64) { return 0, 0 }
func (busy) longest(identity.Edge) (float64, float64)           { return 0, 0 }
func (busy) delay(int) float64                                  { return 0 }
func (busy) lateness(identity.Edge, delay) (lateness, bool)     { return lateness{}, false }

// front > mid > back > db: what makes back slow leaves nobody to accept what mid sends,
// and then nobody to accept what front sends.
func TestSaturated(t *testing.T) {
	const delayed, lossy = true, false
	in, on, toDB := edge("front", "mid"), edge("mid", "back"), edge("back", "db")
	network := func(e identity.Edge, rise float64, delayed bool) part {
		return part{mechanism: Network, edge: e, excess: rise, delayed: delayed}
	}
	again := func(e identity.Edge, rise float64) part { return part{mechanism: Retry, edge: e, excess: rise} }
	slow := func(e identity.Edge, rise float64) part { return part{mechanism: Latent, edge: e, excess: rise} }
	for name, c := range map[string]struct {
		busy  busy
		parts []part
		want  map[string]float64
	}{
		"one behind the other": {
			busy{"mid", "back"}, []part{network(in, 4, delayed), network(on, 2, delayed), slow(toDB, 1)}, map[string]float64{"db": 7},
		},
		"attempts at who answers too late": {
			busy{"back"}, []part{again(on, 2), slow(toDB, 1)}, map[string]float64{"db": 3},
		},
		"nobody is strained": {
			nil, []part{network(on, 2, delayed), slow(toDB, 1)}, map[string]float64{"mid>back": 2, "db": 1},
		},
		"losses": {
			busy{"back"}, []part{network(on, 2, lossy), slow(toDB, 1)}, map[string]float64{"mid>back": 2, "db": 1},
		},
		"nothing below is slow": {
			busy{"back"}, []part{network(on, 2, delayed)}, map[string]float64{"mid>back": 2},
		},
		"not by so little": {
			busy{"back"}, []part{network(on, 11, delayed), slow(toDB, 1)}, map[string]float64{"mid>back": 11, "db": 1},
		},
		"what is above is no reason": {
			busy{"back"}, []part{network(on, 2, delayed), network(in, 3, lossy)}, map[string]float64{"mid>back": 2, "front>mid": 3},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := chain()
			r := newReach(graphOf(w), w.entry())
			by := make([]suspect, len(r.g.Channels))
			name := make([]string, len(r.g.Channels))
			for i, k := range r.g.Channels {
				by[i].channel, name[i] = i, k.Service.Name
				if k.IsNetwork() {
					name[i] = k.Edge.Caller.Service.Name + ">" + k.Edge.Callee.Service.Name
				}
			}
			for _, p := range c.parts {
				if p.channel = r.g.NetworkChannel(p.edge); p.channel < 0 {
					p.channel = r.g.ServiceChannel(p.edge.Callee.Service)
				}
				by[p.channel].parts = append(by[p.channel].parts, p)
				by[p.channel].excess += p.excess
			}
			saturated(r, by, c.busy, slowed{r.g, map[identity.RPC][]int{}})
			got := map[string]float64{}
			for i, u := range by {
				if u.excess > 0 {
					got[name[i]] = u.excess
				}
			}
			assert.Equal(t, c.want, got)
		})
	}
}

// The gap that was given to what makes back slow is late all the same: db, late by as much
// as front > mid, is no leaf of somebody who is where mid is.
func TestSaturated_givenAway(t *testing.T) {
	in, on, toDB := edge("front", "mid"), edge("mid", "back"), edge("back", "db")
	r := newReach(graphOf(chain()), op("front"))
	late := func(kind Kind, m Mechanism, e identity.Edge, channel int) part {
		return part{kind: kind, mechanism: m, edge: e, channel: channel, excess: 1, delayed: true, rise: 1}
	}
	s := gather(r, []part{
		late(KindEdge, Network, in, r.g.NetworkChannel(in)), late(KindEdge, Network, on, r.g.NetworkChannel(on)),
		late(KindDependency, Latent, toDB, r.g.ServiceChannel(svc("db"))),
	}, busy{"back"})
	require.Len(t, s.suspects, 2)
	assert.Equal(t, svc("db"), r.g.Channels[s.suspects[0].channel].Service)
	assert.InDelta(t, 2, s.suspects[0].excess, 0)
	assert.Equal(t, in, r.g.Channels[s.suspects[1].channel].Edge)
	assert.InDelta(t, 1, s.suspects[1].excess, 0)
}

// Of what waits for a worker some finds one at once; a delay is the same for all.
func TestDiagnosis_even(t *testing.T) {
	for name, c := range map[string]struct {
		gaps []float64 // seconds
		want bool
	}{
		"a delay":                 {[]float64{0.1, 0.1, 0.1, 0.1}, true},
		"with some jitter":        {[]float64{0.06, 0.09, 0.1, 0.14}, true},
		"a queue, at times empty": {[]float64{0.002, 0.05, 0.1, 0.3}, false},
		"not measured":            {nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			in, rec := incident(chain(), func(w *world) { w.network[edge("mid", "back")] = 0.1 })
			s := new(sketch.Sketch)
			for _, g := range c.gaps {
				s.Add(int64(g*1e9), 10)
			}
			in.Snapshot.Edges = []window.Edge{{Key: edge("mid", "back"), Count: 40, Matched: 40, Network: s}}
			d := &diagnosis{in: in, r: newReach(in.Graph, in.Entry), v: newView(rec, in.Onset, 3.5)}
			d.v.measure(d.r, in.Snapshot)
			assert.Equal(t, c.want, d.even(edge("mid", "back")))
			assert.True(t, d.even(edge("front", "mid")), "nothing is known of it")
		})
	}
}

func TestDiagnosis_strain(t *testing.T) {
	for factor, want := range map[float64]bool{1: false, 1.2: false, 3: true} {
		in, rec := incident(chain(), func(w *world) { w.leaf[edge("back", "db")] *= factor })
		d := &diagnosis{in: in, r: newReach(in.Graph, in.Entry), v: newView(rec, in.Onset, 3.5)}
		assert.Equal(t, want, d.strain(svc("back")) >= saturates, "%v times as long", factor)
	}
}

func TestDiagnosis_givenUp(t *testing.T) {
	for kind, want := range map[string]bool{
		"timeout": true, "java.net.SocketTimeoutException": true, "context deadline exceeded": true, "DEADLINE_EXCEEDED": true,
		"504": true, "4": true, "ETIMEDOUT": true, "503": false, "14": false, "refused": false, "": false, "404": false,
	} {
		e := edge("mid", "back")
		d := &diagnosis{v: &view{edges: map[identity.Edge]*window.Edge{e: {Key: e, ErrorType: kind}}}}
		assert.Equal(t, want, d.givenUp(e), kind)
		assert.False(t, d.givenUp(edge("front", "mid")))
	}
}

func (busy) resends(identity.Edge, float64) bool { return true }

func (busy) slowTopics(string) []string { return nil }

func (busy) replies(identity.Edge) bool     { return false }
func (busy) works(identity.Service) float64 { return 0 }

func (busy) loops(identity.Service) bool { return false }

func (busy) others(identity.Edge) (there, late bool) { return false, false }

func (busy) atEase(identity.Service) bool                     { return false }
func (busy) swamped(identity.Service) bool                    { return false }
func (busy) only(identity.Edge, whose) bool                   { return false }
func (busy) origin(*reach, identity.Edge) (origin, bool)      { return origin{}, false }
func (busy) notServing(s identity.Service) *silent            { return &silent{service: s, called: true} }
func (busy) unanswered(identity.RPC, float64) (*silent, bool) { return nil, false }

// gaps says of one link how its calls are late.
type gaps struct {
	busy
	times          float64 // as long as usual
	uneven, resent bool
	leastOf        float64
}

func (g gaps) strain(identity.Service) float64     { return g.times }
func (g gaps) even(identity.Edge) bool             { return !g.uneven }
func (g gaps) resends(identity.Edge, float64) bool { return g.resent }
func (g gaps) least(identity.Edge) float64         { return g.leastOf }
func (g gaps) givenUp(identity.Edge) bool          { return false }

// What is late of a link may be that its callee accepts late.
func TestAccepting(t *testing.T) {
	const delayed, few = true, false
	for name, c := range map[string]struct {
		gaps
		delayed bool
		want    bool
	}{
		"a queue, at times empty":                   {gaps{times: 2, uneven: true}, delayed, true},
		"who is as fast as usual has no queue":      {gaps{times: 1.2, uneven: true}, delayed, false},
		"a delay":                                   {gaps{times: 2}, delayed, false},
		"all wait for seconds":                      {gaps{times: 8, leastOf: 3}, delayed, true},
		"all wait for who is hardly slower":         {gaps{times: 2, leastOf: 3}, delayed, false},
		"a delay before who is slow":                {gaps{times: 8, leastOf: 0.2}, delayed, false},
		"few wait, and not for messages sent again": {gaps{times: 2, uneven: true}, few, true},
		"few wait for messages sent again":          {gaps{times: 2, uneven: true, resent: true}, few, false},
	} {
		u := suspect{excess: 1, parts: []part{{mechanism: Network, excess: 1, delayed: c.delayed}}}
		assert.Equal(t, c.want, accepting(&u, edge("mid", "back"), c.gaps), name)
	}
	assert.True(t, follows(10, 1, 2), "a tenth")
	assert.False(t, follows(11, 1, 2))
	assert.True(t, follows(1000, 1, 5), "a queue grows without end")
}

// Where nothing below is slow, what else the service does has filled it: the gap is its queue.
func TestSaturated_queue(t *testing.T) {
	on := edge("mid", "back")
	r := newReach(graphOf(chain()), op("front"))
	n, back := r.g.NetworkChannel(on), r.g.ServiceChannel(svc("back"))
	for times, want := range map[float64]float64{6: 2, 4: 0} {
		by := make([]suspect, len(r.g.Channels))
		by[n] = suspect{channel: n, excess: 2, parts: []part{{channel: n, kind: KindEdge, mechanism: Network, edge: on, excess: 2, delayed: true}}}
		by[back].channel = back
		saturated(r, by, gaps{busy: busy{"back"}, times: times, uneven: true}, slowed{r.g, map[identity.RPC][]int{}})
		assert.InDelta(t, want, by[back].excess, 0, "%v times as long", times)
		assert.InDelta(t, 2-want, by[n].excess, 0)
		if want > 0 {
			require.Len(t, by[back].parts, 1)
			assert.Equal(t, QueueWait, by[back].parts[0].mechanism)
			assert.Equal(t, back, by[back].parts[0].channel)
			assert.Equal(t, []int{n}, by[back].absorbed)
		}
	}
}

// tardy says by how much the shortest and the longest gaps of links, and calls to leaves, rose.
type tardy struct {
	busy
	shortest, tails map[identity.Edge]float64
}

func (l tardy) least(e identity.Edge) float64                { return l.shortest[e] }
func (l tardy) longest(e identity.Edge) (now, usual float64) { return 1 + l.tails[e], 1 }

// What delays front > mid and mid > back, or a call to a leaf, by as much is at their common
// end, and no queue before who is slow; also where it comes and goes.
func TestAlongside(t *testing.T) {
	in, on, toDB := edge("front", "mid"), edge("mid", "back"), edge("back", "db")
	for name, c := range map[string]struct {
		of          edgeRises
		link, other identity.Edge
		want        bool
	}{
		"the shortest alike":        {edgeRises{in: {0.1, 0.2}, on: {0.11, 0.9}}, in, on, true},
		"the longest alike":         {edgeRises{on: {0, 0.036}, toDB: {0, 0.035}}, on, toDB, true},
		"not quite":                 {edgeRises{on: {0, 0.06}, toDB: {0, 0.035}}, on, toDB, false},
		"a queue before a slow one": {edgeRises{in: {0, 2}, on: {0.4, 0.4}}, in, on, false},
	} {
		r := newReach(graphOf(chain()), op("front"))
		by := make([]suspect, len(r.g.Channels))
		n := r.g.NetworkChannel(c.other)
		if n < 0 {
			n = r.g.ServiceChannel(c.other.Callee.Service)
		}
		by[n].excess = 1
		of := tardy{shortest: map[identity.Edge]float64{}, tails: map[identity.Edge]float64{}}
		for e, rise := range c.of {
			of.shortest[e], of.tails[e] = rise[0], rise[1]
		}
		assert.Equal(t, c.want, alongside(r, by, c.link, of), name)
	}
}

// A leaf that is late for callers elsewhere as well is late itself, and no sign of what delays
// the links of one of them.
func TestLateElsewhere(t *testing.T) {
	w := chain()
	w.query("front", "db", 1, 0.030)
	r := newReach(graphOf(w), op("front"))
	here, there := edge("back", "db"), edge("front", "db")
	for rise, want := range map[float64]bool{0: false, 0.5: false, 0.7: true, 1: true, 3: true} {
		of := tardy{tails: map[identity.Edge]float64{here: 1, there: rise}}
		assert.Equal(t, want, lateElsewhere(r, here, of), "%g", rise)
	}
	assert.False(t, lateElsewhere(r, here, tardy{tails: map[identity.Edge]float64{there: 1}}), "it is not late here")
}

type edgeRises map[identity.Edge][2]float64

// What makes an RPC slow may have been found to follow from something else already, which the RPC itself
// never calls.
func TestBelow(t *testing.T) {
	by := []suspect{{excess: 1}, {excess: 0}, {excess: 5, absorbed: []int{1}}, {excess: 9, absorbed: []int{4}}, {}}
	for _, c := range []struct {
		channels []int
		other    int
		want     int
	}{
		{[]int{0}, 4, 0},
		{[]int{0, 1}, 4, 2}, // 1 follows from 2
		{[]int{1}, 2, -1},   // that is who asks
		{[]int{0, 4}, 4, 0}, // what follows from 3 is who asks
		{[]int{0, 4}, 1, 3},
		{[]int{-1}, 1, -1},
		{nil, 1, -1},
	} {
		assert.Equal(t, c.want, below(by, c.channels, c.other), "%v %d", c.channels, c.other)
	}
}
