package rca

import (
	"cmp"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// Rules of failures.
const (
	minFailing = 0.005 // rise of the share of failed requests that counts
	minFailed  = 2     // failed requests beyond the usual number that must be seen
	minOrigin  = 0.25  // share of the failures that a further culprit must have
)

// failure is a service, or a leaf, that fails without anything failing that it calls.
type failure struct {
	channel    int
	now, usual float64  // shares of failed requests
	excess     float64  // failed requests beyond the usual number
	slow       *suspect // why calls of it fail that it has served, nil where nothing says so
	why        string   // evidence of what it does itself, "" where there is none
	silent     *silent  // it does not answer, nil where it does
	wrong      *wrong   // what others fail of does not, nil where it fails itself
}

// failing answers for an entry that fails more often than usual, while it is no
// slower. Failures travel against the calls as latency does, but they do not add up: a
// request fails because something fails that it needs, and otherwise by itself. So
// the origins are the failing services below the entry none of whose callees fail,
// ranked by how many requests they fail.
// See docs/math.md, 24.
func (d *diagnosis) failing() (Verdict, bool) {
	entry, ok := d.failures(identity.Edge{Callee: d.in.Entry}, -1)
	if !ok {
		return Verdict{}, false
	}
	origins := d.origins()
	if len(origins) == 0 {
		return Verdict{}, false
	}
	sum := 0.0
	for _, f := range origins {
		sum += f.excess
	}
	out := abstention("")
	out.Abstained, out.Agreed = false, true
	culprits := 0
	for i, f := range origins[:min(len(origins), maxShown)] {
		share := f.excess / sum
		c, signs := d.describe(f.channel, f.slow, d.robustChoice(f.slow))
		if f.wrong != nil {
			c, signs = d.describe(f.channel, nil, choice{metric: &f.wrong.metric})
		} else if f.slow == nil {
			c.Mechanism, c.Metric, c.Observed, c.Usual = ErrorRate, errorMetric, f.now, f.usual
			c.Evidence = nil
		}
		if f.silent != nil {
			f.silent.blame(&c)
		}
		if f.why != "" {
			c.Evidence = append(c.Evidence, f.why)
		}
		whose := ""
		if f.wrong != nil {
			c.Evidence = append(c.Evidence, f.wrong.text())
			whose = f.wrong.failing.String() + " "
		}
		c.Evidence = append(c.Evidence,
			whose+"errors "+number(100*f.now)+"% vs "+number(100*f.usual)+"% usual",
			number(math.Round(f.excess))+" requests failed by it, "+number(math.Round(entry.excess))+" of the entry",
		)
		c.Contribution = f.excess
		c.Probability = robustProbability(share, f.excess/entry.excess, signs+1)
		if f.wrong != nil {
			c.Probability *= ratherCallee
		}
		if f.silent != nil && d.orTheCaller(f.silent) {
			c.Probability *= ratherCallee
			c.Evidence = append(c.Evidence, "or "+f.silent.calls[0].edge.Caller.Service.String()+", which alone calls it, fails before it does")
		}
		if i == 0 || share >= minOrigin && culprits < d.cfg.MaxCulprits {
			culprits++
		}
		out.Candidates = append(out.Candidates, c)
	}
	out.conclude(culprits)
	return out, true
}

// and adds another failure of the same channel.
func (f failure) and(o failure) failure {
	f.excess += o.excess
	f.now, f.usual = math.Max(f.now, o.now), math.Max(f.usual, o.usual)
	if f.slow == nil {
		f.slow = o.slow
	}
	f.why = cmp.Or(f.why, o.why)
	f.silent, f.wrong = cmp.Or(f.silent, o.silent), cmp.Or(f.wrong, o.wrong)
	return f
}

// origins returns the failures below the entry that no callee explains, one per
// channel, those of most requests first.
func (d *diagnosis) origins() []failure {
	by := make(map[int]failure)
	add := func(f failure) {
		if o, ok := by[f.channel]; ok {
			f = f.and(o)
		}
		by[f.channel] = f
	}
	for _, p := range d.r.rpcs {
		below := false
		f, fails := d.failures(identity.Edge{Callee: p.key}, d.r.owner[p.node])
		for _, c := range p.calls {
			edge, channel := identity.Edge{Callee: c.edge.Callee}, -1
			if c.leaf {
				edge, channel = c.edge, d.r.g.ServiceChannel(c.edge.Callee.Service)
			}
			f, ok := d.failures(edge, channel)
			below = below || ok
			if ok && c.leaf && d.r.causal(channel) {
				add(f)
			}
			if !ok && fails {
				if f, ok := d.unheard(c); ok {
					below = true
					add(f)
				}
			}
		}
		if fails && !below && f.channel >= 0 {
			if s, ok := d.unanswered(p.key, f.now-f.usual); ok {
				f.channel, f.silent = d.r.g.ServiceChannel(s.service), s
			} else if w := d.wronged(p); w != nil {
				f.channel, f.wrong = d.r.g.ServiceChannel(w.metric.key.Service), w
			}
			add(f)
		}
	}
	out := make([]failure, 0, len(by))
	for _, f := range by {
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b failure) int {
		return cmp.Or(-cmp.Compare(a.excess, b.excess), cmp.Compare(a.channel, b.channel))
	})
	return out
}

// failures returns by how much what an edge with only a callee serves, or the calls of a
// whole edge, fail more than usual, and whether that is more than chance.
func (d *diagnosis) failures(e identity.Edge, channel int) (failure, bool) {
	l := d.v.at(feature.Key{Kind: feature.Errors, Edge: e})
	rise := l.now - l.usual
	weight, seen := d.count(e)
	f := failure{channel: channel, now: l.now, usual: l.usual, excess: rise * weight}
	return f, l.z() >= d.cfg.Suspect && rise >= minFailing && rise*seen >= minFailed
}

// count is the number of requests or calls of an edge in the violated window, and of how
// many of them spans were seen. A call is seen as often as the request that makes it.
func (d *diagnosis) count(e identity.Edge) (weight, seen float64) {
	if e.Caller == (identity.RPC{}) {
		if r := d.v.served[e.Callee]; r != nil {
			return r.Count, window.Seen(r.Count, r.Unseen)
		}
		return 0, 0
	}
	x := d.v.edges[e]
	if x == nil {
		return 0, 0
	}
	r := d.v.served[e.Caller]
	if r == nil || r.Unseen == 0 {
		return x.Count, x.Count
	}
	return x.Count, x.Count * window.Seen(r.Count, r.Unseen) / r.Count
}
