package evaluate

import (
	"slices"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/method"
)

// deepest is the k of the largest top-k that is measured.
const deepest = 5

// outcome is one answer held against the truth.
type outcome struct {
	exact, missed, wrong bool
	abstained            bool
	top                  [deepest]float64 // top-k at k-1
	f1                   float64
	// resources of so many culprits with a known mechanism were named right; named
	// says whether the method names mechanisms at all.
	resources, known int
	named            bool
}

// judge holds an answer against the truth. A culprit that is named twice, as by
// both ends of a link, is named once.
//
//	top-k  true culprits among the first k ranked services / min(k, true culprits)
//	F1     2 |named and true| / (|named| + |true|)
func judge(t *Truth, a *method.Answer) outcome {
	var o outcome
	o.abstained = len(a.Culprits) == 0
	found, wrong := match(t, services(a.Culprits))
	o.exact = found == len(t.Culprits) && wrong == 0
	o.missed = found < len(t.Culprits)
	o.wrong = wrong > 0
	o.f1 = 2 * float64(found) / float64(found+wrong+len(t.Culprits))
	ranked := services(a.Ranking)
	for k := 1; k <= deepest; k++ {
		hits, _ := match(t, ranked[:min(k, len(ranked))])
		o.top[k-1] = float64(hits) / float64(min(k, len(t.Culprits)))
	}
	for i := range t.Culprits {
		c := &t.Culprits[i]
		if c.Mechanism == "" {
			continue
		}
		o.known++
		if slices.ContainsFunc(a.Culprits, func(x method.Candidate) bool { return c.is(x.Service) && c.by(x.Mechanism) }) {
			o.resources++
		}
	}
	o.named = slices.ContainsFunc(a.Culprits, func(x method.Candidate) bool { return x.Mechanism != "" })
	return o
}

// services lists those of candidates, each once.
func services(cs []method.Candidate) []identity.Service {
	var out []identity.Service
	for _, c := range cs {
		if !slices.Contains(out, c.Service) {
			out = append(out, c.Service)
		}
	}
	return out
}

// match counts the culprits that are named, and the services that name none. A
// service that is right for several culprits counts for the one that leaves most
// named: a maximum matching, by augmenting paths.
func match(t *Truth, named []identity.Service) (found, wrong int) {
	by := slices.Repeat([]int{-1}, len(t.Culprits)) // index in named
	var seen []bool
	var place func(i int) bool
	place = func(i int) bool {
		for c := range t.Culprits {
			if seen[c] || !t.Culprits[c].is(named[i]) {
				continue
			}
			seen[c] = true
			if by[c] < 0 || place(by[c]) {
				by[c] = i
				return true
			}
		}
		return false
	}
	for i, s := range named {
		if !t.right(s) {
			wrong++
			continue
		}
		seen = make([]bool, len(t.Culprits))
		if place(i) {
			found++
		}
	}
	return found, wrong
}

// right reports whether a candidate names a culprit.
func (t *Truth) right(s identity.Service) bool {
	return slices.ContainsFunc(t.Culprits, func(c Culprit) bool { return c.is(s) })
}
