package incident

import (
	"fmt"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/rca"
)

// maxCandidates bounds those of a verdict, see rca.Verdict.
const maxCandidates = 5

// voice is what a part blames that its incident does not blame of itself. It is heard until
// the incident ends, as last said: what hurt an objective that is met again belongs to what
// happened.
type voice struct {
	By      key
	Verdict rca.Verdict
	Changes []Linked
}

// listen takes in what the parts of an incident blame that have a voice in it: those that
// became parts with causes that it does not name or with none, and of its own operation those
// that find more later than it does. What the parts of other operations find later is not
// heard: they are many, and of many verdicts one is always wrong.
func (t *Tracker) listen(k key) {
	in := t.open[k]
	if len(in.Last.Parts) == 0 {
		return
	}
	for _, p := range t.parts(k) {
		part := t.open[p]
		if v := in.verdict(); p.RPC == k.RPC && within(&v, &part.Last.Verdict) && !within(&part.Last.Verdict, &v) {
			part.Speaks = true
		}
		if part.Speaks && !part.Last.Verdict.Abstained {
			in.hear(voice{p, part.Last.Verdict, part.Last.Changes})
		}
	}
}

// hear keeps the last that each part says, sorted by parts.
func (in *incident) hear(v voice) {
	at, known := slices.BinarySearchFunc(in.Voices, v.By, func(o voice, by key) int { return o.By.compare(by) })
	if known {
		in.Voices[at] = v
		return
	}
	in.Voices = slices.Insert(in.Voices, at, v)
}

// verdict is what is said of an incident: what it blames, and what its parts do.
func (in *incident) verdict() rca.Verdict {
	v := in.Last.Verdict
	for i := range in.Voices {
		v = joined(v, &in.Voices[i])
	}
	return v
}

// changes are what is said to have changed before: before the cause that is said first.
func (in *incident) changes() []Linked {
	if in.Last.Verdict.Abstained && len(in.Voices) > 0 {
		return in.Voices[0].Changes
	}
	return in.Last.Changes
}

// joined is a verdict with the culprits of another objective that it does not name. What it
// supposes to be normal stays what it was.
func joined(v rca.Verdict, other *voice) rca.Verdict {
	var more []rca.Cause
	for _, c := range other.Verdict.Culprits {
		if !named(v.Culprits, c) && !named(more, c) {
			more = append(more, foreign(&v, c, other.By))
		}
	}
	if len(more) == 0 {
		return v
	}
	out := v
	if v.Abstained {
		o := &other.Verdict
		out.Abstained, out.Reason, out.Method, out.Agreed, out.RuledOut = false, "", o.Method, o.Agreed, o.RuledOut
		out.Quantile, out.Lower, out.Upper, out.RestoresSLO = math.NaN(), math.NaN(), math.NaN(), false
	}
	out.Culprits = slices.Concat(v.Culprits, more)
	out.Candidates = slices.Clone(out.Culprits)
	for _, c := range v.Candidates {
		if !named(out.Culprits, c) {
			out.Candidates = append(out.Candidates, c)
		}
	}
	out.Candidates = out.Candidates[:min(len(out.Candidates), max(maxCandidates, len(out.Culprits)))]
	return out
}

// named reports whether one of some causes lies where another does.
func named(causes []rca.Cause, c rca.Cause) bool {
	return covered([]rca.Cause{c}, origins(causes)) ||
		slices.ContainsFunc(causes, func(o rca.Cause) bool { return root(o) == root(c) })
}

// foreign is a cause that another objective blames, as one of v: what the tail would have been
// without it is known where it is a candidate there.
func foreign(v *rca.Verdict, c rca.Cause, by key) rca.Cause {
	c.Quantile, c.Lower, c.Upper, c.Contribution = math.NaN(), math.NaN(), math.NaN(), 0
	for i := range v.Candidates {
		if o := &v.Candidates[i]; named([]rca.Cause{*o}, c) {
			c.Quantile, c.Lower, c.Upper, c.Contribution = o.Quantile, o.Lower, o.Upper, o.Contribution
			break
		}
	}
	c.Evidence = slices.Concat([]string{fmt.Sprintf("blamed for %s of %s", by.SLO, by.RPC)}, c.Evidence)
	return c
}
