package rca

import (
	"math"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// MixMetric is the name under which a cause shows the share of one kind of request: that
// of the entry's requests that make a certain call, 0 to 1, where the mix of them has changed.
const MixMetric = "operation_mix"

// branch is a callee of the entry with the share of the entry's requests that call it:
// a kind of request.
type branch struct {
	call       call
	seen       *window.Edge
	now, usual float64
}

// mixed answers where the entry is slower because it is asked for other things than
// usual, each of which is as fast as ever. So it says where
//
//   - one kind of request became more frequent, and another as much less frequent,
//   - none of the calls by which they are told apart is slower or fails more, and
//   - with the usual mix the tail would have been the usual one.
//
// Where nothing became less frequent, requests do more than they did: a cache that no
// longer holds, a retry. That is somebody's fault.
// See docs/math.md, 23.
func (d *diagnosis) mixed() (Verdict, bool) {
	entry := d.entryRPC()
	if entry == nil || d.scores.traffic != nil {
		return Verdict{}, false
	}
	more, less := d.branches(entry)
	if more == nil || less == nil {
		return Verdict{}, false
	}
	usual := reweighted(entry.Latency, more.seen.Requests, more.usual)
	tail := usual.quantile(d.in.Quantile)
	if !(tail > 0) || math.Log(tail/d.usual) >= math.Max(math.Log(minRise), minSymptom*d.spread) {
		return Verdict{}, false
	}
	half := halfWidth(d.in.Quantile, entry.Latency.Count())
	c := Cause{
		Kind: KindTraffic, Mechanism: Traffic, Service: d.in.Entry.Service,
		Metric: MixMetric, Observed: more.now, Usual: more.usual,
		Probability: chosen(robustProbability(1, (d.factual-tail)/(d.factual-d.usual), 2)), Contribution: 1,
		Quantile: tail, Lower: usual.quantile(math.Max(0, d.in.Quantile-half)), Upper: usual.quantile(math.Min(1, d.in.Quantile+half)),
		Path: d.r.path(d.r.entry),
		Evidence: []string{
			"requests that call " + more.call.edge.Callee.String() + ": " + share(more.now) + " vs " + share(more.usual) + " usual",
			"requests that call " + less.call.edge.Callee.String() + ": " + share(less.now) + " vs " + share(less.usual) + " usual",
			"each as fast as usual",
		},
	}
	out := abstention("")
	out.Abstained, out.Agreed, out.Confidence = false, true, intervalLevel
	out.Culprits, out.Candidates = []Cause{c}, []Cause{c}
	out.Quantile, out.Lower, out.Upper = c.Quantile, c.Lower, c.Upper
	out.RestoresSLO = c.Quantile <= d.in.Threshold
	return out, true
}

// entryRPC returns the requests of the entry in the violated window, or nil.
func (d *diagnosis) entryRPC() *window.RPC {
	for i := range d.in.Snapshot.RPCs {
		if p := &d.in.Snapshot.RPCs[i]; p.Key == d.in.Entry && p.Latency.Count() > 0 {
			return p
		}
	}
	return nil
}

// branches returns the kind of request whose share grew most and the one whose share
// fell most, or nil: also where any call of the entry fails more, which would send
// requests other ways, or where one that counts is slower.
func (d *diagnosis) branches(entry *window.RPC) (more, less *branch) {
	at := identity.Edge{Callee: d.in.Entry}
	if d.v.failing(at) {
		return nil, nil
	}
	for _, p := range d.r.rpcs {
		if p.key != d.in.Entry {
			continue
		}
		for _, c := range p.calls {
			if d.v.failing(c.edge) {
				return nil, nil
			}
			b, z := d.branch(c, entry)
			switch {
			case b == nil:
			case z >= d.cfg.Suspect && b.now >= moreCalls*b.usual && (more == nil || b.now-b.usual > more.now-more.usual):
				more = b
			case z <= -d.cfg.Suspect && (less == nil || b.now-b.usual < less.now-less.usual):
				less = b
			}
		}
	}
	if more == nil || less == nil || less.usual-less.now < minSwap*(more.now-more.usual) || d.slower(more) || d.slower(less) {
		return nil, nil
	}
	return more, less
}

// minSwap is the least part of the growth of one kind of request by which another must
// have fallen, for one to have taken the place of the other.
const minSwap = 0.5

// branch returns the share of the entry's requests that make a call, and by how many
// standard deviations it differs from the usual one; nil where that is not known. What
// is usual is known of calls per request, of which those that make any make as many.
func (d *diagnosis) branch(c call, entry *window.RPC) (*branch, float64) {
	e := d.v.edges[c.edge]
	if e == nil || !(e.Requests.Count() > 0) {
		return nil, 0
	}
	l := d.v.at(feature.Key{Kind: feature.Calls, Edge: c.edge})
	if math.IsNaN(l.z()) {
		return nil, 0
	}
	now := math.Min(1, e.Requests.Count()/entry.Latency.Count())
	return &branch{call: c, seen: e, now: now, usual: math.Min(1, now*math.Exp(l.usual-l.now))}, l.z()
}

// slower reports whether the calls of a branch are. Of calls so rare that nothing usual
// is known of them, it is not said that they are.
func (d *diagnosis) slower(b *branch) bool {
	n := b.call.node()
	if n < 0 {
		return true
	}
	for q := range feature.D {
		l := d.v.at(feature.Key{Kind: feature.Latency, Node: d.r.g.Nodes[n], Quantile: q})
		if l.n >= minBaseline && l.logRose(d.cfg.Suspect) {
			return true
		}
	}
	return false
}

// mixture is a distribution of durations: weights of buckets of a sketch.
type mixture struct {
	offset int
	counts []float64
	total  float64
}

// reweighted returns the distribution of all, of which those of one kind are a part, as
// it were if that kind made up a share of usual:
//
//	F* = w F_kind + (1 - w) F_rest,  F_rest = (F - p F_kind) / (1 - p)
//
// with w the usual share, and p that of the kind among all.
func reweighted(all, kind *sketch.Sketch, usual float64) mixture {
	offset, counts, _ := all.Buckets()
	m := mixture{offset: offset, counts: make([]float64, len(counts))}
	p := kind.Count() / all.Count()
	if !(p > 0 && p < 1) {
		return m
	}
	copy(m.counts, counts)
	of, part, _ := kind.Buckets()
	ofKind := func(i int) float64 {
		if k := i + offset - of; k >= 0 && k < len(part) {
			return part[k]
		}
		return 0
	}
	for i := range m.counts {
		k := math.Min(ofKind(i), m.counts[i])
		m.counts[i] = k*usual/p + (m.counts[i]-k)*(1-usual)/(1-p)
		m.total += m.counts[i]
	}
	return m
}

// quantile returns the q-quantile in seconds, NaN where m is empty.
func (m mixture) quantile(q float64) float64 {
	seen := 0.0
	last := math.NaN()
	for i, c := range m.counts {
		if c <= 0 {
			continue
		}
		last = math.Exp2((float64(m.offset+i)+0.5)/(1<<sketch.Scale)) / 1e9
		if seen += c; seen >= q*m.total {
			break
		}
	}
	return last
}

// intervalLevel is the level of intervals of tails.
const intervalLevel = 0.9

// halfWidth is by how much the share of n requests below a q-quantile may differ from q,
// at intervalLevel: 1.645 standard deviations of a binomial share.
func halfWidth(q, n float64) float64 { return 1.645 * math.Sqrt(q*(1-q)/n) }
