package evaluate

import (
	"strings"

	"github.com/sage-rca/sage/internal/method"
)

// Record is one incident with the answer of the default, for those who want to know
// why a figure is what it is.
type Record struct {
	Fault  string   `json:"fault"`  // kinds of all that was done
	Truth  []string `json:"truth"`  // "service mechanism"
	Answer []string `json:"answer"` // the same, of the culprits named
	Exact  bool     `json:"exact"`
	// Others are the methods that were exactly right where the default was not.
	Others []string `json:"others,omitempty"`
}

// records lists incidents in order of time.
func records(name string, incidents []*Incident) []Record {
	var out []Record
	for _, in := range incidents {
		r := Record{Fault: in.Truth.Fault, Truth: []string{}, Answer: []string{}}
		if in.Truth.Detail != "" {
			r.Fault = in.Truth.Detail
		}
		for i := range in.Truth.Culprits {
			c := &in.Truth.Culprits[i]
			r.Truth = append(r.Truth, strings.TrimSpace(c.Service.String()+" "+string(c.Mechanism)))
		}
		if rep := in.replies[name]; rep != nil {
			answer, _ := vote(rep.answers)
			for _, c := range answer.Culprits {
				r.Answer = append(r.Answer, blamed(c))
			}
			r.Exact = judge(&in.Truth, &answer).exact
		}
		if !r.Exact {
			r.Others = others(name, in)
		}
		out = append(out, r)
	}
	return out
}

func others(name string, in *Incident) []string {
	var out []string
	for _, m := range order {
		rep := in.replies[m]
		if rep == nil || m == name {
			continue
		}
		if answer, _ := vote(rep.answers); judge(&in.Truth, &answer).exact {
			out = append(out, m)
		}
	}
	return out
}

func blamed(c method.Candidate) string {
	return strings.TrimSpace(c.Service.String() + " " + string(c.Mechanism))
}
