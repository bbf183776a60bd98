package method

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// An entry request calls worker eight times: 20 ms more of each are 160 ms, more
// than the 60 ms that other takes longer once. Called all at once they are 20 ms.
func fleet() *world {
	return &world{
		entry: "front", requests: 60, parallel: map[string]bool{},
		own: map[string]float64{"front": 0.010, "worker": 0.010, "other": 0.010},
		links: []*link{
			{from: "front", to: "worker", n: 8, gap: 0.001}, {from: "front", to: "other", n: 1, gap: 0.001},
		},
		metrics: map[string]map[string]float64{},
	}
}

func TestExclusive_calls(t *testing.T) {
	fault := func(w *world) {
		w.own["worker"] += 0.020
		w.own["other"] += 0.060
	}
	a := Exclusive{}.Diagnose(incident(fleet(), 1, fault))
	sound(t, a)
	assert.Equal(t, "worker", a.Ranking[0].Service.Name, "8 x 20 ms against 60 ms")

	// Once a request, the 60 ms weigh more.
	once := fleet()
	once.link("front", "worker").n = 1
	a = Exclusive{}.Diagnose(incident(once, 1, fault))
	assert.Equal(t, "other", a.Ranking[0].Service.Name)
}

// Two services that each break the SLO are both blamed, and the what-if is the tail
// without either.
func TestExclusive_two(t *testing.T) {
	in := incident(newWorld(), 1, func(w *world) {
		w.own["side"] += 0.080
		w.own["back"] += 0.080
	})
	a := Exclusive{}.Diagnose(in)
	sound(t, a)
	assert.ElementsMatch(t, []string{"side", "back"}, named(a.Culprits))
	usual := in.Threshold / 1.5
	// All excess is theirs, so what is left is what is usual, but for tails that do
	// not add up: two independent ones of 80 ms with a scatter of 0.2 have a p99 of
	// the sum that is up to 30 ms below the sum of the p99s.
	assert.InDelta(t, usual, a.Quantile, 0.035)
	assert.Less(t, a.Quantile, in.Threshold)
}

// Without exclusive time it is latency less that of calls: who is slow is found all
// the same, and so is a slow way.
func TestExclusive_notMeasured(t *testing.T) {
	w := newWorld()
	w.bare = true
	in := incident(w, 1, slowBack)
	require.NotContains(t, kinds(in.History), feature.Exclusive)
	a := Exclusive{}.Diagnose(in)
	sound(t, a)
	assert.Equal(t, []string{"back"}, named(a.Culprits))
	assert.Equal(t, rca.CPU, a.Culprits[0].Mechanism)

	w = newWorld()
	w.bare = true
	a = Exclusive{}.Diagnose(incident(w, 1, func(w *world) { w.link("mid", "back").gap += 0.1 }))
	assert.Equal(t, []string{"back"}, named(a.Culprits))
	assert.Equal(t, rca.Network, a.Culprits[0].Mechanism)
}

func kinds(h *feature.History) []feature.Kind {
	var out []feature.Kind
	for _, k := range h.Keys() {
		out = append(out, k.Kind)
	}
	return out
}

// A service without metrics that moved, or whose metric says so, at the top of
// the resource's decision.
func TestExclusive_resource(t *testing.T) {
	for name, c := range map[string]struct {
		fault func(*world)
		want  rca.Mechanism
	}{
		"cpu":     {slowBack, rca.CPU},
		"memory":  {func(w *world) { w.own["back"] *= 6; w.metrics["back"][memMetric] *= 2 }, rca.Memory},
		"latent":  {func(w *world) { w.own["back"] *= 6 }, rca.Latent},
		"network": {func(w *world) { w.link("mid", "back").gap *= 30 }, rca.Network},
		"starved": {func(w *world) { slowBack(w); w.link("mid", "back").gap += 0.15 }, rca.CPU},
		"retry":   {func(w *world) { l := w.link("mid", "back"); l.n, l.failing = 4, 0.7 }, rca.Retry},
	} {
		t.Run(name, func(t *testing.T) {
			a := Exclusive{}.Diagnose(incident(newWorld(), 1, c.fault))
			sound(t, a)
			require.Equal(t, []string{"back"}, named(a.Culprits))
			assert.Equal(t, c.want, a.Culprits[0].Mechanism)
		})
	}
}

// A rise by less than a fifth is not counted where anything rose more, and is where
// nothing did.
func TestExclusive_slight(t *testing.T) {
	slight := func(w *world) { w.own["back"] *= 1.17 }
	a := Exclusive{}.Diagnose(incident(newWorld(), 1, slight))
	sound(t, a)
	require.NotEmpty(t, a.Culprits)
	assert.Equal(t, "back", a.Culprits[0].Service.Name)
	a = Exclusive{}.Diagnose(incident(newWorld(), 1, func(w *world) {
		slight(w)
		w.own["side"] *= 5
	}))
	assert.Equal(t, []string{"side"}, named(a.Ranking))
}

// More load and everything slower of itself is traffic, at the entry.
func TestExclusive_traffic(t *testing.T) {
	a := Exclusive{}.Diagnose(incident(newWorld(), 1, func(w *world) {
		w.requests *= 3
		for s := range w.own {
			w.own[s] *= 3
		}
	}))
	sound(t, a)
	assert.Equal(t, []string{"front"}, named(a.Culprits))
	assert.Equal(t, rca.Traffic, a.Culprits[0].Mechanism)
}

// What delays all messages of a service shows at all of its links.
func TestSettleGaps(t *testing.T) {
	const a, b, c, d = 0, 1, 2, 3
	for name, tt := range map[string]struct {
		own  map[int]float64
		gaps []gap
		want []float64
	}{
		"one link: the callee":               {nil, []gap{{a, b, 1}}, []float64{0, 1, 0, 0}},
		"one link, the caller is slow":       {map[int]float64{a: 2}, []gap{{a, b, 1}}, []float64{1, 0, 0, 0}},
		"hardly slow":                        {map[int]float64{a: 1.9}, []gap{{a, b, 1}}, []float64{0, 1, 0, 0}},
		"the caller is slow for want of cpu": {map[int]float64{d: 0.4}, []gap{{d, b, 1}}, []float64{0, 0, 0, 1}},
		"all links of b":                     {nil, []gap{{b, c, 1}, {b, d, 1}, {a, b, 1}}, []float64{0, 3, 0, 0}},
		"all calls of a":                     {nil, []gap{{a, b, 1}, {a, c, 1}, {a, d, 1}}, []float64{3, 0, 0, 0}},
		"two apart":                          {nil, []gap{{a, b, 3}, {c, d, 1}}, []float64{0, 3, 0, 1}},
		"to itself":                          {nil, []gap{{a, a, 2}}, []float64{2, 0, 0, 0}},
		"noise at another link of caller a":  {nil, []gap{{a, b, 1}, {a, c, 0.05}}, []float64{0, 1, 0.05, 0}},
	} {
		bs := books{accounts: make([]account, 4), gaps: tt.gaps, starved: func(i int) bool { return i == d }}
		for i, v := range tt.own {
			bs.accounts[i].own = v
		}
		bs.settleGaps()
		for i, want := range tt.want {
			assert.InDelta(t, want, bs.accounts[i].gap, 1e-12, "%s: service %d", name, i)
		}
	}
}

// The set of Exclusive: an entry that took 10 s, usually 2, with an SLO of 4.
func TestBooks_set(t *testing.T) {
	for name, tt := range map[string]struct {
		totals []float64
		want   int
		left   float64
	}{
		"one explains it":                 {[]float64{8}, 1, 2},
		"a small second is left out":      {[]float64{7.5, 0.5}, 1, 2.5},
		"a second is needed":              {[]float64{5, 3}, 2, 2},
		"a second would break it alone":   {[]float64{6, 2.1}, 2, 2},
		"a small one, though still above": {[]float64{5, 1, 1, 1}, 1, 5},
		"never more than three":           {[]float64{2, 2, 2, 2}, 3, 4},
		"twice what there is":             {[]float64{10, 6}, 2, 2},
		"explains only a part":            {[]float64{1}, 1, 9},
	} {
		b := books{s: &scope{}, accounts: make([]account, len(tt.totals))}
		for i, v := range tt.totals {
			b.accounts[i].own = v
			b.s.services = append(b.s.services, identity.Service{Name: string(rune('a' + i))})
		}
		a := b.set(b.ranking(), 10, 2, 4)
		assert.Len(t, a.Culprits, tt.want, name)
		assert.InDelta(t, tt.left, a.Quantile, 0.1, name)
	}
}

// Weights of the calls of one site, by hand: lambda 1 where calls follow each
// other, 0 where they run at once.
func TestSite_share(t *testing.T) {
	site := func(overlap float64, calls ...call) []call {
		at := site{calls: calls}
		at.share(overlap, 0.99)
		return at.calls
	}
	c := func(n, self, now, usual float64) call { return call{n: n, self: self, now: now, usual: usual} }

	got := site(0, c(1, 1, 5, 1), c(3, 1, 1, 1))
	assert.InDelta(t, 1, got[0].weight.mean, 1e-9, "one after the other")
	assert.InDelta(t, 3, got[1].weight.mean, 1e-9, "three calls a request")

	// At once, U = 5 of S = 8: of the rise from 1 to 5 that counts which is above
	// the 3 of the other, 2 of 4.
	got = site(math.Log(5.0/8), c(1, 1, 5, 1), c(1, 1, 3, 3))
	assert.InDelta(t, 0.5, got[0].weight.mean, 1e-9)
	assert.InDelta(t, 0.5, got[1].weight.mean, 1e-9, "beside the other as now nothing, as usual all")

	// Two that rise together at once share what they cost: beside the other as now
	// nothing, beside the other as usual all of it.
	got = site(math.Log(0.5), c(1, 1, 5, 1), c(1, 1, 5, 1))
	assert.InDelta(t, 0.5, got[0].weight.mean, 1e-9)
	assert.InDelta(t, 0.5, got[1].weight.mean, 1e-9)

	// Eight calls of a request that overlap to a quarter wait for two.
	got = site(0, c(8, 0.25, 1, 1))
	assert.InDelta(t, 2, got[0].weight.mean, 1e-9)

	// A call that one request in a thousand makes hardly shows in a p99.
	got = site(0, c(0.001, 1, 1, 1))
	assert.InDelta(t, 0.001, got[0].weight.mean, 1e-12)
	assert.InDelta(t, 0.1, got[0].weight.tail, 1e-9)
}

// Quantiles that stand for 72.5, 24.5 and 3 percent of the requests.
func TestDuration_excess(t *testing.T) {
	u := duration{now: [3]float64{2, 3, 9}, usual: [3]float64{1, 1, 1}, rose: [3]bool{true, true, true}, known: true}
	e := u.excess(2)
	assert.InDelta(t, 0.725*1+0.245*2+0.03*8, e.mean, 1e-12)
	assert.InDelta(t, 8-e.mean, e.tail, 1e-12)
	u.rose = [3]bool{}
	assert.Equal(t, excess{}, u.excess(2), "within the normal range")
	assert.InDelta(t, 0.725*2+0.245*3+0.03*9, mean(u.now), 1e-12)
	nan := math.NaN()
	assert.InDelta(t, 2, mean([3]float64{2, nan, nan}), 1e-12)
	assert.Zero(t, mean([3]float64{nan, nan, nan}))
}

func TestReplica(t *testing.T) {
	instance := func(id string, n int, ms int64) window.Instance {
		l := &sketch.Sketch{}
		for range n {
			l.Add(ms*1e6, 1)
		}
		return window.Instance{ID: id, Count: float64(n), Latency: l}
	}
	sampled := func(n float64, in window.Instance) window.Instance { // of which n are seen
		in.Unseen = in.Count - n
		return in
	}
	of := func(in ...window.Instance) *window.Snapshot {
		return &window.Snapshot{RPCs: []window.RPC{{Key: rpc("a"), Count: 9, Instances: in}}}
	}
	for name, tt := range map[string]struct {
		snap *window.Snapshot
		want string
	}{
		"one of three":           {of(instance("x", 9, 10), instance("y", 9, 30), instance("z", 9, 12)), "y"},
		"all the same":           {of(instance("x", 9, 10), instance("y", 9, 11)), ""},
		"two of three":           {of(instance("x", 9, 30), instance("y", 9, 30), instance("z", 9, 10)), ""},
		"only one":               {of(instance("x", 9, 30)), ""},
		"too few requests":       {of(instance("x", 9, 10), instance("y", 4, 30)), ""},
		"enough stand for more":  {of(instance("x", 9, 10), sampled(5, instance("y", 90, 30))), "y"},
		"one stands for many":    {of(instance("x", 9, 10), sampled(1, instance("y", 90, 30))), ""},
		"the rest is no replica": {of(instance("x", 9, 10), instance(window.OtherInstance, 9, 30)), ""},
	} {
		assert.Equal(t, tt.want, replica(tt.snap, service("a")), name)
	}
}
