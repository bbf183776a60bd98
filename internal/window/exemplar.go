package window

import (
	"bytes"
	"cmp"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
)

// candidates is the number of spans among which the typical one is chosen. The
// nearest of 16 to the median is at the 47th to 53rd percentile in the mean.
const candidates = 16

// exemplars collects the slowest span and a sample of all.
type exemplars struct {
	slow   Exemplar
	any    bool
	full   bool        // sample is
	limit  uint64      // largest hash in sample
	sample []candidate // by hash, then span, then duration; at most candidates
}

type candidate struct {
	hash uint64
	Exemplar
}

func (c candidate) compare(o candidate) int {
	return cmp.Or(cmp.Compare(c.hash, o.hash), compareSpans(c.Span, o.Span), cmp.Compare(c.Duration, o.Duration))
}

func compareSpans(a, b identity.Span) int {
	return cmp.Or(bytes.Compare(a.Trace[:], b.Trace[:]), bytes.Compare(a.ID[:], b.ID[:]))
}

// add takes in a span, with its hash, and the duration that stands for it.
func (e *exemplars) add(span *identity.Span, hash uint64, duration int64) {
	duration = max(0, duration)
	if duration >= e.slow.Duration || !e.any {
		e.offer(Exemplar{Span: *span, Duration: duration})
	}
	if hash <= e.limit || !e.full { // by far the fewest
		e.keep(candidate{hash, Exemplar{Span: *span, Duration: duration}})
	}
}

func (e *exemplars) reset() { *e = exemplars{sample: e.sample[:0]} }

// offer makes x the slowest if it is; among equals the least span id is.
func (e *exemplars) offer(x Exemplar) {
	if !e.any || x.Duration > e.slow.Duration ||
		x.Duration == e.slow.Duration && compareSpans(x.Span, e.slow.Span) < 0 {
		e.slow, e.any = x, true
	}
}

func (e *exemplars) keep(c candidate) {
	n := len(e.sample)
	if n == candidates && c.compare(e.sample[n-1]) >= 0 {
		return
	}
	at, _ := slices.BinarySearchFunc(e.sample, c, candidate.compare)
	e.sample = slices.Insert(e.sample, at, c)
	e.sample = e.sample[:min(candidates, len(e.sample))]
	e.full, e.limit = len(e.sample) == candidates, e.sample[len(e.sample)-1].hash
}

func (e *exemplars) merge(o *exemplars) {
	if !o.any {
		return
	}
	e.offer(o.slow)
	for _, c := range o.sample {
		e.keep(c)
	}
}

// typical returns the candidate nearest to the median, the first in the order
// of hashes among equals.
func (e *exemplars) typical(s *sketch.Sketch) Exemplar {
	median := s.Quantile(0.5)
	var best Exemplar
	nearest := math.Inf(1)
	for _, c := range e.sample {
		if d := math.Abs(float64(c.Duration) - median); d < nearest {
			best, nearest = c.Exemplar, d
		}
	}
	return best
}
