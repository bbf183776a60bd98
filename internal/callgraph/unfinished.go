package callgraph

import (
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// A trace is due when its root has ended, but work goes on for requests of which the caller has
// given up: it is told of when its own spans end, long after. What comes of that until the root is
// due is cut at any place, so that requests lack calls and calls lack requests. Hence what does
// not hang together with anything whole, and is still being told of, waits on.

// unfinished marks what of t, which is loaded, is still being told of at event time now: spans
// below one whose parent has not come, of which one ended after that. It returns nil where
// nothing is, as in any trace that is not resolved for its root alone.
func (f *fragment) unfinished(t *trace, maxAge, now int64) map[identity.SpanID]bool {
	if !t.rooted || t.lastEnd <= now || t.firstEnd > maxTime-maxAge || t.firstEnd+maxAge <= now {
		return nil
	}
	if !slices.ContainsFunc(f.nodes, func(n node) bool { return n.parent == lost }) {
		return nil
	}
	f.sort()
	tops := make([]int32, len(f.nodes))
	last := make(map[int32]int64)
	for _, i := range f.order {
		tops[i] = i
		if p := f.nodes[i].parent; p >= 0 {
			tops[i] = tops[p]
		}
		if top := tops[i]; f.nodes[top].parent == lost {
			last[top] = max(last[top], f.nodes[i].span.end)
		}
	}
	var out map[identity.SpanID]bool
	for i, top := range tops {
		if last[top] > now {
			if out == nil {
				out = make(map[identity.SpanID]bool)
			}
			out[f.nodes[i].span.id] = true
		}
	}
	return out
}

// split moves the spans of t that keep names to a trace of their own, of the same id.
func (p *pending) split(t *trace, keep map[identity.SpanID]bool) {
	out := p.file(t.id, t.tag, maxTime, 0)
	p.records = p.slab.takeOut(t, p.records[:0])
	for _, r := range p.records {
		to := t
		if keep[r.id] {
			to = out
			out.firstEnd, out.lastEnd = min(out.firstEnd, r.end), max(out.lastEnd, r.end)
		}
		*p.slab.next(to) = r
	}
	p.schedule(out)
}
