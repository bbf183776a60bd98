package incident

import (
	"cmp"
	"maps"
	"slices"

	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/slo"
)

// merge makes parts of incidents that are open at once and are one, and returns those that
// have become parts: the later one becomes part of the earlier one, of those that open at once
// the one that says less, but one that is worth a page never of one that is not. What is a
// part stays one until its run ends. See docs/decisions/0013.
func (t *Tracker) merge() map[key]bool {
	joined := make(map[key]bool)
	said := make(map[key]rca.Verdict)
	wholes := make([]key, 0, len(t.open))
	for k, in := range t.open { // sorted below
		if !in.part() && (!in.Over || t.lasts(k)) {
			wholes = append(wholes, k)
			said[k] = in.verdict()
		}
	}
	slices.SortFunc(wholes, func(a, b key) int {
		x, y := t.open[a], t.open[b]
		return cmp.Or(-cmp.Compare(x.level(), y.level()), cmp.Compare(x.Opened, y.Opened), -cmp.Compare(len(said[a].Culprits), len(said[b].Culprits)),
			cmp.Compare(x.Last.SLO.Onset, y.Last.SLO.Onset), a.compare(b))
	})
	for i, k := range wholes {
		for _, into := range wholes[:i] {
			if v, w := said[k], said[into]; !t.open[into].part() && t.one(into, k, &w, &v) {
				t.join(into, k, !within(&v, &w))
				said[into] = t.open[into].verdict()
				joined[k] = true
				break
			}
		}
	}
	for _, k := range wholes {
		if !t.open[k].part() {
			t.listen(k)
		}
	}
	return joined
}

// one reports whether two incidents, with what they blame, are one: where all that one of them
// blames is blamed by the other too, whichever came first. Those of one operation are as soon
// as they have a cause in common; and where one of two indicators of the same sort names none,
// as nobody wants to be paged twice for a slow operation.
func (t *Tracker) one(a, b key, v, w *rca.Verdict) bool {
	if within(v, w) || within(w, v) {
		return true
	}
	if a.RPC != b.RPC {
		return false
	}
	if v.Abstained || w.Abstained {
		return t.open[a].Last.SLO.Objective.Indicator == t.open[b].Last.SLO.Objective.Indicator
	}
	return common(origins(v.Culprits), origins(w.Culprits))
}

// join makes an incident, with its parts, part of another, in which it has a voice where it
// speaks: where it blames what is not blamed there.
func (t *Tracker) join(into, k key, speaks bool) {
	whole, part := t.open[into], t.open[k]
	parts := slices.Concat(whole.Last.Parts, part.Last.Parts, []Part{{k.SLO, k.RPC}})
	slices.SortFunc(parts, func(a, b Part) int { return key(a).compare(key(b)) })
	parts = slices.Compact(parts)
	whole.Last.Parts = slices.DeleteFunc(parts, func(p Part) bool { return key(p) == into })
	for _, p := range append(t.parts(k), k) {
		t.open[p].Into = into
	}
	if part.Speaks = speaks; !speaks {
		return
	}
	if !part.Last.Verdict.Abstained {
		whole.hear(voice{k, part.Last.Verdict, part.Last.Changes})
	}
	for _, v := range part.Voices {
		whole.hear(v)
	}
}

// parts returns the incidents that are part of another now, sorted.
func (t *Tracker) parts(of key) []key {
	var out []key
	for _, k := range slices.SortedFunc(maps.Keys(t.open), key.compare) {
		if t.open[k].Into == of {
			out = append(out, k)
		}
	}
	return out
}

// whole returns the incident of which one is part: itself where it is of none.
func (t *Tracker) whole(k key) key {
	if in := t.open[k]; in != nil && in.part() {
		return in.Into
	}
	return k
}

// lasts reports whether the run of any part goes on.
func (t *Tracker) lasts(of key) bool {
	for _, in := range t.open {
		if in.Into == of && !in.Over {
			return true
		}
	}
	return false
}

// raised reports whether any part is worth a page where the incident by itself is not.
func (t *Tracker) raised(of key) bool {
	if t.open[of].level() > 0 {
		return false
	}
	for _, in := range t.open {
		if in.Into == of && in.level() > 0 {
			return true
		}
	}
	return false
}

// level is 1 of what is worth a page.
func (in *incident) level() int {
	if pages(in.Last.SLO) || in.Last.Raised {
		return 1
	}
	return 0
}

// pages reports whether an objective is worth a page: somebody has configured it, and
// more than a ticket is asked for.
func pages(s slo.State) bool { return !s.Objective.Learned && !s.Ticket }

// within reports whether all that a verdict blames, somebody at least, is blamed by another
// too.
func within(part, whole *rca.Verdict) bool {
	return len(part.Culprits) > 0 && covered(part.Culprits, origins(whole.Culprits))
}
