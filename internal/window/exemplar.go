package window

import (
	"bytes"
	"cmp"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// reservoirSize is the number of candidates kept for the typical exemplar.
const reservoirSize = 8

// reservoir keeps the slowest span, and the spans of the least hashes as an
// unbiased sample: which ones it keeps does not depend on the order in which they
// are offered, nor on how they are split over shards.
type reservoir struct {
	slow   Exemplar
	sample []Exemplar // sorted by hash
}

func (r *reservoir) offer(e Exemplar) {
	if r.slow == (Exemplar{}) || slower(e, r.slow) {
		r.slow = e
	}
	if len(r.sample) == reservoirSize && compareHash(e, r.sample[reservoirSize-1]) >= 0 {
		return
	}
	i, _ := slices.BinarySearchFunc(r.sample, e, compareHash)
	r.sample = slices.Insert(r.sample, i, e)
	if len(r.sample) > reservoirSize {
		r.sample = r.sample[:reservoirSize]
	}
}

// merge adds the candidates of o.
func (r *reservoir) merge(o *reservoir) {
	for _, e := range o.sample {
		r.offer(e)
	}
	if o.slow != (Exemplar{}) && (r.slow == (Exemplar{}) || slower(o.slow, r.slow)) {
		r.slow = o.slow
	}
}

// typical returns the candidate nearest to the median in ns.
func (r *reservoir) typical(median float64) Exemplar {
	var best Exemplar
	gap := math.Inf(1)
	for _, e := range r.sample {
		if d := math.Abs(float64(e.Duration) - median); d < gap {
			best, gap = e, d
		}
	}
	return best
}

// slower orders by duration, then by id.
func slower(a, b Exemplar) bool {
	if a.Duration != b.Duration {
		return a.Duration > b.Duration
	}
	return compareSpan(a.Span, b.Span) < 0
}

func compareHash(a, b Exemplar) int {
	return cmp.Or(cmp.Compare(hash(a.Span), hash(b.Span)), compareSpan(a.Span, b.Span))
}

func compareSpan(a, b identity.Span) int {
	return cmp.Or(bytes.Compare(a.Trace[:], b.Trace[:]), bytes.Compare(a.ID[:], b.ID[:]))
}

// hash is FNV-1a over the ids of a span.
func hash(s identity.Span) uint64 {
	h := uint64(14695981039346656037)
	for _, b := range s.Trace {
		h = (h ^ uint64(b)) * 1099511628211
	}
	for _, b := range s.ID {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h
}
