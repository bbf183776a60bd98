package slo

import (
	"encoding/json"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext"

	"github.com/sage-rca/sage/internal/sketch"
)

// MaxPooled is the number of windows that are put together at most, and that a scattered
// violation is looked for in.
const MaxPooled = 10

// chance is the probability below which as many bad requests are no chance.
const chance = 5e-3

// plainly reports whether so many of the few requests that windows show together are bad that
// a configured objective is missed, p being the share that may be: k of n are where
//
//	P(Binomial(n, p) >= k) < chance
//
// Two slow requests of three say of a 99th percentile what ten would, and one of ten says
// nothing.
func (t *track) plainly(o Observation) bool {
	n := o.Latency.Count()
	seen := n - o.Unseen
	if t.Objective.Learned || !(seen >= minSeen) {
		return false
	}
	_, ratio, over := t.Objective.measure(o)
	k := math.Floor(seen*ratio + rounding)
	return over && k >= minSeen && mathext.RegIncBeta(k, seen-k+1, t.Objective.allowed()) < chance
}

// Pending is the start, in ns, of the first of the windows that are in hand, to be judged
// together with those to come, and show bad requests; 0 where none do. Of a learned objective
// they count from the second time on: rare operations with a failed request now and then are
// many, and windows are large. So do windows that may turn out to be a scattered violation.
func (w *Watcher) Pending() int64 {
	var since int64
	for _, t := range w.tracks { // the minimum
		if bad := t.Few.bad; bad != 0 && (!t.Objective.Learned || t.Onset != 0) && (since == 0 || bad < since) {
			since = bad
		}
		if t.held != 0 && (since == 0 || t.held < since) {
			since = t.held
		}
	}
	return since
}

// sparse puts windows of few requests together until they are enough to be judged as one:
// an operation of eight requests a window, where ten are asked for, would never be. The
// zero value has none in hand.
type sparse struct {
	start          int64 // of the first in hand
	bad            int64 // of the first of them in which requests were bad, 0: none were
	latency        *sketch.Sketch
	unseen, errors float64
	biased         bool
}

// add takes in one more window, in which requests are bad or none is, and returns all in hand.
func (p *sparse) add(start, end int64, o Observation, bad bool) Observation {
	if p.latency == nil || start-p.start >= MaxPooled*(end-start) {
		*p = sparse{start: start}
	}
	if bad && p.bad == 0 {
		p.bad = start
	}
	p.merge(o)
	// Whether a violation goes on is asked of the end of what is judged: the last window's.
	o.Latency, o.Unseen, o.Errors, o.Biased = p.latency, p.unseen, p.errors, p.biased
	return o
}

// since is where what the windows in hand show began: at the first with bad requests, else at
// the first.
func (p *sparse) since() int64 {
	if p.bad != 0 {
		return p.bad
	}
	return p.start
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
	Bad            int64 `json:",omitempty"`
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
	return json.Marshal(inHand{p.start, p.bad, b, p.unseen, p.errors, p.biased})
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
	*p = sparse{start: s.Start, bad: s.Bad, latency: new(sketch.Sketch), unseen: s.Unseen, errors: s.Errors, biased: s.Biased}
	return p.latency.UnmarshalBinary(s.Latency)
}
