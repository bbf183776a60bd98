package apps

import (
	"math"

	"github.com/sage-rca/sage/internal/simulate"
)

// wait is exponential of the given mean with a probability, else none.
type wait struct{ probability, mean float64 }

// use is what passes a pool in a second.
type use struct{ calls, held float64 } // held: calls times the mean time of one, s

// queue sets the waits for pools: the calls that come to a replica's pool and how
// long they hold a connection on average make an M/M/c queue.
func (w *walk) queue(faults []simulate.Fault) {
	app := w.app
	w.pools, w.sizes = make([][]wait, len(app.Services)), make([][]int, len(app.Services))
	uses := w.uses()
	for s := range app.Services {
		w.pools[s] = make([]wait, len(app.Services[s].Pools))
		w.sizes[s] = make([]int, len(app.Services[s].Pools))
		replicas := float64(max(1, len(app.Services[s].Hosts)))
		for p, pool := range app.Services[s].Pools {
			size := pool.Size
			for _, f := range faults {
				if f.Kind == simulate.PoolExhaustion && f.Service == s && f.Pool == p {
					size = int(f.Size)
				}
			}
			w.sizes[s][p] = size
			if u := uses[s][p]; u.calls > 0 {
				w.pools[s][p] = erlangWait(size, u.held/replicas, u.held/u.calls)
			}
		}
	}
}

// uses returns the use of pools, by service and pool.
func (w *walk) uses() [][]use {
	app := w.app
	uses := make([][]use, len(app.Services))
	pooled := false
	for s := range app.Services {
		uses[s] = make([]use, len(app.Services[s].Pools))
		pooled = pooled || len(uses[s]) > 0
	}
	if !pooled {
		return uses
	}
	mean := newMeans(w)
	for _, e := range app.Entries {
		for rpc, n := range visitsOf(app, e.RPC, true) {
			if n == 0 {
				continue
			}
			s := app.RPCs[rpc].Service
			eachCall(&app.RPCs[rpc], func(c *simulate.Call, times float64) {
				if c.Pool >= 0 {
					uses[s][c.Pool].calls += e.Rate * n * times
					uses[s][c.Pool].held += e.Rate * n * times * mean.call(s, c)
				}
			})
		}
	}
	return uses
}

// evenness is by how much shorter the waits are than where connections are held for
// exponential times: (1+cv^2)/2 on average (Pollaczek and Khinchine; for c > 1 by
// Lee and Longton's approximation), 0.58 for the cv of 0.4 that a sum of many parts
// has, and less in the tail, which the even times of others bound: for constant
// ones at half of the utilisation P(W > t) falls by e in 0.7 of the mean.
const evenness = 0.45

// erlangWait returns the wait in an M/G/c queue in which a servers are busy on
// average for the mean time h each: with the probability C(c, a) of Erlang's C, an
// exponential time of mean evenness*h/(c-a).
func erlangWait(c int, a, h float64) wait {
	if c <= 0 {
		return wait{1, math.Inf(1)}
	}
	a = min(a, maxBusy*float64(c))
	b := 1.0 // Erlang's B, by its recursion
	for k := 1; k <= c; k++ {
		b = a * b / (float64(k) + a*b)
	}
	rho := a / float64(c)
	return wait{b / (1 - rho*(1-b)), evenness * h / (float64(c) - a)}
}
