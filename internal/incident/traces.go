package incident

import (
	"cmp"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// MaxTraces bounds the requests that an incident shows of a sort.
const MaxTraces = 5

// slowest returns the longest of some requests and another, each trace once, the
// longest first. Events share the slice, so that it is a new one.
func slowest(all []window.Exemplar, x window.Exemplar) []window.Exemplar {
	if x.Span == (identity.Span{}) {
		return all
	}
	out := append(slices.Clone(all), x)
	slices.SortStableFunc(out, func(a, b window.Exemplar) int { return -cmp.Compare(a.Duration, b.Duration) })
	return bound(out)
}

// latest returns the latest of some requests and one that comes after them, each
// trace once, the latest first, likewise.
func latest(all []window.Exemplar, x window.Exemplar) []window.Exemplar {
	if x.Span == (identity.Span{}) {
		return all
	}
	return bound(append([]window.Exemplar{x}, all...))
}

// bound keeps the first of each trace, and the first of them.
func bound(all []window.Exemplar) []window.Exemplar {
	out := all[:0]
	for _, x := range all {
		if !slices.ContainsFunc(out, func(o window.Exemplar) bool { return o.Span.Trace == x.Span.Trace }) {
			out = append(out, x)
		}
	}
	return slices.Clip(out[:min(len(out), MaxTraces)])
}
