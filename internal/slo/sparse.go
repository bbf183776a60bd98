package slo

import (
	"encoding/json"
	"fmt"

	"github.com/sage-rca/sage/internal/sketch"
)

// maxPooled is the number of windows that are put together at most.
const maxPooled = 10

// sparse puts windows of few requests together until they are enough to be judged as one:
// an operation of eight requests a window, where ten are asked for, would never be. The
// zero value has none in hand.
type sparse struct {
	start          int64 // of the first in hand
	latency        *sketch.Sketch
	unseen, errors float64
	biased         bool
}

// add takes in one more window, and returns all in hand, since when.
func (p *sparse) add(start, end int64, o Observation) (from int64, all Observation) {
	if p.latency == nil || start-p.start >= maxPooled*(end-start) {
		*p = sparse{start: start}
	}
	p.merge(o)
	// Whether a violation goes on is asked of the end of what is judged: the last window's.
	o.Latency, o.Unseen, o.Errors, o.Biased = p.latency, p.unseen, p.errors, p.biased
	return p.start, o
}

// merge adds the requests of a window to those in hand.
func (p *sparse) merge(o Observation) {
	if p.latency == nil {
		p.latency = new(sketch.Sketch)
	}
	p.latency.Merge(o.Latency)
	p.unseen += o.Unseen
	p.errors += o.Errors
	p.biased = p.biased || o.Biased
}

// IsZero reports whether nothing is in hand.
func (p sparse) IsZero() bool { return p.latency == nil }

// inHand is what is written of a sparse.
type inHand struct {
	Start          int64
	Latency        []byte
	Unseen, Errors float64
	Biased         bool
}

// MarshalJSON writes what is in hand.
func (p sparse) MarshalJSON() ([]byte, error) {
	if p.IsZero() {
		return []byte("null"), nil
	}
	b, err := p.latency.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("slo: %w", err)
	}
	return json.Marshal(inHand{p.start, b, p.unseen, p.errors, p.biased})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (p *sparse) UnmarshalJSON(b []byte) error {
	var s *inHand
	if err := json.Unmarshal(b, &s); err != nil || s == nil {
		return err
	}
	if !counts(s.Unseen) || !counts(s.Errors) {
		return fmt.Errorf("slo: %v unseen and %v failed requests cannot be", s.Unseen, s.Errors)
	}
	*p = sparse{start: s.Start, latency: new(sketch.Sketch), unseen: s.Unseen, errors: s.Errors, biased: s.Biased}
	return p.latency.UnmarshalBinary(s.Latency)
}
