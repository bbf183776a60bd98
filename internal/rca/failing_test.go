package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// failures are shares of failed requests by RPC, and of failed calls by edge.
type failures struct {
	served map[string]float64
	calls  map[identity.Edge]float64
	cpu    map[string]float64 // utilization by service, usually 0.4
	load   float64            // requests a second, usually 20; 0 where these do not change
}

// failed returns an incident of w in which nothing is slower and so much fails. Every
// RPC serves 400 requests and every edge carries 400 calls, so that a share of 1 % is
// 4 of them; usually nothing fails. A baseline's spread is 0.01, so that a share needs
// 3.5 % to be more than chance.
func failed(w *world, f failures) (Input, table) {
	in, rec := incident(w, func(w *world) {
		w.own[w.entry()] *= 0.8 // faster, as requests that fail are
		for name, share := range f.served {
			w.errors[op(name)] = share
		}
		for name, v := range f.cpu {
			w.metric[cpu(name)] = v
		}
		if f.load > 0 {
			w.load = f.load
		}
	})
	for e, share := range f.calls {
		rec[healthyRows][feature.Key{Kind: feature.Errors, Edge: e}] = share
	}
	in.Snapshot.RPCs, in.Snapshot.Edges = nil, nil
	for _, r := range w.rpcs {
		in.Snapshot.RPCs = append(in.Snapshot.RPCs, window.RPC{Key: r, Count: 400})
	}
	for _, e := range w.edges {
		in.Snapshot.Edges = append(in.Snapshot.Edges, window.Edge{Key: e, Count: 400})
	}
	return in, rec
}

// shops is front > {a > db, b > db, c}, of which the database has no spans.
func shops() *world {
	return newWorld().
		serve("a", 0.020, 1).serve("b", 0.020, 1).serve("c", 0.020, 1).serve("front", 0.005, 1).
		query("a", "db", 1, 0.010).query("b", "db", 1, 0.010).
		call("front", "a", 1, 0.002).call("front", "b", 1, 0.002).call("front", "c", 1, 0.002)
}

func TestDiagnose_failing(t *testing.T) {
	served := func(ss ...any) failures {
		f := failures{served: map[string]float64{}}
		for i := 0; i < len(ss); i += 2 {
			f.served[ss[i].(string)] = ss[i+1].(float64)
		}
		return f
	}
	db := func(f failures, callersAndShares ...any) failures {
		f.calls = map[identity.Edge]float64{}
		for i := 0; i < len(callersAndShares); i += 2 {
			f.calls[edge(callersAndShares[i].(string), "db")] = callersAndShares[i+1].(float64)
		}
		return f
	}
	for name, c := range map[string]struct {
		world      func() *world
		failures   failures
		want       []string // culprits
		candidates []string
		shares     []float64 // of the requests that candidates fail
	}{
		"the deepest that fails": {
			chain, served("front", 0.1, "mid", 0.1, "back", 0.1),
			[]string{"back"},
			[]string{"back"},
			[]float64{1},
		},
		"a leaf that fails below it": {
			chain, db(served("front", 0.1, "mid", 0.1, "back", 0.1), "back", 0.1),
			[]string{"db"},
			[]string{"db"},
			[]float64{1},
		},
		"a leaf whose failures nobody passes on": {
			// 40 of the database's calls, and 40 requests of mid's, which calls no database.
			chain, db(served("front", 0.1, "mid", 0.1), "back", 0.1),
			[]string{"db", "mid"},
			[]string{"db", "mid"},
			[]float64{0.5, 0.5},
		},
		"the entry itself": {
			chain, served("front", 0.1), []string{"front"}, []string{"front"}, []float64{1},
		},
		"what fails below by chance explains nothing": {
			chain, served("front", 0.1, "mid", 0.1, "back", 0.03),
			[]string{"mid"},
			[]string{"mid"},
			[]float64{1},
		},
		"two origins, the one of most requests first": {
			// 80 and 40 of the 120.
			shops, served("front", 0.3, "a", 0.1, "b", 0.2),
			[]string{"b", "a"},
			[]string{"b", "a"},
			[]float64{2. / 3, 1. / 3},
		},
		"an origin of a quarter is a culprit": {
			shops, served("front", 0.4, "a", 0.1, "b", 0.3),
			[]string{"b", "a"},
			[]string{"b", "a"},
			[]float64{0.75, 0.25},
		},
		"an origin of less is a candidate": {
			shops, served("front", 0.4, "a", 0.1, "b", 0.31),
			[]string{"b"},
			[]string{"b", "a"},
			[]float64{31. / 41, 10. / 41},
		},
		"callers of one leaf add up": {
			// 40 + 60 calls of the database against 80 requests of c: it is first.
			shops, db(served("front", 0.4, "a", 0.1, "b", 0.15, "c", 0.2), "a", 0.1, "b", 0.15),
			[]string{"db", "c"},
			[]string{"db", "c"},
			[]float64{100. / 180, 80. / 180},
		},
	} {
		t.Run(name, func(t *testing.T) {
			in, rec := failed(c.world(), c.failures)
			v := diagnose(in, Config{}.withDefaults(), rec, nil)
			require.False(t, v.Abstained, v.Reason)
			assert.Equal(t, c.want, services(v))
			var got []string
			var shares []float64
			for _, x := range v.Candidates {
				got, shares = append(got, x.Service.Name), append(shares, x.Contribution)
				assert.Equal(t, ErrorRate, x.Mechanism)
				assert.Equal(t, "error_ratio", x.Metric)
				assert.Zero(t, x.Usual)
			}
			assert.Equal(t, c.candidates, got)
			assert.InDeltaSlice(t, c.shares, shares, 1e-9)
			assert.NotContains(t, v.RuledOut, string(ErrorRate))
			sound(t, v)
		})
	}
}

// What a person reads: the share of what the origin serves, and the requests it fails
// of the entry's; probabilities grow with both.
func TestDiagnose_failingSays(t *testing.T) {
	in, rec := failed(shops(), failures{served: map[string]float64{"front": 0.3, "a": 0.1, "b": 0.2}})
	v := diagnose(in, Config{}.withDefaults(), rec, nil)
	require.Len(t, v.Culprits, 2)
	b := v.Culprits[0]
	assert.Equal(t, []string{"errors 20% vs 0% usual", "80 requests failed by it, 120 of the entry"}, b.Evidence)
	assert.Equal(t, []string{"front", "b"}, b.Path)
	assert.Equal(t, KindService, b.Kind)
	assert.Equal(t, 0.2, b.Observed)
	// Of two signs: share x (1 + requests failed by it / of the entry)/2 x 2/(2 + 1/2), as
	// of culprits.
	assert.InDelta(t, chosen(2./3*(1+2./3)/2*2/2.5), b.Probability, 1e-9)
	assert.InDelta(t, chosen(1./3*(1+1./3)/2*2/2.5), v.Culprits[1].Probability, 1e-9)

	v = diagnose(in, Config{MaxCulprits: 1}.withDefaults(), rec, nil)
	assert.Equal(t, []string{"b"}, services(v))
	assert.Len(t, v.Candidates, 2)

	leaf := failures{served: map[string]float64{"front": 0.1, "a": 0.1}, calls: map[identity.Edge]float64{edge("a", "db"): 0.1}}
	in, rec = failed(shops(), leaf)
	v = diagnose(in, Config{}.withDefaults(), rec, nil)
	require.Len(t, v.Culprits, 1)
	assert.Equal(t, KindDependency, v.Culprits[0].Kind)
	assert.Equal(t, []string{"front", "a", "db"}, v.Culprits[0].Path)
}

// Failures answer only for an entry that fails and is no slower.
func TestDiagnose_failingElsewhere(t *testing.T) {
	in, rec := failed(chain(), failures{served: map[string]float64{"back": 0.1}})
	v := diagnose(in, Config{}.withDefaults(), rec, nil)
	assert.True(t, v.Abstained, "the entry makes up for it")
	assert.Equal(t, reasonNotSlower, v.Reason)

	in, rec = incident(chain(), func(w *world) {
		w.own[op("back")] = 0.220
		for _, name := range []string{"front", "mid"} {
			w.errors[op(name)] = 0.1
		}
	})
	in.Snapshot.RPCs = []window.RPC{{Key: op("mid"), Count: 400}, {Key: op("front"), Count: 400}}
	v = diagnose(in, Config{}.withDefaults(), rec, nil)
	require.Len(t, v.Culprits, 1, "a slower entry is a matter of latency")
	assert.Equal(t, svc("back"), v.Culprits[0].Service)
	in.Errors = true
	v = diagnose(in, Config{}.withDefaults(), rec, nil)
	require.Len(t, v.Culprits, 1, "unless the objective is about errors")
	assert.Equal(t, svc("mid"), v.Culprits[0].Service)
	assert.Equal(t, ErrorRate, v.Culprits[0].Mechanism)

	in, rec = incident(chain(), func(w *world) { w.own[op("back")] = 0.220 })
	in.Errors = true
	v = diagnose(in, Config{}.withDefaults(), rec, nil)
	assert.Equal(t, reasonNotFailing, v.Reason)

	// One window does not say how many fail usually, whatever half of them is.
	in, rec = incident(chain(), func(w *world) { w.errors[op("front")] = 0.5 })
	in.Errors, in.Snapshot.Start = true, 1
	v = diagnose(in, Config{}.withDefaults(), rec[healthyRows-1:], nil)
	assert.Equal(t, reasonNoBaseline, v.Reason)
}

// still is a record whose normal windows do not scatter.
type still struct{ table }

func (s still) Baseline(k feature.Key, before int64) feature.Robust {
	b := s.table.Baseline(k, before)
	b.Spread = 1e-6
	return b
}

// However quiet it usually is: half a percent of the requests, and two of them.
func TestDiagnosis_failures(t *testing.T) {
	for _, c := range []struct {
		share, count, unseen float64
		want                 bool
	}{
		{0.0051, 400, 0, true},   // 2.04 requests
		{0.0049, 1000, 0, false}, // 4.9 requests, too small a share
		{0.0051, 390, 0, false},  // 1.989 requests
		{0.5, 3, 0, false},
		{0.7, 3, 0, true}, // 2.1 requests
		{0.5, 0, 0, false},
		{0.01, 10000, 9900, false}, // 100 requests are seen, of which one fails
		{0.03, 10000, 9900, true},  // three of them
	} {
		in, rec := failed(chain(), failures{served: map[string]float64{"back": c.share}})
		for i := range in.Snapshot.RPCs {
			in.Snapshot.RPCs[i].Count, in.Snapshot.RPCs[i].Unseen = c.count, c.unseen
		}
		d := &diagnosis{in: in, cfg: Config{}.withDefaults(), v: newView(still{rec}, in.Onset, 3.5)}
		d.v.measure(newReach(in.Graph, in.Entry), in.Snapshot)
		f, ok := d.failures(identity.Edge{Callee: op("back")}, 7)
		assert.Equal(t, c.want, ok, "%v of %v", c.share, c.count)
		assert.Equal(t, 7, f.channel)
		assert.InDelta(t, c.share*c.count, f.excess, 1e-9, "by weight: that is what users suffer")
	}
}

// Only calls of the edge asked for are counted.
func TestDiagnosis_count(t *testing.T) {
	d := &diagnosis{v: new(view)}
	d.v.measure(newReach(graphOf(chain()), op("front")), &window.Snapshot{
		RPCs:  []window.RPC{{Key: op("a"), Count: 3}, {Key: op("b"), Count: 5}, {Key: op("d"), Count: 400, Unseen: 396}},
		Edges: []window.Edge{{Key: edge("a", "b"), Count: 7}, {Key: edge("b", "c"), Count: 11}, {Key: edge("d", "c"), Count: 800}, {Key: edge("e", "c"), Count: 9}},
	})
	for _, c := range []struct {
		of           identity.Edge
		weight, seen float64
	}{
		{identity.Edge{Callee: op("b")}, 5, 5},
		{edge("b", "c"), 11, 11},
		{edge("a", "c"), 0, 0},
		{identity.Edge{Callee: op("c")}, 0, 0},
		{identity.Edge{Callee: op("d")}, 400, 4},
		{edge("d", "c"), 800, 8}, // two calls each
		{edge("e", "c"), 9, 9},   // of a caller that serves nothing
	} {
		weight, seen := d.count(c.of)
		assert.Equal(t, c.weight, weight, "%v", c.of)
		assert.Equal(t, c.seen, seen, "%v", c.of)
	}
}
