package method

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// maxSweeps bounds the rounds of the coordinate ascent, each of which improves on
// the one before; in practice two or three do.
const maxSweeps = 20

// FitThresholds chooses the thresholds that name the most culprit sets exactly on
// the incidents themselves, and among those the ones with most right and fewest
// wrong services. It is a coordinate ascent: metric by metric, in the order of their
// names, all values that tell incidents apart are tried while the other thresholds
// stand, until nothing improves. It begins with no thresholds, and again with each
// metric's best threshold alone, and keeps the best result.
func FitThresholds(incidents []Labelled) *Thresholds {
	f := newThresholdFit(incidents)
	best := f.ascend(nil)
	most := f.reached
	for m := range f.metrics {
		if t := f.ascend(&m); most.less(f.reached) {
			best, most = t, f.reached
		}
	}
	return best
}

// goal is what is maximised, the first field first.
type goal struct {
	exact int // incidents
	net   int // right services less wrong ones
}

func (g goal) less(o goal) bool {
	return cmp.Or(cmp.Compare(g.exact, o.exact), cmp.Compare(g.net, o.net)) < 0
}

// reading is the value of one metric of one service of an incident.
type reading struct {
	value float64
	at    int // position among all services of all incidents
}

// thresholdFit holds the readings of every metric, largest first.
type thresholdFit struct {
	metrics  []string
	readings [][]reading

	incident []int  // of each service of each incident
	culprit  []bool // of the same
	truths   []int  // culprits of each incident, those without readings included

	limits  []float64 // by metric
	above   []int     // metrics above their threshold, by service
	right   []int     // culprits blamed, by incident
	wrong   []int     // others blamed, by incident
	reached goal
}

func newThresholdFit(incidents []Labelled) *thresholdFit {
	f := &thresholdFit{}
	by := map[string][]reading{}
	for i := range incidents {
		in := &incidents[i]
		f.truths = append(f.truths, len(in.Services))
		for j := range in.Observation.Services {
			u := &in.Observation.Services[j]
			at := len(f.incident)
			f.incident = append(f.incident, i)
			f.culprit = append(f.culprit, slices.ContainsFunc(in.Services, func(s identity.Service) bool { return matches(s, u.Service) }))
			for _, v := range u.Values {
				by[v.Metric] = append(by[v.Metric], reading{v.Value, at})
			}
		}
	}
	f.metrics = slices.Sorted(maps.Keys(by))
	for _, m := range f.metrics {
		slices.SortStableFunc(by[m], func(a, b reading) int { return -cmp.Compare(a.value, b.value) })
		f.readings = append(f.readings, by[m])
	}
	return f
}

// matches reports whether a service is the one that a truth names; one without a
// namespace names it in any.
func matches(truth, s identity.Service) bool {
	return truth == s || truth.Namespace == "" && truth.Name == s.Name
}

// ascend climbs from no thresholds, or from the best one of metric *from alone.
func (f *thresholdFit) ascend(from *int) *Thresholds {
	f.limits = slices.Repeat([]float64{math.Inf(1)}, len(f.metrics))
	f.above = make([]int, len(f.incident))
	f.right, f.wrong = make([]int, len(f.truths)), make([]int, len(f.truths))
	f.reached = f.goal()
	if from != nil {
		f.improve(*from)
	}
	for range maxSweeps {
		before := f.reached
		for m := range f.metrics {
			f.improve(m)
		}
		if f.reached == before {
			break
		}
	}
	t := &Thresholds{of: make(map[string]float64)}
	for m, limit := range f.limits {
		if !math.IsInf(limit, 1) {
			t.of[f.metrics[m]] = limit
		}
	}
	return t
}

// goal counts what the present thresholds reach.
func (f *thresholdFit) goal() goal {
	var g goal
	for i := range f.truths {
		g.net += f.right[i] - f.wrong[i]
		if f.exact(i) {
			g.exact++
		}
	}
	return g
}

// exact reports whether an incident's set is. An incident that blames nobody is
// never right.
func (f *thresholdFit) exact(i int) bool {
	return f.right[i] == f.truths[i] && f.wrong[i] == 0 && f.right[i] > 0
}

// improve sets one threshold to the best value while the others stand: the
// readings of the metric are blamed one after the other, largest first, and the best
// point to stop is between two that differ. Of equal ones the highest is taken.
func (f *thresholdFit) improve(m int) {
	for _, r := range f.readings[m] { // as if the metric had no threshold
		if r.value > f.limits[m] {
			f.blame(r.at, -1)
		}
	}
	g := f.goal()
	best, limit, upTo := g, math.Inf(1), 0
	rs := f.readings[m]
	for i, r := range rs {
		f.move(&g, r.at)
		if i+1 < len(rs) && rs[i+1].value == r.value {
			continue
		}
		if best.less(g) {
			best, upTo = g, i+1
			limit = math.Nextafter(r.value, math.Inf(-1))
			if i+1 < len(rs) {
				// Between both, but never at the smaller one or above the larger.
				if mid := r.value/2 + rs[i+1].value/2; mid > rs[i+1].value && mid < r.value {
					limit = mid
				}
			}
		}
	}
	for _, r := range rs[upTo:] {
		f.blame(r.at, -1)
	}
	f.limits[m], f.reached = limit, best
}

// move blames a service once more and keeps g up to date.
func (f *thresholdFit) move(g *goal, at int) {
	i := f.incident[at]
	was, net := f.exact(i), f.right[i]-f.wrong[i]
	f.blame(at, 1)
	g.net += f.right[i] - f.wrong[i] - net
	if is := f.exact(i); is != was {
		if is {
			g.exact++
		} else {
			g.exact--
		}
	}
}

// blame notes that one more metric of a service, or with by -1 one less, is above
// its threshold.
func (f *thresholdFit) blame(at, by int) {
	i, was := f.incident[at], f.above[at] > 0
	f.above[at] += by
	is := f.above[at] > 0
	count := &f.wrong[i]
	if f.culprit[at] {
		count = &f.right[i]
	}
	switch {
	case is && !was:
		*count++
	case was && !is:
		*count--
	}
}
