package slo

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestScratch(t *testing.T) {
	for _, c := range []struct {
		a, b, sig float64
		n         int
	}{{35, 90, .3, 95}, {30, 100, .3, 95}, {20, 120, .3, 95}, {35, 90, .15, 95}, {30, 100, .3, 20}, {50, 50, .5, 12}, {50, 50, .7, 95}, {50, 50, 1, 95}, {50, 50, 1, 20}} {
		fp, det, det15, thr, lim := 0, 0, 0, 0.0, 0
		const seeds = 1500
		for seed := range uint64(seeds) {
			rng := rand.New(rand.NewPCG(seed, 1))
			slower := 1.0
			draw := func() float64 {
				kind := c.a
				if rng.IntN(2) == 1 {
					kind = c.b
				}
				return slower * kind * math.Exp(c.sig*rng.NormFloat64())
			}
			w := newWatcher(t, watching())
			var s State
			for i := range 45 {
				s = typicalOf(w, i, drawn(c.n, draw))
				if s.Violated {
					lim++
				}
				if s.Firing {
					fp++
					break
				}
			}
			thr += s.Objective.Threshold.Seconds()
			if s.Firing || seed > 200 {
				continue
			}
			slower = 2
			for i := range 3 {
				s = typicalOf(w, 45+i, drawn(c.n, draw))
			}
			if s.Firing {
				det++
			}
			_ = det15
		}
		t.Logf("%+v false %d violated %d detected x2 in 3: %d of 201, threshold %.1f", c, fp, lim, det, 1e3*thr/seeds)
	}
}
