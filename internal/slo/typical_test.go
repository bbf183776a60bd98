package slo

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/sketch"
)

func TestBeyondChance(t *testing.T) {
	for _, n := range []float64{1, 10, 95, 1e4} {
		p := 1 - beyondChance(n)
		assert.InDelta(t, n/2, n*p+chanceSpreads*math.Sqrt(n*p*(1-p)), 1e-9*n, "%v requests", n)
	}
	assert.InDelta(t, beyondChance(1), beyondChance(0), 0)
}

// Of 95 requests 37 % are usually above the threshold, 35 of them: 52 are more than that
// by 3.5 standard deviations of sqrt(95 x 0.37 x 0.63) = 4.7, and the 48 that are half are not.
func TestTrack_surelyTypical(t *testing.T) {
	x := track{Objective: Objective{Learned: true, Quantile: Typical}, Above: 0.37}
	assert.False(t, x.surely(48, 95))
	assert.False(t, x.surely(51, 95))
	assert.True(t, x.surely(52, 95))
	x.Above = 0
	assert.True(t, x.surely(48, 95), "that of an older version's state is not known")
}

// What is usual of the median outlives a restart, in the midst of learning too.
func TestWatcher_typicalIsKept(t *testing.T) {
	w, again := newWatcher(t, shopping()), newWatcher(t, shopping())
	for i := range 6 {
		typicalOf(w, i, latency(20, 50*time.Millisecond))
	}
	state, err := w.MarshalBinary()
	require.NoError(t, err)
	require.NoError(t, again.UnmarshalBinary(state))
	for i := range 2 {
		want := typicalOf(w, 6+i, latency(20, 80*time.Millisecond))
		assert.Equal(t, want, typicalOf(again, 6+i, latency(20, 80*time.Millisecond)))
		assert.True(t, want.Violated)
	}
	assert.Equal(t, w.tracks, again.tracks)
}

// drawn is a window of n requests, each of which draw takes, in ms.
func drawn(n int, draw func() float64) *sketch.Sketch {
	s := new(sketch.Sketch)
	for range n {
		s.Add(int64(draw()*float64(time.Millisecond)), 1)
	}
	return s
}

// typicalOf shows a window to what is learned of the median of "shop buy".
func typicalOf(w *Watcher, i int, l *sketch.Sketch) State {
	start := int64(i+1) * second
	return w.Observe(start, start+second, []Observation{{RPC: rpc("shop", "buy"), Entry: true, Latency: l}})[2]
}

// watching learns as by default.
func watching() Config {
	cfg := learning(20)
	cfg.Learn.Median, cfg.Learn.Errors = 1.4, 0.05
	return cfg
}

// mixture draws the time of a request of one kind or of another, half of them each, in ms:
// lognormal around either.
func mixture(rng *rand.Rand, one, other, sigma float64) func() float64 {
	return func() float64 {
		kind := one
		if rng.IntN(2) == 1 {
			kind = other
		}
		return kind * math.Exp(sigma*rng.NormFloat64())
	}
}

// The median of requests of two kinds, half of them each, falls anywhere between them. By
// four spreads of the windows' medians alone, which few windows tell poorly, 1 or 2 in 100
// of these operations opened an incident within 45 windows. Slowed down so far that the
// fast ones are above what is learned, too, they have one after three.
func TestWatcher_medianOfTwoKinds(t *testing.T) {
	for name, c := range map[string]struct {
		one, other, sigma float64
		n                 int
	}{
		"far apart":                   {20, 120, 0.3, 95},
		"hardly any between":          {35, 90, 0.15, 95},
		"few requests":                {30, 100, 0.3, 20},
		"few requests of one kind":    {50, 50, 0.5, 12},
		"few, some of which are long": {50, 50, 1, 20},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(60) {
				draw := mixture(rand.New(rand.NewPCG(seed, 1)), c.one, c.other, c.sigma)
				w := newWatcher(t, watching())
				var s State
				for i := range 45 {
					s = typicalOf(w, i, drawn(c.n, draw))
					require.False(t, s.Firing, "seed %d, window %d: %v above %v", seed, i, s.Observed, s.Objective.Threshold)
				}
				for i := range 3 {
					s = typicalOf(w, 45+i, drawn(c.n, func() float64 { return 20 * draw() }))
				}
				assert.True(t, s.Firing, "seed %d: %v above %v", seed, s.Observed, s.Objective.Threshold)
			}
		})
	}
}

// What takes everybody half as long again is found in two or three windows of 95 requests
// as a rule: its median is 5 % above the threshold of 71 ms, and scatters by 1.25 x 0.5 /
// sqrt(95) = 6 %, so that 4 in 5 windows violate, and two of three in 9 of 10 runs of three.
func TestWatcher_medianOfAllByHalf(t *testing.T) {
	soon := 0
	for seed := range uint64(40) {
		draw := mixture(rand.New(rand.NewPCG(seed, 2)), 50, 50, 0.5)
		w := newWatcher(t, watching())
		for i := range 60 {
			require.False(t, typicalOf(w, i, drawn(95, draw)).Firing)
		}
		for i := range 3 {
			if typicalOf(w, 60+i, drawn(95, func() float64 { return 1.5 * draw() })).Firing {
				soon++
				break
			}
		}
	}
	assert.GreaterOrEqual(t, soon, 32, "of 40: 36, less two standard deviations")
}
