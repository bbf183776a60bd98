package recorded

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
)

// leastGap is the smallest gap between both sides of a call that is told from
// none, in ns.
const leastGap = 1e5

// mixture returns the quantiles of all requests of several instances, in the
// orders of the first.
func mixture(all []instance) quantiles {
	if len(all) == 0 {
		return nil
	}
	sum := new(sketch.Sketch)
	for _, in := range all {
		sum.Merge(in.latency.sketch(in.count))
	}
	if sum.Count() == 0 {
		return all[0].latency
	}
	return all[0].latency.mapped(func(q quantile) float64 { return sum.Quantile(q.order) })
}

// findEntry returns the service to which requests come: the one that
// front_service.csv names, whatever the case, if there is such a workload; else,
// of those with requests that nobody is seen to call, the one from which most
// services are reached, and of these the one with most requests.
func (d *day) findEntry() identity.Service {
	requests := make(map[identity.Service]float64)
	for _, f := range d.frames {
		for s, v := range f.served {
			if v.count > 0 {
				requests[s] += v.count
			}
		}
	}
	services := slices.SortedFunc(maps.Keys(requests), identity.Service.Compare)
	for _, s := range services {
		if strings.EqualFold(s.Name, d.name) {
			return s
		}
	}
	callers := d.callers()
	var best identity.Service
	most := 0
	for _, uncalled := range [...]bool{true, false} {
		for _, s := range services {
			if uncalled && len(callers[s]) > 0 {
				continue
			}
			n := d.reached(s)
			if best.IsZero() || n > most || n == most && requests[s] > requests[best] {
				best, most = s, n
			}
		}
		if !best.IsZero() {
			break
		}
	}
	return best
}

// reached counts the services that s calls, directly or not, and itself.
func (d *day) reached(s identity.Service) int {
	seen := map[identity.Service]bool{s: true}
	for queue := []identity.Service{s}; len(queue) > 0; queue = queue[1:] {
		for _, l := range d.links {
			if l.caller == queue[0] && !seen[l.callee] {
				seen[l.callee] = true
				queue = append(queue, l.callee)
			}
		}
	}
	return len(seen)
}

// enter gives the entry the latency and the success of whole requests.
func (d *day) enter() {
	if d.front == nil {
		return
	}
	if d.front.success < 0 {
		d.notes.add("front whose success is not recorded", 1)
	}
	d.each(d.front, func(f *frame, row []string) {
		v := f.served[d.entry]
		if v == nil {
			d.notes.add("rows of the front without its pod", 1)
			return
		}
		if k := d.front.latency(row); len(k) > 0 {
			v.latency = k
		}
		if d.front.success >= 0 {
			v.errors = d.front.errors(row)
		}
	})
}

// callLatencies puts in how long calls take: by the edge files, else by spans.
func (d *day) callLatencies(normal []*frame) {
	if d.source == nil && d.target == nil {
		d.traced(normal)
		return
	}
	medians := make(map[*frame]map[link]*called)
	side := func(m *medianFile, put func(*called, float64)) {
		if m == nil {
			return
		}
		d.each(&m.series, func(f *frame, row []string) {
			for _, l := range d.links {
				if v := m.ns(l, row); !math.IsNaN(v) {
					if medians[f] == nil {
						medians[f] = map[link]*called{}
					}
					if medians[f][l] == nil {
						medians[f][l] = new(called)
					}
					put(medians[f][l], v)
				}
			}
		})
	}
	side(d.source, func(c *called, v float64) { c.client = quantiles{{0.5, v}} })
	side(d.target, func(c *called, v float64) { c.server = quantiles{{0.5, v}} })
	least := d.leastGaps(normal, medians)
	for _, f := range d.frames {
		for l, c := range medians[f] {
			var shape quantiles
			if s := f.served[l.callee]; s != nil {
				shape = s.latency
			}
			f.called[l] = c.shaped(shape, least[l])
			f.called[l].loose = true
		}
	}
}

// leastGaps returns by how much both sides of a call usually differ, either way:
// quantiles of histograms with few buckets cannot tell less apart.
func (d *day) leastGaps(normal []*frame, medians map[*frame]map[link]*called) map[link]float64 {
	out := make(map[link]float64, len(d.links))
	for _, l := range d.links {
		var all []float64
		for _, f := range normal {
			if c := medians[f][l]; c != nil && len(c.client) > 0 && len(c.server) > 0 {
				all = append(all, math.Abs(c.client.at(0.5)-c.server.at(0.5)))
			}
		}
		out[l] = leastGap
		if len(all) > 0 {
			out[l] = math.Max(leastGap, median(all))
		}
	}
	return out
}

// shaped extends the medians of a call to distributions. The callee's side is the
// latency of all that the callee served, scaled to the median of these calls. The
// caller's side is longer by the gap, or scaled where its median is the smaller
// one. The gap is at least least.
func (c *called) shaped(shape quantiles, least float64) *called {
	client, server := c.client.at(0.5), c.server.at(0.5)
	out := new(called)
	scaled := func(to float64) quantiles {
		from := shape.at(0.5)
		if !(from > 0) {
			return quantiles{{0.5, to}}
		}
		return shape.mapped(func(q quantile) float64 { return q.ns * to / from }).with(0.5, to)
	}
	if !math.IsNaN(server) {
		out.server = scaled(server)
	}
	switch {
	case math.IsNaN(client):
	case client > server:
		out.client = out.server.mapped(func(q quantile) float64 { return q.ns + client - server })
	default: // the callee's side is missing or not shorter
		out.client = scaled(client)
	}
	if gap := client - server; !math.IsNaN(gap) {
		out.gap = quantiles{{0.5, math.Max(least, gap)}}
	}
	return out
}

// traced gives the frames that the minutes with spans lie in what the spans say.
// So that a caller's own time does not rise with the gap of its calls, these take
// it as much longer than its callee as the gap is longer than usual.
func (d *day) traced(normal []*frame) {
	for _, m := range d.traces.minutes {
		k := int((m.end - d.grid.origin + d.grid.step/2) / d.grid.step)
		if m.end < d.grid.origin-d.grid.step/2 || k >= len(d.frames) {
			d.notes.add("traced minutes without metrics", 1)
			continue
		}
		f := d.frames[k]
		for _, l := range d.links {
			if e := m.edges[l]; e != nil && f.called[l] == nil {
				f.called[l] = &called{traced: e, gap: featureQuantiles(e.Network)}
			}
		}
	}
	gaps := make(map[link]*[feature.D][]float64)
	for _, f := range normal {
		for _, l := range d.links {
			if c := f.called[l]; c != nil {
				gather(gaps, l, c.gap)
			}
		}
	}
	for _, l := range d.links {
		var usual [feature.D]float64
		if g := gaps[l]; g != nil {
			usual = medians(g)
		}
		for _, f := range d.frames {
			c, s := f.called[l], f.served[l.callee]
			if c == nil || s == nil || len(c.gap) == 0 || len(s.latency) == 0 {
				continue
			}
			var pairs []quantile
			for i, q := range feature.Quantiles {
				pairs = append(pairs, quantile{q, s.latency.at(q) + math.Max(0, c.gap.at(q)-usual[i])})
			}
			c.client = newQuantiles(pairs...)
		}
	}
}

// featureQuantiles reads the quantiles that features have off a sketch.
func featureQuantiles(s *sketch.Sketch) quantiles {
	if s.Count() == 0 {
		return nil
	}
	var pairs []quantile
	for _, q := range feature.Quantiles {
		pairs = append(pairs, quantile{q, s.Quantile(q)})
	}
	return newQuantiles(pairs...)
}
