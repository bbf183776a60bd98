package page

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/evaluate"
)

// Methods that the page speaks of by themselves; every other one is a baseline.
const (
	theDefault  = "sage"
	ownRobust   = "robust"
	asPublished = "sage_published"
)

// place is something on which all methods were measured.
type place struct {
	where, what string // suite, set or curve; kind of fault or point, "" for all of it
	recorded    bool
	methods     []evaluate.MethodResult
	unmeasured  string // why there are none
}

// main is the figure by which methods are compared in a place: the exact set, and
// on recordings, whose incidents have one culprit and are compared so in the
// literature, top-1.
func (p *place) main() figure {
	if p.recorded {
		return top1()
	}
	return exact()
}

// places lists suites, recorded sets and their kinds of faults.
func places(r *evaluate.Results) []place {
	var out []place
	for i := range r.Suites {
		s := &r.Suites[i]
		out = append(out, place{where: s.Name, methods: s.Methods})
		for _, f := range byFault(s.ByFault) {
			out = append(out, place{where: s.Name, what: f.name, methods: f.methods})
		}
	}
	for i := range r.Recorded {
		s := &r.Recorded[i]
		out = append(out, place{where: s.Name, recorded: true, methods: s.Methods, unmeasured: s.Unmeasured})
		for _, f := range byFault(s.ByFault) {
			out = append(out, place{where: s.Name, what: f.name, recorded: true, methods: f.methods})
		}
	}
	return out
}

// curvePlaces lists the points of the robustness curves.
func curvePlaces(r *evaluate.Results) []place {
	var out []place
	for _, name := range slices.Sorted(maps.Keys(r.Robustness)) {
		for _, m := range curve(r.Robustness[name]) {
			out = append(out, place{where: name, what: m.name, methods: m.methods})
		}
	}
	return out
}

// best returns the method that leads by a figure, of those that keep admits, the
// first of equal ones; nil where there is none.
func best(methods []evaluate.MethodResult, f figure, keep func(name string) bool) *evaluate.MethodResult {
	var out *evaluate.MethodResult
	lead := 0.0
	for i := range methods {
		m := &methods[i]
		if m.Incidents == 0 || !keep(m.Name) {
			continue
		}
		if v, _ := f.of(m); out == nil || v > lead {
			out, lead = m, v
		}
	}
	return out
}

func isBaseline(name string) bool {
	return name != theDefault && name != ownRobust && name != asPublished
}

func isOther(name string) bool { return name != theDefault }

// alike is how far apart two equal shares may be after rounding in sums.
const alike = 1e-9

// defeat is a place in which another method is ahead of the default.
type defeat struct {
	place  place
	figure figure
	ours   *evaluate.MethodResult
	theirs *evaluate.MethodResult
	by     float64 // share
}

// against holds the default against another method in a place. It reports false
// where that one is not ahead.
func against(p place, f figure, theirs *evaluate.MethodResult) (defeat, bool) {
	ours := find(p.methods, theDefault)
	if ours == nil || theirs == nil || ours.Incidents == 0 || theirs.Incidents == 0 {
		return defeat{}, false
	}
	a, _ := f.of(ours)
	b, _ := f.of(theirs)
	return defeat{p, f, ours, theirs, b - a}, b-a > alike && !math.IsInf(b-a, 0)
}

// lost is the number of incidents that the other method answers and the default
// does not, net.
func (d *defeat) lost() float64 { return d.by * float64(d.ours.Incidents) }

// defeats lists the places where the best other method is ahead of the default, by
// how many incidents, so that a kind with two incidents does not outweigh a suite;
// of equal ones that with the larger difference of shares comes first.
func defeats(r *evaluate.Results) []defeat {
	var out []defeat
	for _, p := range append(places(r), pooled(r)...) {
		if d, ok := against(p, p.main(), best(p.methods, p.main(), isOther)); ok {
			out = append(out, d)
		}
	}
	slices.SortStableFunc(out, func(a, b defeat) int {
		if diff := a.lost() - b.lost(); math.Abs(diff) > alike {
			return -cmp.Compare(diff, 0)
		}
		return -cmp.Compare(a.by, b.by)
	})
	return out
}

// robustDefeats lists every place and point where the robust scorer alone is ahead
// of the default that contains it, by exact sets or by top-1.
func robustDefeats(r *evaluate.Results) []defeat {
	var out []defeat
	for _, p := range slices.Concat(places(r), curvePlaces(r)) {
		for _, f := range []figure{exact(), top1()} {
			if d, ok := against(p, f, find(p.methods, ownRobust)); ok {
				out = append(out, d)
			}
		}
	}
	return out
}

// lowest lists at most n places in which the default answers the least. A kind of
// fault that is pooled over suites is not looked at in each of them.
func lowest(r *evaluate.Results, n int) []place {
	pools := pooled(r)
	inPool := func(p *place) bool {
		return !p.recorded && slices.ContainsFunc(pools, func(q place) bool { return q.what == p.what })
	}
	value := func(p *place) float64 {
		v, _ := p.main().of(find(p.methods, theDefault))
		return v
	}
	out := slices.Clone(pools)
	for _, p := range places(r) {
		if !inPool(&p) {
			out = append(out, p)
		}
	}
	out = slices.DeleteFunc(out, func(p place) bool {
		m := find(p.methods, theDefault)
		return m == nil || m.Incidents == 0 || value(&p) >= 1-alike
	})
	slices.SortStableFunc(out, func(a, b place) int { return cmp.Compare(value(&a), value(&b)) })
	return out[:min(n, len(out))]
}
