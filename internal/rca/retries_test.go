package rca

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// later makes quantiles from d up of durations longer by s seconds in the last row.
func (t table) later(d int, s float64, columns ...feature.Key) {
	row := t[len(t)-1]
	for _, k := range columns {
		for k.Quantile = d; k.Quantile < feature.D; k.Quantile++ {
			row[k] = math.Log(math.Exp(row[k]) + s)
		}
	}
}

// The columns of durations.
func served(name string) feature.Key {
	return feature.Key{Kind: feature.Latency, Node: cbn.Node{Class: cbn.ServerNode, Edge: identity.Edge{Callee: op(name)}}}
}

func client(caller, callee string) feature.Key {
	return feature.Key{Kind: feature.Latency, Node: cbn.Node{Class: cbn.ClientNode, Edge: edge(caller, callee)}}
}

func gap(caller, callee string) feature.Key {
	return feature.Key{Kind: feature.Latency, Node: cbn.Node{Class: cbn.NetworkNode, Edge: edge(caller, callee)}}
}

func ownTime(name string) feature.Key {
	return feature.Key{Kind: feature.Exclusive, Edge: identity.Edge{Callee: op(name)}}
}

func errorsOf(caller, callee string) feature.Key {
	return feature.Key{Kind: feature.Errors, Edge: edge(caller, callee)}
}

func TestShift_split(t *testing.T) {
	all := [feature.D]bool{true, true, true}
	for name, c := range map[string]struct {
		now, usual, busy, waiting [feature.D]float64 // busy and waiting are rises
		moved, busyMoved, waits   [feature.D]bool
		again                     float64
	}{
		"three in ten try again": { // the p50 rose by none of it
			now: [3]float64{1, 5, 6}, usual: [3]float64{1, 2, 3}, again: 0.3,
			moved: [3]bool{false, true, true}, waits: [3]bool{false, true, true},
			waiting: [3]float64{0, 3, 3},
		},
		"and are busier by 0.5 s": {
			now: [3]float64{1.5, 5, 6}, usual: [3]float64{1, 2, 3}, again: 0.3,
			moved: all, busyMoved: all, waits: [3]bool{false, true, true},
			busy: [3]float64{0.5, 0.5, 0.5}, waiting: [3]float64{0, 2.5, 2.5},
		},
		"two in a hundred try again": { // the p95 rises for another reason
			now: [3]float64{1, 5, 9}, usual: [3]float64{1, 2, 3}, again: 0.02,
			moved: [3]bool{false, true, true}, busyMoved: [3]bool{false, true, true}, waits: [3]bool{false, false, true},
			busy: [3]float64{0, 3, 3}, waiting: [3]float64{0, 0, 3},
		},
		"half a percent does": { // none of it reaches the p99
			now: [3]float64{2, 5, 9}, usual: [3]float64{1, 2, 3}, again: 0.005,
			moved: all, busyMoved: all, busy: [3]float64{1, 3, 6},
		},
		"everybody does": {
			now: [3]float64{2, 5, 9}, usual: [3]float64{1, 2, 3}, again: 1,
			moved: all, waits: all, waiting: [3]float64{1, 3, 6},
		},
		"the higher quantile rose by less": { // no more is busy than rose
			now: [3]float64{3, 3, 9}, usual: [3]float64{1, 2, 3}, again: 0.1,
			moved: all, busyMoved: all, waits: [3]bool{false, false, true},
			busy: [3]float64{2, 1, 2}, waiting: [3]float64{0, 0, 4},
		},
	} {
		t.Run(name, func(t *testing.T) {
			busy, waiting := shift{now: c.now, usual: c.usual, moved: c.moved}.split(c.again)
			for d := range feature.D {
				assert.InDelta(t, c.busy[d], busy.now[d]-busy.usual[d], 1e-12, "busy at %d", d)
				assert.InDelta(t, c.waiting[d], waiting.now[d]-waiting.usual[d], 1e-12, "waiting at %d", d)
			}
			assert.Equal(t, c.busyMoved, busy.moved)
			assert.Equal(t, c.waits, waiting.moved)
		})
	}
}

// The two add up to the rise of each quantile that moved, neither is negative, and
// what does not count as a move of its own is less than a fifth.
func TestLaw_split(t *testing.T) {
	for seed := range uint64(2000) {
		rng := rand.New(rand.NewPCG(seed, 13))
		var s shift
		for d, low := 0, 0.0; d < feature.D; d++ {
			s.usual[d] = low + rng.Float64()
			low, s.now[d] = s.usual[d], s.usual[d]*math.Exp(2*rng.Float64()-0.3)
			s.moved[d] = s.now[d] > minRise*s.usual[d] && rng.IntN(4) > 0 // or it wanders that much
		}
		busy, waiting := s.split(rng.Float64() * rng.Float64())
		for d := range feature.D {
			if !s.moved[d] {
				require.False(t, busy.moved[d] || waiting.moved[d], "seed %d", seed)
				continue
			}
			b, w := busy.now[d]-busy.usual[d], waiting.now[d]-waiting.usual[d]
			require.GreaterOrEqual(t, b, 0., "seed %d", seed)
			require.GreaterOrEqual(t, w, 0., "seed %d", seed)
			require.InDelta(t, s.now[d]-s.usual[d], b+w, 1e-12, "seed %d", seed)
			require.Equal(t, b > 0, busy.moved[d], "seed %d", seed)
			require.True(t, waiting.moved[d] || w <= (minRise-1)*waiting.usual[d]+1e-12, "seed %d", seed)
		}
	}
}

// gateway is front > gateway > {db, cache}.
func gateway() *world {
	return newWorld().serve("gateway", 0.010, 1).serve("front", 0.005, 1).
		query("gateway", "db", 1, 0.030).query("gateway", "cache", 1, 0.002).call("front", "gateway", 1, 0.002)
}

func TestSite_refused(t *testing.T) {
	for name, c := range map[string]struct {
		db, cache               float64 // calls a request
		dbFails, cacheFails     float64
		want                    string
		again                   float64
		dbFailing, cacheFailing bool
		measured                bool // how long it waits to call again
	}{
		"called more, and fails":            {1.4, 1, 0.3, 0, "db", 0.4, true, false, false},
		"called more":                       {1.4, 1, 0, 0, "", 0, false, false, false},
		"fails":                             {1, 1, 0.3, 0, "", 0, true, false, false},
		"called by a tenth more, and fails": {1.1, 1, 0.3, 0, "", 0, true, false, false},
		"so, and waits in between":          {1.1, 1, 0.3, 0, "db", 0.1, true, false, true},
		"fails a little more":               {1.4, 1, 0.049, 0, "", 0, false, false, false},
		"fails by a twentieth":              {1.4, 1, 0.051, 0, "db", 0.4, true, false, false},
		"both, the one that grew most":      {1.4, 2, 0.3, 0.3, "cache", 1, true, true, false},
		"both, of which the other did":      {2, 1.4, 0.3, 0.3, "db", 1, true, true, false},
		"both, of which one fails":          {1.4, 2, 0.3, 0, "db", 0.4, true, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			in, rec := incident(gateway(), func(w *world) {
				w.calls[edge("gateway", "db")], w.calls[edge("gateway", "cache")] = c.db, c.cache
			})
			rec[healthyRows][errorsOf("gateway", "db")] = c.dbFails
			rec[healthyRows][errorsOf("gateway", "cache")] = c.cacheFails
			r, v := newReach(in.Graph, in.Entry), newView(rec, in.Onset, 3.5)
			assert.Equal(t, c.dbFailing, v.failing(edge("gateway", "db")))
			assert.Equal(t, c.cacheFailing, v.failing(edge("gateway", "cache")))
			for _, p := range r.rpcs {
				if p.key != op("gateway") {
					continue
				}
				got, again := newSite(r, v, p).refused(p, v, c.measured)
				if c.want == "" {
					assert.Nil(t, got)
					assert.Zero(t, again)
					continue
				}
				require.NotNil(t, got)
				assert.Equal(t, edge("gateway", c.want), got.edge)
				assert.InDelta(t, c.again, again, 0.02, "usual calls wander by a percent")
			}
		})
	}
}

// refusing is a tenth of a second, or more, that a third of mid's requests wait before
// they call back again, which refused them.
func refusing(wait, errors float64) (Input, table) {
	in, rec := incident(chain(), func(w *world) { w.calls[edge("mid", "back")] = 1.33 })
	rec[healthyRows][errorsOf("mid", "back")] = errors
	// p50 lies below 1 - 0.33: nobody of that half waited.
	rec.later(1, wait, ownTime("mid"), served("mid"), client("front", "mid"), served("front"))
	return in, rec
}

// Who waits between attempts does nothing: the link is to blame, and of the link the
// service that does not answer.
func TestDiagnose_waitsToTryAgain(t *testing.T) {
	in, rec := refusing(0.4, 0.25)
	v := diagnose(in, Config{}.withDefaults(), rec, nil)
	require.Len(t, v.Culprits, 1)
	c := v.Culprits[0]
	assert.Equal(t, KindEdge, c.Kind)
	assert.Equal(t, Retry, c.Mechanism)
	assert.Equal(t, svc("back"), c.Service)
	assert.Equal(t, edge("mid", "back"), c.Edge)
	assert.Equal(t, []string{"front", "mid", "back"}, c.Path)
	assert.Contains(t, c.Evidence[0], "GET /mid own time, between attempts p95 ")
	sound(t, v)

	in, rec = refusing(0.4, 0)
	v = diagnose(in, Config{}.withDefaults(), rec, nil)
	require.NotEmpty(t, v.Culprits, "calls that succeed are not waited for")
	assert.Equal(t, svc("mid"), v.Culprits[0].Service)
	assert.Equal(t, Latent, v.Culprits[0].Mechanism)

	in, rec = refusing(0.4, 0.25)
	rec[healthyRows][cpu("mid")] = 0.98
	v = diagnose(in, Config{}.withDefaults(), rec, nil)
	require.NotEmpty(t, v.Culprits, "who lacks CPU is busy, whatever it asks again")
	assert.Equal(t, svc("mid"), v.Culprits[0].Service)
	assert.Equal(t, CPU, v.Culprits[0].Mechanism)

	// All of mid's requests are slower as well, by as much as half of them are: that
	// much is its own.
	in, rec = refusing(0.4, 0.25)
	rec.later(0, 0.4, ownTime("mid"), served("mid"), client("front", "mid"), served("front"))
	v = diagnose(in, Config{}.withDefaults(), rec, nil)
	assert.ElementsMatch(t, []string{"mid", "back"}, services(v))
}

// Extra calls are the caller's way of calling, save where the callee fails.
func TestDiagnose_whoDoesNotAnswerIsAskedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		errors float64
		want   expected
		path   []string
	}{
		"refused": {0.3, expected{KindEdge, Retry, "back", edge("mid", "back"), CallsMetric}, []string{"front", "mid", "back"}},
		"answers": {0, expected{KindService, Retry, "mid", identity.Edge{}, CallsMetric}, []string{"front", "mid"}},
	} {
		t.Run(name, func(t *testing.T) {
			in, rec := incident(chain(), func(w *world) { w.calls[edge("mid", "back")] = 4 })
			rec[healthyRows][errorsOf("mid", "back")] = c.errors
			v := diagnose(in, Config{}.withDefaults(), rec, nil)
			require.Len(t, v.Culprits, 1)
			assert.Equal(t, []expected{c.want}, namesOf(v.Culprits))
			assert.Equal(t, c.path, v.Culprits[0].Path)
		})
	}
}

// A call that few requests made, and more make now, is a cache's or a branch's, save
// where it fails: then it is made again, since the store fails.
func TestDiagnose_fewCallsThatFailAreRetries(t *testing.T) {
	w := chain().query("mid", "store", 0.5, 0.100)
	for errors, want := range map[float64]expected{
		0:   {Kind: KindService, Mechanism: Latent, Service: "mid", Metric: CallsMetric},
		0.3: {Kind: KindDependency, Mechanism: ErrorRate, Service: "store", Metric: errorMetric},
	} {
		in, rec := incident(w, func(w *world) { w.calls[edge("mid", "store")] = 3 })
		rec[healthyRows][errorsOf("mid", "store")] = errors
		v := diagnose(in, Config{}.withDefaults(), rec, nil)
		require.NotEmpty(t, v.Culprits)
		assert.Equal(t, want, namesOf(v.Culprits)[0])
	}
}

// The number of calls belongs to the link, or to the caller of what has none.
func TestReach_retried(t *testing.T) {
	g := graphOf(chain())
	r := newReach(g, op("front"))
	assert.Equal(t, g.NetworkChannel(edge("mid", "back")), r.retried(edge("mid", "back"), 99))
	assert.Equal(t, 99, r.retried(edge("back", "db"), 99))
}
