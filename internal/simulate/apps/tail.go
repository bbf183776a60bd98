package apps

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/sage-rca/sage/internal/simulate"
)

// tailRequests is the number of requests by which Tail judges. The standard error
// of a 99th percentile of n draws is sqrt(0.99*0.01/n) in rank: with 1500, the
// answer lies between the 98.7 and the 99.3 percentile.
const tailRequests = 1500

// Tail estimates the 99th percentile of the latency of the watched entry, in
// seconds, while the given faults are active. It walks the call tree
// tailRequests times with the work drawn from its distributions, stretched by
// the slowdown of each queue: on average 1/(1-rho^c) for processor sharing on c
// cores at utilisation rho (exact for c = 1), 1/(1-rho) for a disk, Erlang's C for
// a pool. It is arithmetic on the application, not a simulation: good for choosing
// sizes of faults, within a third or so of what a run shows.
func Tail(app *simulate.App, faults ...simulate.Fault) float64 {
	return newWalk(app, faults).quantile(0.99)
}

// walk draws requests of the watched entry without queues: each wait is replaced
// by its mean or by its stationary distribution.
type walk struct {
	app      *simulate.App
	rng      *rand.Rand
	services []slowness
	sizes    [][]int        // of pools, by service
	pools    [][]wait       // by service and pool
	work     [][2]logNormal // by RPC: CPU, disk
}

type logNormal struct{ mu, sigma float64 }

func newWalk(app *simulate.App, faults []simulate.Fault) *walk {
	app = collapsed(app, faults)
	w := &walk{app: app, rng: rand.New(rand.NewPCG(1, 0x7461_696c))}
	w.slow(faults)
	for i := range app.RPCs {
		r := &app.RPCs[i]
		w.work = append(w.work, [2]logNormal{newLogNormal(r.CPU), newLogNormal(r.Disk)})
	}
	w.queue(faults)
	return w
}

// newLogNormal returns the parameters of d: sigma^2 = ln(1+CV^2) and
// mu = ln(Mean) - sigma^2/2. An exponential is taken as a log-normal of its CV, 1.
func newLogNormal(d simulate.Dist) logNormal {
	if d.Mean <= 0 {
		return logNormal{mu: math.Inf(-1)}
	}
	cv := d.CV
	if cv == simulate.Exponential {
		cv = 1
	}
	v := math.Log1p(cv * cv)
	return logNormal{mu: math.Log(d.Mean) - v/2, sigma: math.Sqrt(v)}
}

func (w *walk) draw(d logNormal) float64 {
	if d.sigma == 0 {
		return math.Exp(d.mu)
	}
	return math.Exp(d.mu + d.sigma*w.rng.NormFloat64())
}

func (w *walk) quantile(q float64) float64 {
	times := make([]float64, tailRequests)
	root := w.app.Entries[0].RPC
	for i := range times {
		times[i] = w.request(root)
	}
	slices.Sort(times)
	return times[int(q*float64(len(times)))]
}

// request draws the time of one request of rpc, as its server sees it.
func (w *walk) request(rpc int) float64 {
	r := &w.app.RPCs[rpc]
	s := &w.services[r.Service]
	// Who comes to a crowd waits long, most do not: the part is exponential, as the
	// number of others in processor sharing nearly is (geometric).
	t := w.draw(w.work[rpc][0]) * (s.cpu + s.crowd*w.rng.ExpFloat64())
	if r.Disk.Mean > 0 {
		t += w.draw(w.work[rpc][1]) * s.disk
	}
	if s.paused > 0 && w.rng.Float64() < s.paused+r.AllocMiB/w.app.Services[r.Service].GC.HeapMiB {
		t += s.pause * w.rng.Float64()
	}
	if s.latent > 0 && (s.badShare >= 1 || w.rng.Float64() < s.badShare) {
		t += s.latent
	}
	for _, step := range r.Steps {
		t += w.step(r.Service, step.Calls)
	}
	return t
}

// step draws the time until all of the calls that are made at the same time have
// answered. Where a pool has fewer connections than that, its calls take turns.
func (w *walk) step(caller int, calls []simulate.Call) float64 {
	longest := 0.0
	var turns turns
	for i := range calls {
		c := &calls[i]
		t := w.calls(caller, c)
		if len(calls) > 1 && c.Pool >= 0 && w.sizes[caller][c.Pool] < len(calls) {
			t = turns.take(c.Pool, w.sizes[caller][c.Pool], t)
		}
		longest = max(longest, t)
	}
	return longest
}

// turns are when the connections of a request's pools are free again.
type turns struct {
	pool int
	free []float64
}

// take gives the next call, which takes time t, the first connection that is free
// of the size that the pool has, and returns when it is done. A step goes by one
// pool; of another the turns begin anew.
func (u *turns) take(pool, size int, t float64) float64 {
	if u.free == nil || u.pool != pool {
		u.pool, u.free = pool, make([]float64, size)
	}
	first := 0
	for i := range u.free {
		if u.free[i] < u.free[first] {
			first = i
		}
	}
	u.free[first] += t
	return u.free[first]
}

// calls draws the time of a call with its repeats, as the caller sees it.
func (w *walk) calls(caller int, c *simulate.Call) float64 {
	if c.Async || c.Probability < 1 && w.rng.Float64() >= c.Probability {
		return 0
	}
	t := 0.0
	for range max(1, c.Times) {
		t += w.one(caller, c)
		if c.Cache != nil && c.Cache.Miss != nil {
			if w.rng.Float64() >= c.Cache.Hit {
				t += w.calls(caller, c.Cache.Miss)
			}
		}
	}
	return t
}

// one draws one call with the attempts that fail before it.
func (w *walk) one(caller int, c *simulate.Call) float64 {
	callee := w.app.RPCs[c.RPC].Service
	t := 0.0
	if c.Pool >= 0 && c.Pool < len(w.pools[caller]) {
		if p := w.pools[caller][c.Pool]; p.probability > 0 && w.rng.Float64() < p.probability {
			t += p.mean * w.rng.ExpFloat64()
		}
	}
	if fail := w.services[callee].fail; fail > 0 {
		t += w.failures(fail, c)
	}
	return t + w.message(caller) + w.request(c.RPC) + w.message(callee)
}

// message draws the time of one message that a service sends.
func (w *walk) message(from int) float64 {
	s := &w.services[from]
	t := w.app.Link.Delay.Mean + s.send
	if s.loss > 0 {
		rto := w.app.Link.RTO.Seconds()
		for w.rng.Float64() < s.loss {
			t += rto
			rto *= 2
		}
	}
	return t
}

// failures draws the time that the failing attempts of a call take before one gets
// through, or the last is given up.
func (w *walk) failures(share float64, c *simulate.Call) float64 {
	t := 0.0
	backoff := stormBackoff
	if c.Backoff > 0 {
		backoff = c.Backoff.Seconds()
	}
	for range stormRetries {
		if w.rng.Float64() >= share {
			break
		}
		t += 2*w.app.Link.Delay.Mean + backoff
		backoff *= 2
	}
	return t
}

// How a retry storm tries again, as package simulate has it.
const (
	stormRetries = 4
	stormBackoff = 10e-3 // s
)
