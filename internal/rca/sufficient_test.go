package rca

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/gvae"
)

// additive is a model in which the entry takes a second, and each service as much
// more as it lost by itself, or, in parallel, as the one that lost most.
type additive struct {
	lost     []float64 // by channel
	parallel bool
	asks     *int
}

func (additive) Residual(int, int) float64 { return 0 }

func (a additive) Counterfactual(do gvae.Intervention, _, samples int, _ rand.Source) []float64 {
	*a.asks++
	tail, most := 1.0, 0.0
	for c, l := range a.lost {
		if slices.Contains(do.Latents, c) {
			l = 0
		}
		tail, most = tail+l, max(most, l)
	}
	if a.parallel {
		tail = 1 + most
	}
	out := make([]float64, samples*feature.D)
	for i := range out {
		out[i] = math.Log(tail)
	}
	return out
}

// searching is a search over services s0, s1 and so on that lost so many seconds.
func searching(threshold float64, parallel bool, lost ...float64) *search {
	ev := additive{lost: lost, parallel: parallel, asks: new(int)}
	s := &search{
		cfg: Config{MaxCulprits: 3, Samples: 4, StopProbability: 0.9}, ev: ev, r: &reach{}, layout: &feature.Layout{},
		threshold: threshold, usual: 1, guide: map[int]float64{}, absorbed: map[int][]int{}, tail: newTail(0.99),
	}
	g := &cbn.Graph{}
	for c, l := range lost {
		g.Channels = append(g.Channels, cbn.Channel{Service: svc("s" + string(rune('0'+c)))})
		s.layout.XOf = append(s.layout.XOf, nil)
		s.guide[c], s.total = l, s.total+l
	}
	s.r.g = g
	s.factual, s.alone = s.with(nil).median, maps.Clone(s.guide)
	return s
}

func channels(n int) (out []int) {
	for c := range n {
		out = append(out, c)
	}
	return out
}

func TestSearch_sufficient(t *testing.T) {
	for name, c := range map[string]struct {
		threshold float64
		parallel  bool
		lost      []float64
		most      int   // culprits; 0 means three
		want      []int // in the order found
	}{
		// A second of ten: by itself it gains a tenth, which is too little for a further one.
		"small beside a meltdown":               {1.5, false, []float64{9, 1}, 0, []int{0, 1}},
		"small, and no violation":               {2.5, false, []float64{9, 1}, 0, []int{0}},
		"the order of channels does not matter": {1.5, false, []float64{1, 9}, 0, []int{1, 0}},
		"two small ones, the larger one first":  {1.5, false, []float64{0.8, 9, 1}, 0, []int{1, 2, 0}},
		"no more than may be named":             {1.5, false, []float64{0.8, 9, 1}, 2, []int{1, 2}},
		"the ones that violate alone":           {1.9, false, []float64{0.8, 9, 1}, 0, []int{1, 2}},
		// Restoring the faster of two gains nothing, and of both 0.5 of 4.
		"in parallel to something slower": {1.4, true, []float64{4, 0.5}, 0, []int{0, 1}},
		"in parallel, and no violation":   {1.6, true, []float64{4, 0.5}, 0, []int{0}},
	} {
		t.Run(name, func(t *testing.T) {
			s := searching(c.threshold, c.parallel, c.lost...)
			if c.most > 0 {
				s.cfg.MaxCulprits = c.most
			}
			f := s.forward(channels(len(c.lost)))
			assert.Equal(t, c.want, f.set)
			assert.Equal(t, s.with(f.set), f.outcome, "what was found is what was asked for last")
			assert.Equal(t, f.outcome.median <= c.threshold, f.restores)

			s.cfg.Without = Sufficient
			assert.Equal(t, c.want[:1], s.forward(channels(len(c.lost))).set, "without the rule")
		})
	}
}

// Where a usual tail is as good as a violation, something that is clearly more than that is asked for.
func TestSearch_sufficientVaries(t *testing.T) {
	s := searching(1.1, false, 9, 0.3)
	s.cfg.Suspect = 3.5
	for spread, want := range map[float64][]int{0: {0, 1}, 0.05: {0, 1}, 0.1: {0}} { // up to 1, 1.19 and 1.42 s
		s.spread = spread
		assert.Equal(t, want, s.forward(channels(2)).set, "spread %v", spread)
	}
}

// The robust scorer must blame what is added, and the model must agree.
func TestSearch_sufficientNeedsBoth(t *testing.T) {
	s := searching(1.5, false, 9, 1)
	delete(s.guide, 1)
	assert.Equal(t, []int{0}, s.forward(channels(2)).set, "the robust scorer does not know it")

	s = searching(0.9, false, 9, 1)
	delete(s.guide, 1)
	assert.Equal(t, []int{0}, s.forward(channels(2)).set, "not even where a usual tail violates the SLO")

	s = searching(1.4, true, 4, 0.5)
	s.ev = additive{lost: []float64{4, 0}, asks: new(int)}
	s.factual, s.cfg.Without = s.with(nil).median, Floor // which is the robust scorer's own word
	assert.Equal(t, []int{0}, s.forward(channels(2)).set, "the model does not see it")

	s = searching(1.5, false, 9, 1)
	f := found{}
	s.sufficient(&f, channels(2))
	assert.Empty(t, f.set, "where nothing was found nothing is added")
}

// No counterfactual is asked for of what the robust scorer already says to be too small.
func TestSearch_sufficientAsksForNoMore(t *testing.T) {
	s := searching(1.5, false, 9, 0.1, 0.2, 0.3)
	f := found{set: []int{0}}
	before := *s.ev.(additive).asks
	s.sufficient(&f, channels(4))
	assert.Equal(t, before, *s.ev.(additive).asks)
	assert.Equal(t, []int{0}, f.set)
}

// Both methods name a small fault that violates the SLO beside a meltdown, and none
// that does not. The entry's p99 is 1.6 x 79 ms = 0.126 s, the threshold 0.19 s: the
// small one adds 1.6 times what mid lost.
func TestDiagnose_besideAMeltdown(t *testing.T) {
	for lost, want := range map[float64][]string{
		0.100: {"back", "mid"}, // 0.126 + 0.16
		0.025: {"back"},        // 0.126 + 0.04
	} {
		for m, v := range both(chain(), func(w *world) { w.own[op("back")] += 5; w.own[op("mid")] += lost }) {
			require.False(t, v.Abstained, v.Reason)
			assert.Equal(t, want, services(v), "%s: %v s", m, lost)
			sound(t, v)
		}
	}
	// The part can be left out of the search.
	in, rec := incident(chain(), func(w *world) { w.own[op("back")] += 5; w.own[op("mid")] += 0.1 })
	in.Layout = layoutOf(in.Graph, rec)
	v := diagnose(in, Config{Without: Sufficient}.withDefaults(), rec, newPhysics(in.Layout, rec, in))
	assert.Equal(t, []string{"back"}, services(v))
}

// Excesses that add up to more than what was lost are scaled, each alone is not: nine seconds
// that show at three edges leave the other its second, which violates the SLO by itself.
func TestSearch_sufficientIsNotScaled(t *testing.T) {
	s := searching(1.9, false, 9, 1)
	s.guide[0], s.total = 27, 28
	s.settle([]int{0, 1}, (s.factual-s.usual)/s.total)
	assert.InDelta(t, 10.0/28, s.guide[1], 1e-9)
	assert.InDelta(t, 1.0, s.alone[1], 1e-9)
	f := s.forward(channels(2))
	assert.Equal(t, []int{0, 1}, f.set)
}
