package durations

import (
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// calls are the calls along one edge in a window.
type calls struct {
	key    identity.Edge
	memory *edgeMemory
	caller *requests
	callee *requests // nil where nothing was told of it
	group  *group    // nil where nothing was told of the calls

	count, mean, gap float64 // mean of a call, and of what of it is not the callee's, ns
	clients          dist    // see client
}

// group are calls of one service that a histogram does not tell apart.
type group struct {
	told    *sum
	members []*calls
	served  dist // see parts
}

// call finds how many calls there were, and how long they took.
func (w *blending) call() {
	groups := make(map[*sum]*group)
	var order []*group
	for _, r := range w.order {
		slices.SortFunc(r.memory.calls, identity.Edge.Compare)
		for _, k := range r.memory.calls {
			m := w.memory.edges[k]
			if m == nil || !(m.count > 0) {
				continue
			}
			of := w.told.along(k)
			if of == nil && m.told { // none were made
				continue
			}
			c := &calls{key: k, memory: m, caller: r, callee: w.rpcs[k.Callee], count: r.told.Count * m.count / r.memory.count}
			r.calls = append(r.calls, c)
			if of == nil || m.async {
				w.untold(c)
				continue
			}
			g := groups[of]
			if g == nil {
				g = &group{told: of}
				groups[of] = g
				order = append(order, g)
			}
			c.group, m.told = g, true
			g.members = append(g.members, c)
		}
	}
	for _, g := range order {
		g.share()
	}
	for _, r := range w.order {
		for _, c := range r.calls {
			w.writeCalls(c)
		}
	}
}

// untold calls are as many and take as long as spans show, of this window and, as if they were
// fewSpans more, of earlier ones; or as their callee tells.
func (w *blending) untold(c *calls) {
	c.gap = c.memory.network.mean()
	if c.callee != nil && !c.memory.leaf && c.gap >= 0 {
		c.mean = c.callee.told.mean() + c.gap
		return
	}
	c.mean = c.usual()
	r, e := findRPC(w.snapshot, c.key.Caller), findEdge(w.snapshot, c.key)
	if r == nil || e == nil || !(r.Count > 0) {
		return
	}
	f := window.Seen(r.Count, r.Unseen) / r.Count
	if n := f * e.Client.Count(); n > 0 {
		c.mean = (f*e.Client.Sum() + fewSpans*c.mean) / (n + fewSpans)
	}
}

const fewSpans = 3

// share divides what was told of a group among its members: by how often each caller calls, and
// by how long calls of each kind usually take, or their callee's requests now and the gap usually.
func (g *group) share() {
	expected := 0.0
	for _, c := range g.members {
		expected += c.count
	}
	served, gaps, usual := 0.0, 0.0, 0.0
	for _, c := range g.members {
		c.count *= g.told.Count / expected
		if c.matched() {
			served += c.count * c.callee.told.mean()
			gaps += c.count * c.memory.network.mean()
		} else {
			usual += c.count * c.usual()
		}
	}
	whole := g.told.mean() * g.told.Count
	switch {
	case gaps > 0: // what is not matched, if anything, takes as long as usual
		f := math.Max(leastGap, (whole-served-usual)/gaps)
		for _, c := range g.members {
			if c.mean = c.usual(); c.matched() {
				c.gap = f * c.memory.network.mean()
				c.mean = c.callee.told.mean() + c.gap
			}
		}
	default:
		for _, c := range g.members {
			c.mean = g.told.mean()
			if usual > 0 {
				c.mean = c.usual() * whole / usual
			}
		}
	}
	g.served = g.parts()
}

// leastGap is the least share of the usual gap: calls that are given up take their caller less
// than their callee.
const leastGap = 0.05

// matched reports whether both sides of the calls are told of.
func (c *calls) matched() bool {
	return c.callee != nil && !c.memory.leaf && c.memory.network.mean() > 0
}

// usual is how long such calls take, as spans show.
func (c *calls) usual() float64 {
	if n := c.memory.client.total(); n > 0 {
		return c.memory.clients / n
	}
	return 0
}

// parts is how long the callees' requests take.
func (g *group) parts() (d dist) {
	for _, c := range g.members {
		if c.matched() {
			d.addDist(c.callee.latency, c.count/c.callee.told.Count)
		}
	}
	return d
}

// client is how the calls are distributed, as their caller sees them.
func (c *calls) client() dist {
	if c.clients.w == nil {
		shape := c.memory.client
		switch m := shape.mean(); {
		case c.group != nil && len(c.group.members) == 1:
			c.clients = c.group.told.hist.refine(shape, true)
		case m > 0 && c.mean > 0:
			c.clients = shape.stretched(c.mean / m)
		default:
			c.clients = shape
		}
	}
	return c.clients
}

// writeCalls puts the calls in the place of sampled ones.
func (w *blending) writeCalls(c *calls) {
	old := findEdge(w.snapshot, c.key)
	if c.group == nil {
		w.scale(c, old)
		return
	}
	m := c.memory
	e := window.Edge{
		Key: c.key, Leaf: m.leaf,
		Client: &sketch.Sketch{}, Server: &sketch.Sketch{}, Network: &sketch.Sketch{},
		Queue: &sketch.Sketch{}, Requests: &sketch.Sketch{}, Again: &sketch.Sketch{},
	}
	if old != nil {
		e = *old
		factor := c.count / max(old.Count, 1e-9)
		e.Again, e.Callers, e.Callees = scaled(old.Again, factor), scaledGaps(old.Callers, factor), scaledGaps(old.Callees, factor)
		e.Stream *= factor
		e.Ahead *= factor
	}
	told := c.group.told
	e.Count, e.Errors, e.ErrorType = c.count, told.Errors*c.count/told.Count, ""
	if e.Errors > 0 {
		e.ErrorType = told.ErrorType
	}
	e.Within = c.count * c.mean
	e.Share = e.Within
	if m.within > 0 && m.share > 0 {
		e.Share *= m.share / m.within
	}
	e.Client = c.client().sketch(c.count, c.mean*c.count)
	e.Requests = m.request.sketch(c.count*m.entering/m.count, m.request.mean()*c.count*m.entering/m.count)
	e.Matched = 0
	if c.matched() {
		n := c.count * math.Min(1, m.matched/m.count)
		e.Matched = n
		e.Server = c.callee.latency.sketch(n, n*c.callee.told.mean())
		e.Network = residual(m.network, c.gap, &told.hist, c.group.served).sketch(n, n*c.gap)
	} else if old != nil && !m.leaf {
		factor := c.count / max(old.Count, 1e-9)
		e.Matched = old.Matched * factor
		e.Server, e.Network = scaled(old.Server, factor), scaled(old.Network, factor)
	}
	w.edges[c.key] = &e
}

// scale lets calls of which nothing was told be as many more as the requests are that make them.
func (w *blending) scale(c *calls, old *window.Edge) {
	r := findRPC(w.snapshot, c.key.Caller)
	if old == nil || r == nil || !(r.Count > 0) {
		return
	}
	factor := c.caller.told.Count / r.Count
	e := *old
	for _, v := range [...]*float64{&e.Count, &e.Matched, &e.Errors, &e.Within, &e.Share, &e.Stream, &e.Ahead} {
		*v *= factor
	}
	for _, s := range [...]**sketch.Sketch{&e.Client, &e.Server, &e.Network, &e.Queue, &e.Requests, &e.Again} {
		*s = scaled(*s, factor)
	}
	e.Callers, e.Callees = scaledGaps(old.Callers, factor), scaledGaps(old.Callees, factor)
	w.edges[c.key] = &e
}

// scaled returns a sketch of as many times the weight.
func scaled(s *sketch.Sketch, factor float64) *sketch.Sketch {
	var d dist
	d.addSketch(s, factor)
	return d.sketch(s.Count()*factor, s.Sum()*factor)
}

func scaledGaps(all []window.Gap, factor float64) []window.Gap {
	out := slices.Clone(all)
	for i := range out {
		for k := range out[i].Calls {
			out[i].Calls[k] *= factor
		}
	}
	return out
}
