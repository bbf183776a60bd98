package rca

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// counted are late calls of edges, out of 200 of each.
type counted struct {
	lossyServices
	lost map[identity.Edge]float64
}

func (c counted) outliers(e identity.Edge, _ float64) (outlying, calls float64) {
	return c.lost[e], 200
}

func (counted) longest(identity.Edge) (now, usual float64) { return 0.200, 0.001 }

// Only the tail of hub>a shows losses; single calls of other links tell where they
// were lost.
func TestEndpoints_lossiest(t *testing.T) {
	in, toA, toB, toDB := edge("front", "hub"), edge("hub", "a"), edge("hub", "b"), edge("hub", "db")
	lost := []late{{toA, 1, false}}
	for name, c := range map[string]struct {
		late map[identity.Edge]float64
		want map[string]float64
	}{
		"of this link alone":                 {map[identity.Edge]float64{toA: 4}, map[string]float64{"hub>a": 1}},
		"of the caller's others too":         {map[identity.Edge]float64{toA: 4, toB: 1, in: 2}, map[string]float64{"hub": 1}},
		"of the caller's calls to a leaf":    {map[identity.Edge]float64{toA: 4, toDB: 3}, map[string]float64{"hub": 1}},
		"of one of its other calls, a stray": {map[identity.Edge]float64{toA: 40, toB: 1}, map[string]float64{"hub>a": 1}},
		"nobody counted":                     {nil, map[string]float64{"hub>a": 1}},
		"less than is nobody's fault counts": {map[identity.Edge]float64{toA: 0.01, toB: 0.01}, map[string]float64{"hub>a": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, settled(hub(), counted{lost: c.late}, lost...))
		})
	}
}

// log L = k log(k/n/p0) - (k - n p0), by hand for 4 of 600 calls.
func TestEndpoint_likelihood(t *testing.T) {
	w := hub()
	r := newReach(graphOf(w), w.entry())
	e := endpoint{
		r: r, by: make([]suspect, len(r.g.Channels)), service: map[identity.Service]int{},
		symptoms: counted{lost: map[identity.Edge]float64{edge("hub", "a"): 3, edge("front", "hub"): 1}},
	}
	e.index()
	assert.InDelta(t, 4*math.Log(4.0/800/1e-4)-(4-0.08), e.likelihood(svc("hub"), 1), 1e-12, "four links, the leaf's among them")
	assert.InDelta(t, 3*math.Log(3.0/200/1e-4)-(3-0.02), e.likelihood(svc("a"), 1), 1e-12)
	assert.Zero(t, e.likelihood(svc("b"), 1), "none was late")
	e.taken[r.g.NetworkChannel(edge("hub", "a"))] = true
	assert.InDelta(t, 1*math.Log(1.0/600/1e-4)-(1-0.06), e.likelihood(svc("hub"), 1), 1e-12, "what is settled counts no more")
}

func TestView_outliers(t *testing.T) {
	gaps := func(n int, ms int64) *sketch.Sketch {
		s := new(sketch.Sketch)
		for range n {
			s.Add(ms*1e6, 1)
		}
		return s
	}
	known, leaf, unseen := edge("front", "hub"), edge("hub", "db"), edge("hub", "a")
	network := gaps(97, 1)
	network.Merge(gaps(3, 200))
	calling := gaps(48, 5)
	calling.Merge(gaps(2, 205))
	longest := func(k feature.Key) feature.Key {
		k.Quantile = feature.D - 1
		return k
	}
	rec := constant(map[feature.Key][2]float64{
		longest(gap("front", "hub")): {math.Log(0.001), math.Log(0.200)},
		longest(client("hub", "db")): {math.Log(0.005), math.Log(0.205)},
	})
	v := newView(rec, 10, 3.5)
	v.edges = map[identity.Edge]*window.Edge{
		known: {Network: network, Client: gaps(100, 500)},
		leaf:  {Client: calling},
	}
	now, usual := v.longest(known)
	assert.InEpsilon(t, 0.200, now, 1e-6)
	assert.InEpsilon(t, 0.001, usual, 1e-6)

	late, calls := v.outliers(known, 0.014)
	assert.InDelta(t, 3, late, 1e-9)
	assert.InDelta(t, 100, calls, 1e-9)
	late, calls = v.outliers(leaf, 0.014)
	assert.InDelta(t, 2, late, 1e-9, "longer than 5 + 14 ms")
	assert.InDelta(t, 50, calls, 1e-9)
	late, calls = v.outliers(unseen, 0.014)
	assert.Zero(t, late)
	assert.Zero(t, calls)
}

// What is sent again waits 200 ms and more; what waits for somebody slow waits for any time.
func TestView_resends(t *testing.T) {
	const usual = 0.020
	for name, c := range map[string]struct {
		waits []float64 // seconds beyond nothing, of a hundred calls
		want  bool
	}{
		"sent again":               {[]float64{0.2, 0.2, 0.6, 0.2, 1.4, 0.2}, true},
		"one of six is late alone": {[]float64{0.2, 0.2, 0.6, 0.2, 0.08, 0.2}, true},
		"in a line":                {[]float64{0.06, 0.1, 0.2, 0.3, 0.4, 0.08}, false},
		"nothing is late":          {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			in, rec := incident(hub(), func(w *world) { w.leaf[edge("hub", "db")] = usual / spread[2] })
			s := new(sketch.Sketch)
			s.Add(10e6, 100)
			for _, w := range c.waits {
				s.Add(int64(w*1e9)+20e6, 1)
			}
			for i := range healthyRows {
				for d := range feature.D {
					rec[i][feature.Key{Kind: feature.Latency, Node: client("hub", "db").Node, Quantile: d}] = math.Log(usual)
				}
			}
			in.Snapshot.Edges = []window.Edge{{Key: edge("hub", "db"), Count: 100, Client: s}}
			v := newView(rec, in.Onset, 3.5)
			v.measure(newReach(in.Graph, in.Entry), in.Snapshot)
			assert.Equal(t, c.want, v.resends(edge("hub", "db"), resent))
			assert.False(t, v.resends(edge("hub", "a"), resent), "nothing is known of it")
		})
	}
}

// What is around direct calls is no gap of a link, even where one is remembered, and what is
// known of calls that are none stays.
func TestView_measureLeavesOutAroundOfLinks(t *testing.T) {
	around := func() window.Edge {
		s := new(sketch.Sketch)
		s.Add(1e9, 100)
		return window.Edge{Count: 100, Client: new(sketch.Sketch), Network: s, Callers: []window.Gap{{ID: "a", Calls: [window.Octaves]float64{11: 100}}}}
	}
	in, rec := incident(chain(), func(*world) {})
	link, direct := around(), around()
	link.Key, direct.Key = edge("mid", "back"), edge("elsewhere", "back")
	in.Snapshot.Edges = []window.Edge{link, direct}
	v := newView(rec, in.Onset, 3.5)
	v.measure(newReach(in.Graph, in.Entry), in.Snapshot)
	assert.Zero(t, v.edges[link.Key].Network.Count())
	assert.Empty(t, v.edges[link.Key].Callers)
	assert.Equal(t, &direct, v.edges[direct.Key])
	assert.Len(t, in.Snapshot.Edges[0].Callers, 1, "a snapshot is not changed")
}
