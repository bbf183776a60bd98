package gvae

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Both halves at once give the same bits as one after the other: nothing depends on how
// many cores there are.
func TestTeam_besideIsInTurn(t *testing.T) {
	tr := loaded[float32](t, true, 2)
	lossAt(tr, tr.theta) // in turn: the model is small
	want := slices.Clone(tr.team.halves[0].gradients.parameters)
	first, second := tr.team.halves[0].loss, tr.team.halves[1].loss
	for i, h := range tr.team.halves {
		h.noise = h.first(i)
	}
	tr.team.beside()
	got := tr.team.halves[0].gradients.parameters
	for i, g := range tr.team.halves[1].gradients.parameters {
		got[i] += g
	}
	tr.penalty.loss(tr.theta, got)
	assert.Equal(t, want, got)
	assert.Equal(t, first, tr.team.halves[0].loss)
	assert.Equal(t, second, tr.team.halves[1].loss)
}

// A batch is split into its halves whatever its size, and the loss is the mean over it.
func TestTeam_anyBatch(t *testing.T) {
	tr := loaded[float64](t, true, 1)
	for n := 1; n <= len(batch); n++ {
		loss, _ := tr.team.run(tr.job(batch[:n], true))
		assert.Equal(t, n, share(n, 0)+share(n, 1))
		sum := 0.0
		for i, h := range tr.team.halves {
			assert.Len(t, h.job.windows, share(n, i))
			sum += h.loss
		}
		assert.Equal(t, sum, loss)
		assert.True(t, finite(loss))
	}
}

// What goes wrong in either half is the caller's panic, after both have ended.
func TestTeam_panicsInItsCaller(t *testing.T) {
	for broken := range halves {
		tr := loaded[float32](t, true, 1)
		tr.team.run(tr.job(batch, true))
		tr.team.halves[broken].job.windows = []int{1 << 40}
		assert.Panics(t, tr.team.beside, "half %d", broken)
		assert.Empty(t, tr.team.done, "and nothing is left behind")
		assert.NotPanics(t, func() { tr.team.run(tr.job(batch, true)) })
	}
}

func TestTeam_doesNotAllocate(t *testing.T) {
	tr := loaded[float32](t, true, 1)
	tr.team.run(tr.job(batch, true))
	assert.Zero(t, testing.AllocsPerRun(50, tr.team.beside))
}

// Loss and gradient in float32 are those of the reference, up to rounding: a loss is a
// sum of many terms with rounding errors of 6e-8 each, the largest of which is that of
// deviations near their least of 1e-3, known to 1e-4 of themselves, in the divergence; the
// gradient comes from sums through several layers. Clamps and rectifiers may switch at a
// rounding error, so the norm is compared, not every parameter.
func TestWholeLoss_float32EqualsFloat64(t *testing.T) {
	for _, structured := range []bool{false, true} {
		for seed := range uint64(12) {
			single, double := loaded[float32](t, structured, seed), loaded[float64](t, structured, seed)
			convert(double.theta, single.theta)
			assert.InEpsilon(t, lossAt(double, double.theta), lossAt(single, single.theta), 2e-4)
			var off, norm float64
			for i, g := range double.team.halves[0].gradients.parameters {
				off += math.Pow(g-float64(single.team.halves[0].gradients.parameters[i]), 2)
				norm += g * g
			}
			assert.Less(t, math.Sqrt(off/norm), 1e-3, "structured=%v, seed %d", structured, seed)
		}
	}
}

// Trainings in both precisions part after some epochs, as those of two seeds do, and
// arrive at losses that differ less than those of two seeds.
func TestTrain_float32LearnsAsWell(t *testing.T) {
	data := windows(150, rand.New(rand.NewPCG(1, 1)), func(int) chain { return healthyChain() })
	single, _, err := newTrainer[float32](chainSpec(), &data, DefaultConfig(), nil)
	require.NoError(t, err)
	double, _, err := newTrainer[float64](chainSpec(), &data, DefaultConfig(), nil)
	require.NoError(t, err)
	assert.InEpsilon(t, double.heldOut(), single.heldOut(), 1e-4)
	require.NoError(t, single.run(t.Context()))
	require.NoError(t, double.run(t.Context()))
	assert.InEpsilon(t, double.report.HeldOutLoss, single.report.HeldOutLoss, 0.1)
}

// What networks had at work is the same whether it was kept or is computed again.
func TestKept_isComputedAgain(t *testing.T) {
	for _, structured := range []bool{false, true} {
		tr := loaded[float32](t, structured, 4)
		want := lossAt(tr, tr.theta)
		gradient := slices.Clone(tr.team.halves[0].gradients.parameters)
		for _, h := range tr.team.halves {
			require.True(t, h.pass.kept)
			h.pass = newPass[float32](tr.model.arch, &tr.model.yScale, h.pass.size, false)
		}
		assert.Equal(t, want, lossAt(tr, tr.theta))
		assert.Equal(t, gradient, tr.team.halves[0].gradients.parameters)
	}
	spec := treeSpec(1024)
	a := newArchitecture(&spec, &Config{Hidden: []int{10, 10, 10}}, given{})
	assert.False(t, a.keeps(chunk), "a large model keeps nothing")
}
