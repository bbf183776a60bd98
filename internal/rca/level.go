package rca

import (
	"math"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// record is what of a feature.History is read.
type record interface {
	Len() int
	Start(row int) int64
	Value(k feature.Key, row int) float64
	Keys() []feature.Key
	Baseline(k feature.Key, before int64) feature.Robust
	Normal(k feature.Key, before int64, q float64) float64
}

// minBaseline is the number of normal windows below which a median says nothing.
const minBaseline = 3

// minRise is the relative rise below which nothing counts as moved, however
// narrow its normal range is.
const minRise = 1.2

// level is one column in the violated window beside its normal value.
type level struct {
	now, usual, spread float64 // NaN where missing
	n                  int     // normal windows behind usual
}

// z is the robust z-score (now - usual) / spread; NaN where one side is missing.
func (l level) z() float64 {
	if l.n < minBaseline {
		return math.NaN()
	}
	return (l.now - l.usual) / math.Max(l.spread, 1e-9)
}

// logRose reports whether a column in log units left its normal range upwards:
// z of at least suspect and a rise of at least minRise.
func (l level) logRose(suspect float64) bool {
	return l.z() >= suspect && l.now-l.usual >= math.Log(minRise)
}

// view reads the violated window of a record beside its normal values, and
// computes each of them once.
type view struct {
	rec     record
	row     int
	before  int64 // windows from here on are not normal
	suspect float64
	seen    map[feature.Key]level
	edges   map[identity.Edge]*window.Edge // of the violated window
	served  map[identity.RPC]*window.RPC   // likewise
	loss    float64                        // share of spans that were lost, see lossOf
	begun   float64                        // requests of the entry that began for each that ended, see arrivals
}

func newView(rec record, before int64, suspect float64) *view {
	return &view{rec: rec, row: rec.Len() - 1, before: before, suspect: suspect, begun: 1, seen: make(map[feature.Key]level, min(len(rec.Keys()), 1024))}
}

// measure reads from the violated window what a record does not hold of it.
func (v *view) measure(r *reach, s *window.Snapshot) {
	v.loss = lossOf(r, s)
	v.edges = make(map[identity.Edge]*window.Edge, len(s.Edges))
	for i := range s.Edges {
		e := &s.Edges[i]
		if e.Around() && r.g.NetworkChannel(e.Key) >= 0 { // of a link it says nothing
			left := e.WithoutAround()
			e = &left
		}
		v.edges[e.Key] = e
	}
	v.served = make(map[identity.RPC]*window.RPC, len(s.RPCs))
	for i := range s.RPCs {
		v.served[s.RPCs[i].Key] = &s.RPCs[i]
	}
	v.begun = arrivals(v.served[r.g.Nodes[r.entry].Edge.Callee], float64(s.End-s.Start)/1e9)
}

// mean is the mean of a kind of call in the violated window in seconds, as the caller
// sees it; 0 where it is not known.
func (v *view) mean(e identity.Edge) float64 {
	if x := v.shape(e); x != nil {
		return x.Sum() / x.Count() / 1e9
	}
	return 0
}

// shape is the distribution of a kind of call in the violated window in ns, as the caller
// sees it; nil where it is not known.
func (v *view) shape(e identity.Edge) *sketch.Sketch {
	if x := v.edges[e]; x != nil && x.Client != nil && x.Client.Count() > 0 && x.Client.Sum() > 0 {
		return x.Client
	}
	return nil
}

func (v *view) at(k feature.Key) level {
	if l, ok := v.seen[k]; ok {
		return l
	}
	b := v.rec.Baseline(k, v.before)
	l := level{now: v.latest(k), usual: b.Median, spread: b.Spread, n: b.N}
	if b.N == 0 {
		l.usual, l.spread = math.NaN(), math.NaN()
	}
	v.seen[k] = l
	return l
}

// latest is the value of the violated window. Metrics come less often than windows close:
// one that has none there has that of the latest window since the onset which does.
func (v *view) latest(k feature.Key) float64 {
	x := v.rec.Value(k, v.row)
	if k.Kind != feature.Metric {
		return x
	}
	for row := v.row - 1; math.IsNaN(x) && row >= 0 && row > v.row-maxPooled && v.rec.Start(row) >= v.before; row-- {
		x = v.rec.Value(k, row)
	}
	return x
}

// maxPooled bounds the windows of a run that are looked at together.
const maxPooled = 10

// since is at, with the mean of the windows since the onset in place of the violated one
// alone: for what does not change with the fault, and scatters by its numbers. The
// first one, which the fault may only have shared, is left out where there are others.
func (v *view) since(k feature.Key) level {
	l := v.at(k)
	sum, n := 0.0, 0
	for row := v.row; row >= 0 && n < maxPooled && v.rec.Start(row) > v.before; row-- {
		if x := v.rec.Value(k, row); !math.IsNaN(x) {
			sum += x
			n++
		}
	}
	if n > 1 {
		l.now = sum / float64(n)
		l.spread /= math.Sqrt(float64(n))
	}
	return l
}

// shift is how the distribution of a duration changed, in seconds per feature
// quantile.
type shift struct {
	now, usual [feature.D]float64
	moved      [feature.D]bool // left its normal range upwards
	z          [feature.D]float64
	known      bool // there is a value in the violated window
}

// youngRise is how many times as long as in one or two windows a duration is where that counts:
// less may be what the next window would have shown, and in the first windows who starts is
// slow rather than fast.
const youngRise = 2

// shift reads a duration in log seconds, one key per quantile. Where seen, a
// column that is there whenever there is anything to measure, has no normal value
// either, all of the duration is new: it counts from zero. Of one that was seen in fewer than
// minBaseline windows, twice as much counts.
func (v *view) shift(seen feature.Key, key func(d int) feature.Key) shift {
	var s shift
	unseen := v.at(seen).n < minBaseline // a few requests have no quantiles
	for d := range feature.D {
		l := v.at(key(d))
		if math.IsNaN(l.now) {
			continue
		}
		s.known = true
		s.now[d] = math.Exp(l.now)
		switch {
		case l.n == 0 && unseen:
			s.moved[d], s.z[d] = true, v.suspect
		case l.n > 0 && l.n < minBaseline:
			s.usual[d], s.z[d] = math.Exp(math.Min(l.usual, l.now)), v.suspect
			s.moved[d] = l.now-l.usual >= math.Log(youngRise)
		case math.IsNaN(l.z()):
			s.usual[d] = s.now[d] // nothing to judge by: as if unchanged
		default:
			s.usual[d] = math.Exp(l.usual)
			s.moved[d], s.z[d] = l.logRose(v.suspect), l.z()
		}
	}
	return s
}

// meanWeights approximates a mean from the feature quantiles by the trapezoidal
// rule; what lies below the first or above the last counts as equal to it.
var meanWeights = func() (w [feature.D]float64) {
	q := feature.Quantiles
	w[0] = q[0]
	for d := 1; d < feature.D; d++ {
		w[d-1] += (q[d] - q[d-1]) / 2
		w[d] += (q[d] - q[d-1]) / 2
	}
	w[feature.D-1] += 1 - q[feature.D-1]
	return w
}()

func meanOf(q [feature.D]float64) float64 {
	var m float64
	for d, w := range meanWeights {
		m += w * q[d]
	}
	return m
}

// excess returns the seconds by which the mean and quantile t rose, counting
// only quantiles that left their normal range.
func (s shift) excess(t int) (mean, tail float64) {
	for d, w := range meanWeights {
		if s.moved[d] {
			mean += w * (s.now[d] - s.usual[d])
		}
	}
	if s.moved[t] {
		tail = s.now[t] - s.usual[t]
	}
	return mean, tail
}

// minDelay is the share of the largest rise that the median must have risen by where all
// are late. Where a few are late by much, the median is a higher quantile of the others,
// and rises a little.
const minDelay = 0.1

// delayed reports whether all are late, rather than some.
func (s shift) delayed() bool {
	most := 0.0
	for d, m := range s.moved {
		if m {
			most = math.Max(most, s.now[d]-s.usual[d])
		}
	}
	return s.moved[0] && s.now[0]-s.usual[0] >= minDelay*most
}

// support is the number of quantiles that moved.
func (s shift) support() int {
	n := 0
	for _, m := range s.moved {
		if m {
			n++
		}
	}
	return n
}

// rise is by how many seconds the lowest quantile rose that moved, 0 where none did: of a
// delay, by as much as all are late.
func (s shift) rise() float64 {
	for d, m := range s.moved {
		if m {
			return s.now[d] - s.usual[d]
		}
	}
	return 0
}

// telling is the share of the largest rise of a quantile that one must have to be shown.
const telling = 1.0 / 3

// shown returns the quantile that a person should see: the lowest one that moved by what
// the others did, which most requests feel; t where none did. Of a tail that is a second
// late, a median that rose by a millisecond tells nothing.
func (s shift) shown(t int) int {
	most := 0.0
	for d, m := range s.moved {
		if m {
			most = math.Max(most, s.now[d]-s.usual[d])
		}
	}
	for d, m := range s.moved {
		if m && s.now[d]-s.usual[d] >= telling*most {
			return d
		}
	}
	return t
}

// maxZ is the largest z of the quantiles that moved.
func (s shift) maxZ() float64 {
	z := 0.0
	for d, m := range s.moved {
		if m {
			z = math.Max(z, s.z[d])
		}
	}
	return z
}
