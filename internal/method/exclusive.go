package method

import (
	"cmp"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/rca"
)

// Exclusive is the baseline to fear: arithmetic on spans, without a model. In the
// violated window, against medians of normal ones, it adds up by service in
// seconds of an entry request
//
//   - the excess of the exclusive time of what it serves (of a service that is
//     measured without it: of its latency less that of its calls);
//   - the excess of the latency of calls to it, where it sends no spans;
//   - the excess of the gap between client and server of calls at either end of
//     which it stands, where it explains that best (gaps.go);
//   - calls that are made more often than usual.
//
// each weighted by how often an entry request meets it and by what runs in
// parallel (weights.go). Only quantiles that left their normal range count; where
// none did, those that come nearest to it.
//
// It blames the largest, and further ones while the entry is predicted to violate
// its SLO without those found, or where one of them would break it alone. The
// resource is the network where the gap is most of it, else the metric with the
// largest robust z, else none (latent). Where the load of the entry rose by half
// and two services became slower of themselves, it is traffic.
type Exclusive struct{}

// Rules of the set.
const (
	maxCulprits = 3
	minCulprit  = 0.15 // share of all excess
	minShown    = 0.01
)

// Rules of the traffic cause.
const (
	trafficGrowth   = 1.5
	trafficServices = 2
)

// Name implements Method.
func (Exclusive) Name() string { return "exclusive" }

// account is what is held against one service, in seconds of an entry request.
type account struct {
	own, gap, calls float64
	failing         bool // calls are repeated because it fails
}

func (a *account) total() float64 { return a.own + a.gap + a.calls }

// Diagnose implements Method.
func (Exclusive) Diagnose(in rca.Input) Answer {
	s, r, reason := open(in)
	if s == nil {
		return abstain(reason)
	}
	now, usual, _ := entryTail(in, s, r)
	if math.IsNaN(now) || math.IsNaN(usual) {
		return abstain(reasonNoWindow)
	}
	var b *books
	var ranking []Candidate
	for _, bar := range bars {
		b = newBooks(s, r, in.Quantile, bar)
		if ranking = b.ranking(); len(ranking) > 0 {
			break
		}
	}
	if len(ranking) == 0 {
		return abstain(reasonNothing)
	}
	out := b.set(ranking, now, usual, in.Threshold)
	if load, slower := r.level(loadKey(in.Entry)), b.slower(); slower >= trafficServices && load.z() >= bars[0].z &&
		raw(feature.Load, load.now) >= trafficGrowth*raw(feature.Load, load.usual) {
		surge := Candidate{Service: in.Entry.Service, Mechanism: rca.Traffic, Score: 1}
		out.Ranking = append([]Candidate{surge}, slices.DeleteFunc(out.Ranking, func(c Candidate) bool { return c.Service == surge.Service })...)
		out.Culprits, out.Quantile = []Candidate{surge}, math.NaN() // of less load nothing is said
		return out
	}
	for i := range out.Culprits {
		c := &out.Culprits[i]
		at := s.of(c.Service)
		c.Mechanism = b.mechanism(at)
		c.Instance = replica(in.Snapshot, c.Service)
		out.Ranking[i] = *c
	}
	return out
}

// books are the accounts of all services in scope.
type books struct {
	s        *scope
	r        *reader
	t        int // feature quantile of the tail
	bar      bar
	w        []weight
	accounts []account
	gaps     []gap
	starved  func(service int) bool // of CPU
}

// newBooks accounts for all that changed by more than a bar.
func newBooks(s *scope, r *reader, q float64, c bar) *books {
	sites, w := weigh(s, r, q, c)
	b := &books{s: s, r: r, t: nearest(q), bar: c, w: w, accounts: make([]account, len(s.services))}
	for i := range sites {
		b.enter(&sites[i])
	}
	b.starved = b.starvedOfCPU
	b.settleGaps()
	return b
}

// cost is what an excess at a node costs an entry request. What fewer than all
// requests meet shows in the tail as soon as enough of them do.
func (b *books) cost(n int, e excess) float64 {
	return max(b.w[n].mean, b.w[n].tail)*e.mean + b.w[n].tail*e.tail
}

// enter accounts for what one RPC does itself and for its calls.
func (b *books) enter(at *site) {
	self := b.s.of(at.key.Service)
	b.accounts[self].own += b.cost(at.node, b.exclusive(at))
	for i := range at.calls {
		c := &at.calls[i]
		callee := b.s.of(c.edge.Callee.Service)
		if c.client >= 0 && c.server < 0 && b.s.unserved(c.edge) {
			b.accounts[callee].own += b.cost(c.client, c.latency.excess(b.t))
		}
		if c.network >= 0 {
			node := b.s.g.Nodes[c.network]
			e := b.r.duration(b.bar, func(d int) feature.Key { return latencyKey(node, d) }).excess(b.t)
			if v := b.cost(c.network, e); v > 0 {
				b.gaps = append(b.gaps, gap{caller: self, callee: callee, seconds: v})
			}
		}
		if c.more {
			// Calls are repeated because they fail; else the caller's ways have changed.
			extra := b.w[at.node].mean * c.weight.mean * (1 - c.usualN/c.n) * c.now
			blamed := &b.accounts[self]
			if b.fails(c.edge) {
				blamed = &b.accounts[callee]
				blamed.failing = true
			}
			blamed.calls += extra
		}
	}
}

// exclusive is the excess of the own time of an RPC.
func (b *books) exclusive(at *site) excess {
	e := identity.Edge{Callee: at.key}
	if u := b.r.duration(b.bar, func(d int) feature.Key { return feature.Key{Kind: feature.Exclusive, Edge: e, Quantile: d} }); u.known {
		return u.excess(b.t)
	}
	out := b.r.duration(b.bar, func(d int) feature.Key { return latencyKey(b.s.g.Nodes[at.node], d) }).excess(b.t)
	for i := range at.calls {
		c := &at.calls[i]
		rise := c.latency.excess(b.t)
		out.mean -= c.weight.mean * rise.mean
		out.tail -= c.weight.tail * rise.tail
	}
	return excess{mean: math.Max(0, out.mean), tail: math.Max(0, out.tail)}
}

// failure is the rise of the share of calls that fail from which on they are
// repeated for that.
const failure = 0.05

// fails reports whether calls along an edge fail more often than usual.
func (b *books) fails(e identity.Edge) bool {
	for _, at := range [...]identity.Edge{e, {Callee: e.Callee}} {
		if l := b.r.level(feature.Key{Kind: feature.Errors, Edge: at}); l.known && l.now-l.usual >= failure {
			return true
		}
	}
	return false
}

// ranking lists the services with any excess, by their share of all of it.
func (b *books) ranking() []Candidate {
	sum := 0.0
	for i := range b.accounts {
		sum += b.accounts[i].total()
	}
	var out []Candidate
	for i := range b.accounts {
		if v := b.accounts[i].total(); v > 0 && v >= minShown*sum {
			out = append(out, Candidate{Service: b.s.services[i], Score: v / sum})
		}
	}
	slices.SortStableFunc(out, func(x, y Candidate) int { return -cmp.Compare(x.Score, y.Score) })
	return out
}

// set blames as many of a ranking as it takes to explain a violation. Excess that
// sums up to more than that of the entry counts in proportion: tails do not add up.
func (b *books) set(ranking []Candidate, now, usual, threshold float64) Answer {
	sum := 0.0
	for i := range b.accounts {
		sum += b.accounts[i].total()
	}
	sum = math.Min(sum, math.Max(0, now-usual))
	out := abstain("")
	out.Ranking = ranking
	out.Quantile = now
	for i, c := range ranking {
		alone := usual+c.Score*sum > threshold
		if i > 0 && (i >= maxCulprits || c.Score < minCulprit || out.Quantile <= threshold && !alone) {
			break
		}
		out.Culprits = append(out.Culprits, c)
		out.Quantile -= c.Score * sum
	}
	return out
}

// slower counts the services that became slower of themselves.
func (b *books) slower() int {
	n := 0
	for i := range b.accounts {
		if b.accounts[i].own > 0 {
			n++
		}
	}
	return n
}
