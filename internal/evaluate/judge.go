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

// match counts the culprits that are named, and the services that name none.
func match(t *Truth, named []identity.Service) (found, wrong int) {
	got := make([]bool, len(t.Culprits))
	for _, s := range named {
		right, free := false, -1
		for i := range t.Culprits {
			if !t.Culprits[i].is(s) {
				continue
			}
			right = true
			if !got[i] && free < 0 {
				free = i
			}
		}
		switch {
		case !right:
			wrong++
		case free >= 0:
			got[free] = true
			found++
		}
	}
	return found, wrong
}

// right reports whether a candidate names a culprit.
func (t *Truth) right(s identity.Service) bool {
	return slices.ContainsFunc(t.Culprits, func(c Culprit) bool { return c.is(s) })
}
