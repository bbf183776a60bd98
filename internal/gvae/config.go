package gvae

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// Config are the hyper-parameters of a model and of its training. Start from
// DefaultConfig; Train takes Hidden, LearningRate, Batch, Epochs and Patience of
// zero for their default, and the zero of all three of KLWeight, Mix and Chained
// for the published values.
type Config struct {
	// Hidden are the widths of the hidden layers of every network (default 10, 10, 10).
	Hidden []int
	// Structured adds the skip path of Node.Terms to the decoders (default true):
	//
	//	s = log(a + exp(overlap) * sum_c w_c * exp(calls_c + overlap_c) * exp(y_c)),  a, w_c >= 0 learned
	//
	// of which the network learns the residual. False is the published model.
	Structured bool
	// KLWeight is b, Mix is a and Chained is g of the hybrid loss
	//
	//	L = a [g MSE(z~q, chained) + (1-g) MSE(z~q, forced) + b KL(q||p)]
	//	  + (1-a) [g MSE(z~p, chained) + (1-g) MSE(z~p, forced)]
	//
	// (defaults 1, 0.9, 0.5 as published).
	KLWeight, Mix, Chained float64
	// LearningRate of Adam (default 0.005), Batch windows per step (default 64),
	// Epochs over the history at most (default 200); training stops early
	// where the held-out loss has not improved for Patience epochs (default 20).
	LearningRate float64
	Batch        int
	Epochs       int
	Patience     int
	// Seed makes training a pure function of its arguments.
	Seed uint64
	// Yield, where set, is called between steps with the time that the step
	// took; it sleeps to keep a CPU budget and may return an error to stop.
	Yield func(ctx context.Context, spent Spent) error
}

// Spent is what a step of training took: CPU time, and time on the clock, which is less
// where several cores took part.
type Spent struct{ Busy, Elapsed time.Duration }

// DefaultConfig returns the defaults that the fields of Config name.
func DefaultConfig() Config {
	return Config{
		Hidden: []int{10, 10, 10}, Structured: true,
		KLWeight: 1, Mix: 0.9, Chained: 0.5,
		LearningRate: 0.005, Batch: 64, Epochs: 200, Patience: 20,
	}
}

// Bounds of the networks' shape, against configurations and files that are not
// meant seriously.
const (
	maxLayers = 16
	maxWidth  = 4096
)

// withDefaults fills in what was left zero.
func (c Config) withDefaults() Config {
	d := DefaultConfig()
	if len(c.Hidden) == 0 {
		c.Hidden = d.Hidden
	}
	c.Hidden = slices.Clone(c.Hidden)
	if c.KLWeight == 0 && c.Mix == 0 && c.Chained == 0 {
		c.KLWeight, c.Mix, c.Chained = d.KLWeight, d.Mix, d.Chained
	}
	if c.LearningRate == 0 {
		c.LearningRate = d.LearningRate
	}
	if c.Batch == 0 {
		c.Batch = d.Batch
	}
	if c.Epochs == 0 {
		c.Epochs = d.Epochs
	}
	if c.Patience == 0 {
		c.Patience = d.Patience
	}
	return c
}

// validate reports everything that is wrong with a configuration, defaults
// filled in.
func (c *Config) validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(len(c.Hidden) <= maxLayers, "%d hidden layers, want at most %d", len(c.Hidden), maxLayers)
	for _, w := range c.Hidden {
		check(w >= 1 && w <= maxWidth, "hidden layer of width %d, want 1 to %d", w, maxWidth)
	}
	check(c.KLWeight >= 0 && finite(c.KLWeight), "KL weight %v, want a finite number that is not negative", c.KLWeight)
	check(c.Mix >= 0 && c.Mix <= 1, "mix %v, want 0 to 1", c.Mix)
	check(c.Chained >= 0 && c.Chained <= 1, "chained %v, want 0 to 1", c.Chained)
	check(c.LearningRate > 0 && finite(c.LearningRate), "learning rate %v, want a positive number", c.LearningRate)
	check(c.Batch > 0, "batch of %d windows, want at least one", c.Batch)
	check(c.Epochs > 0, "%d epochs, want at least one", c.Epochs)
	check(c.Patience > 0, "patience of %d epochs, want at least one", c.Patience)
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("gvae: configuration: %w", err)
	}
	return nil
}

// finite reports whether v is neither NaN nor infinite.
func finite(v float64) bool { return math.Abs(v) <= math.MaxFloat64 }
