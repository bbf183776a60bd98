package rca

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/gvae"
)

// deaf is a model in which no intervention has an effect.
type deaf struct{ tail float64 }

func (deaf) Residual(int, int) float64 { return 0 }

func (d deaf) Counterfactual(_ gvae.Intervention, _, samples int, _ rand.Source) []float64 {
	out := make([]float64, samples*feature.D)
	for i := range out {
		out[i] = math.Log(d.tail)
	}
	return out
}

func TestWithout_fallback(t *testing.T) {
	in := simulated(chain(), faults[0].fault, 0)
	in.Layout = feature.NewLayout(in.Graph, in.History)
	ev := deaf{10}
	v := diagnose(in, Config{}.withDefaults(), in.History, ev)
	require.Equal(t, MethodRobust, v.Method)
	require.False(t, v.Abstained, "the robust scorer answers for a model that cannot")

	v = diagnose(in, Config{Without: Fallback}.withDefaults(), in.History, ev)
	assert.True(t, v.Abstained)
	assert.Equal(t, reasonUnexplained, v.Reason)
}

// counting counts what a model is asked.
type counting struct {
	evidence
	asked *int
}

func (c counting) Counterfactual(do gvae.Intervention, target, samples int, src rand.Source) []float64 {
	*c.asked++
	return c.evidence.Counterfactual(do, target, samples, src)
}

// Without the screen every service and channel is tried, and with arithmetic in the
// model's place the same is found.
func TestWithout_screen(t *testing.T) {
	in := simulated(chain(), faults[0].fault, 0)
	in.Layout = feature.NewLayout(in.Graph, in.History)
	ask := func(without Part) (Verdict, int) {
		n := 0
		v := diagnose(in, Config{Without: without}.withDefaults(), in.History, counting{newPhysics(in.Layout, in.History, in), &n})
		return v, n
	}
	with, few := ask(0)
	without, many := ask(Screen)
	assert.Equal(t, namesOf(with.Culprits), namesOf(without.Culprits))
	assert.Less(t, few, many)
}

// No what-if lies below what the excess of the others leaves; without the floor one
// may.
func TestWithout_floor(t *testing.T) {
	in := simulated(chain(), faults[0].fault, 0)
	l := feature.NewLayout(in.Graph, in.History)
	s := newSearch(Config{Without: Anchor}.withDefaults(), deaf{0.010}, l, newView(in.History, in.Onset, 3.5), in.Entry, 0.99, newTail(0.99))
	s.threshold, s.factual, s.total, s.ground = 0.1, 0.200, 0.100, 0.020
	assert.InDelta(t, 0.120, s.with(nil).median, 1e-9)
	s.cfg.Without = Anchor | Floor
	assert.InDelta(t, 0.010, s.with(nil).median, 1e-9)
}
