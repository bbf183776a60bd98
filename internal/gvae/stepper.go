package gvae

import (
	"errors"
	"slices"

	"github.com/sage-rca/sage/internal/nn"
)

// Stepper takes the steps of a training one at a time, so that an implementation of
// the same model elsewhere can be held against this one, number by number, and step
// by step against the clock. Training itself is Train. A Stepper is not safe for
// concurrent use.
type Stepper struct {
	t       *trainer[float32]
	windows int
	before  [halves]nn.Noise // the sources of noise before the last step
}

// NewStepper prepares a training from scratch as Train does, whose errors it has.
func NewStepper(spec Spec, data Data, cfg Config) (*Stepper, error) {
	cfg = cfg.withDefaults()
	if err := errors.Join(spec.validate(), cfg.validate()); err != nil {
		return nil, err
	}
	if err := data.validate(&spec); err != nil {
		return nil, err
	}
	t, _, err := newTrainer[float32](spec, &data, cfg, nil)
	if err != nil {
		return nil, err
	}
	return &Stepper{t: t}, nil
}

// Step moves the parameters once, by a batch of windows of the data, at most
// Config.Batch, and returns the loss of that batch before. It reports false, and moves
// nothing, where numbers overflowed.
func (s *Stepper) Step(windows []int) (loss float64, ok bool) {
	s.windows = len(windows)
	for i, h := range s.t.team.halves {
		s.before[i] = h.noise
	}
	loss, _, ok = s.t.step(windows)
	return loss, ok
}

// Noise returns the ε that the last step drew: of z ~ q and then of z ~ p, each a row
// per latent and a column per window.
func (s *Stepper) Noise() []float64 {
	rows := 2 * len(s.t.model.spec.Latents)
	out := make([]float64, rows*s.windows)
	at := 0
	for i, source := range s.before { // drawn once more
		size := s.t.team.halves[i].pass.size
		for end := at + share(s.windows, i); at < end; {
			n := min(size, end-at)
			eps := make([]float32, rows*n)
			nn.Normals(eps, &source)
			for r := range rows {
				convert(row(out, r, s.windows)[at:at+n], row(eps, r, n))
			}
			at += n
		}
	}
	return out
}

// Model returns a model with the parameters as they are now.
func (s *Stepper) Model() (*Model, error) {
	copy(s.t.best, s.t.theta)
	convert(s.t.model.theta, s.t.theta)
	if err := s.t.measure(); err != nil {
		return nil, err
	}
	m := *s.t.model
	m.theta = slices.Clone(m.theta)
	return &m, nil
}
