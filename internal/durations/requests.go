package durations

import (
	"cmp"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// requests are the requests of one RPC in a window, of which histograms tell.
type requests struct {
	key     identity.RPC
	memory  *rpcMemory
	told    *sum
	latency dist
	calls   []*calls

	own, union, sum float64 // means of a request, ns
	exclusive       dist
	waits           dist // see waited
}

// oneByOne is the share of the sum of their times that calls usually take together from which on they
// follow each other, whenever they begin.
const oneByOne = 0.95

// leastOwn is the least share of its usual own time that a request needs.
const leastOwn = 0.1

// divide finds what of their time requests do not wait for calls.
func (r *requests) divide() {
	n := r.told.Count
	var now, usual []part
	for _, c := range r.calls {
		if c.memory.async || !(c.memory.client.total() > 0) {
			continue
		}
		once := 1.0 // calls to one callee may overlap each other
		if c.memory.within > 0 && c.memory.share > 0 {
			once = c.memory.share / c.memory.within
		}
		at, took := c.memory.offset/c.memory.count, c.usual()
		now = append(now, newPart(at, took, c.count/n, once, c.client(), c.mean))
		usual = append(usual, newPart(at, took, c.memory.count/r.memory.count, once, c.memory.client, took))
		r.sum += once * c.count / n * c.mean
	}
	together := 0.0
	for i := range usual {
		together += usual[i].share * usual[i].mean
	}
	follow := r.memory.union >= oneByOne*together*r.memory.count
	r.waits, r.union = union(now, follow)
	if _, modelled := union(usual, follow); modelled > 0 && r.memory.union > 0 { // what the stages do not say
		r.union += r.memory.union/r.memory.count - modelled
	}
	r.union = math.Max(0, math.Min(r.union, r.told.mean()))
	least := leastOwn * r.memory.exclusive.mean()
	if math.IsNaN(least) {
		least = 0
	}
	r.own = math.Max(least, r.told.mean()-r.union)
	r.exclusive = residual(r.memory.exclusive, r.own, &r.told.hist, r.waited())
	calm := r.memory.took.near(r.told.mean())
	calm = r.memory.own.near(r.own) && calm
	for _, c := range r.calls {
		calm = (c.group == nil || c.memory.took.near(c.mean)) && calm
	}
	r.memory.strange = !calm
}

// waited is how long requests wait for calls: as the calls take, with the mean of their union.
func (r *requests) waited() dist {
	if m := r.waits.mean(); m > 0 && r.union > 0 {
		return r.waits.stretched(r.union / m)
	}
	return r.waits
}

// write puts them in the place of sampled ones.
func (r *requests) write(to *window.RPC) {
	n, m := r.told.Count, r.memory
	factor := 0.0
	if to.Count > 0 {
		factor = n / to.Count
	}
	to.Torn, to.Inner = to.Torn*factor, to.Inner*factor
	to.Entries = n * math.Min(1, m.entries/m.count)
	to.Count, to.Unseen = n, 0
	to.Errors, to.ErrorType = r.told.Errors, ""
	if r.told.Errors > 0 {
		to.ErrorType = r.told.ErrorType
	}
	to.Latency = r.latency.sketch(n, r.told.hist.sum)
	to.Exclusive = r.exclusive.sketch(n, r.own*n)
	to.Ending = &sketch.Sketch{}
	if r.told.ending.n > 0 && to.Entries > 0 {
		e := &r.told.ending
		to.Ending = e.refine(r.latency, true).sketch(e.n, e.sum)
	}
	to.Union, to.Sum = r.union*n, r.sum*n
	to.Instances = r.instances()
}

// instances are the requests by replica.
func (r *requests) instances() []window.Instance {
	var out []window.Instance
	rest := window.Instance{ID: window.OtherInstance}
	var others hist
	for _, t := range r.told.replicas {
		if t.Instance == "" || len(out) == window.MaxInstances {
			rest.Count, rest.Errors = rest.Count+t.Count, rest.Errors+t.Errors
			others.add(&t.hist, 1)
			continue
		}
		is := r.memory.traits[t.Instance]
		out = append(out, window.Instance{
			ID: t.Instance, Version: is.version, Host: is.host, Count: t.Count, Errors: t.Errors,
			Latency: t.hist.refine(r.latency, true).sketch(t.Count, t.hist.sum),
		})
	}
	if rest.Count > 0 {
		rest.Latency = others.refine(r.latency, true).sketch(rest.Count, others.sum)
		out = append(out, rest)
	}
	slices.SortFunc(out, func(a, b window.Instance) int { return cmp.Compare(a.ID, b.ID) })
	return out
}
