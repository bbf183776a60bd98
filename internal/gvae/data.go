package gvae

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/nn"
)

// Data is a set of windows, feature-major: column c of window w is at c*N+w.
// Values are raw (log seconds for Y, feature units for X) and standardised
// inside with the model's scales. NaN is missing: as an input it counts as
// normal (the centre), as a target it is left out of the loss.
type Data struct {
	N int
	X []float64 // NX x N
	Y []float64 // len(Nodes)*D x N
	// Source, where not nil, gives the columns instead of X and Y, which are nil then. Large
	// sets need not be in memory twice so.
	Source Source
	// Weight per window (length N), nil: all 1. Used by the sampler of mini
	// batches: violations are oversampled this way.
	Weight []float64
	// Healthy marks the windows (length N) from which scales and residual
	// statistics are taken; nil, or where fewer than 8 or than a quarter are
	// marked: all of them, which the robustness of both tolerates while
	// violations are a minority. A structured model also learns from these
	// windows alone; the published one learns from all, and takes its scales
	// (mean and standard deviation) from all.
	Healthy []bool
	// Since holds for each node (length len(Nodes)) the first window from which it
	// is what it is, nil: all are from the beginning. Latencies of a node before that
	// are causes of others, but nothing to learn the node itself from: neither its
	// decoder nor its scales.
	Since []int
	// SinceX holds for each column of X the first window from which it counts, nil: all
	// count from the beginning. Values before that are missing.
	SinceX []int
}

// Source gives columns of windows, each as often as it is asked for, and always the same,
// until Train or Retrain returns.
type Source interface {
	// X sets dst, of as many values as there are windows, to a column of X, Y to one of Y.
	X(dst []float64, column int)
	Y(dst []float64, column int)
}

// x returns a column of X, which must not be changed. It may lie in memory, which has room
// for one.
func (d *Data) x(c int, memory []float64) []float64 {
	out := memory
	if d.Source != nil {
		d.Source.X(out, c)
	} else {
		out = row(d.X, c, d.N)
	}
	if d.SinceX == nil || d.SinceX[c] <= 0 {
		return out
	}
	copy(memory, out)
	forget(memory, d.SinceX[c])
	return memory
}

// y returns a column of Y as x does one of X.
func (d *Data) y(c int, memory []float64) []float64 {
	if d.Source == nil {
		return row(d.Y, c, d.N)
	}
	d.Source.Y(memory, c)
	return memory
}

// own is y of a node of dims latencies without what is nothing to learn it from.
func (d *Data) own(c, dims int, memory []float64) []float64 {
	out := d.y(c, memory)
	if d.Since == nil || d.Since[c/dims] <= 0 {
		return out
	}
	copy(memory, out)
	forget(memory, d.Since[c/dims])
	return memory
}

// forget makes the values of a column missing before a window.
func forget[F nn.Float](column []F, since int) {
	nn.Fill(column[:min(max(0, since), len(column))], F(math.NaN()))
}

// minWindows is the least that anything can be learned from.
const minWindows = 8

// validate reports whether data has the shape that a spec wants, and anything in
// it.
func (d *Data) validate(s *Spec) error {
	var errs []error
	length := func(what string, got, want int) {
		if got != want {
			errs = append(errs, fmt.Errorf("%s has %d values, want %d", what, got, want))
		}
	}
	if d.N < minWindows {
		errs = append(errs, fmt.Errorf("%d windows, want at least %d", d.N, minWindows))
	}
	columns := len(s.Nodes) * s.D
	if d.Source != nil {
		length("X beside a source", len(d.X), 0)
		length("Y beside a source", len(d.Y), 0)
	} else {
		length("X", len(d.X), s.NX*d.N)
		length("Y", len(d.Y), columns*d.N)
	}
	if d.Weight != nil {
		length("Weight", len(d.Weight), d.N)
	}
	if d.Healthy != nil {
		length("Healthy", len(d.Healthy), d.N)
	}
	if d.Since != nil {
		length("Since", len(d.Since), len(s.Nodes))
	}
	if d.SinceX != nil {
		length("SinceX", len(d.SinceX), s.NX)
	}
	if len(errs) == 0 && !d.tells(columns) {
		errs = append(errs, errors.New("no latency is known"))
	}
	errs = append(errs, d.weigh()...)
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("gvae: data: %w", err)
	}
	return nil
}

// tells reports whether any latency is known.
func (d *Data) tells(columns int) bool {
	memory := make([]float64, d.N)
	for c := range columns {
		if slices.ContainsFunc(d.y(c, memory), finite) {
			return true
		}
	}
	return false
}

// weigh reports what is wrong with the weights.
func (d *Data) weigh() (errs []error) {
	total := 0.0
	for _, w := range d.Weight {
		if !finite(w) || w < 0 {
			errs = append(errs, fmt.Errorf("weight %v, want a finite number that is not negative", w))
			break
		}
		total += w
	}
	if d.Weight != nil && !(total > 0 && finite(total)) {
		errs = append(errs, errors.New("weights do not add up to a positive number"))
	}
	return errs
}
