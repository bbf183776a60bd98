package gvae

import (
	"context"
	"math/rand/v2"
	"time"
)

// Config are the hyper-parameters of a model and of its training.
type Config struct {
	// Hidden are the widths of the hidden layers of every network (default 10, 10, 10).
	Hidden []int
	// Structured adds the skip path of Node.Terms to the decoders (default true):
	//
	//	s = log(a + exp(overlap) * sum_c w_c * exp(calls_c) * exp(y_c)),  a, w_c >= 0 learned
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
	Yield func(ctx context.Context, busy time.Duration) error
}

// Report is what training says of itself.
type Report struct {
	Epochs, Steps int
	TrainLoss     float64
	HeldOutLoss   float64
	Busy          time.Duration // time of the steps alone
}

// Model is a trained model. It is immutable and safe for concurrent use.
type Model struct {
	spec   Spec
	cfg    Config
	xScale Scale
	yScale Scale
	// The helper that implements this adds parameters, residual statistics
	// and whatever else it needs here.
}

// Train fits a model to data from scratch, or from the weights of prev where
// prev is not nil and has the same shapes. It returns the error of ctx or of
// Yield where one of them ends it, and an error where data is unusable; it never
// returns a model with a NaN in it.
func Train(ctx context.Context, spec Spec, data Data, cfg Config, prev *Model) (*Model, Report, error) {
	panic("not implemented")
}

// Spec returns the wiring, which must not be changed.
func (m *Model) Spec() *Spec { return &m.spec }

// Evidence is what one window says of the latents: the result of abduction.
type Evidence struct {
	model *Model
}

// Abduct infers the latents of one window from raw x (NX) and y (len(Nodes)*D),
// NaN where missing: the encoder's posterior, its inputs clamped to the range
// of the training data, and for each node the residual that neither its parents
// nor the posterior explain,
//
//	e_n = y_n - f_n(y_parents, x, E[z|x,y])   in standardised log seconds.
func (m *Model) Abduct(x, y []float64) *Evidence { panic("not implemented") }

// Residual returns e_n of quantile d divided by its standard deviation over the
// healthy training windows given parents and the PRIOR at x: how abnormal the
// node is given its causes (CIRCA's criterion). NaN where y is missing.
func (e *Evidence) Residual(node, d int) float64 { panic("not implemented") }

// Intervention says what a counterfactual sets. Everything else keeps what
// abduction found for it, residuals included.
type Intervention struct {
	// X holds raw values for columns.
	X map[int]float64
	// Latents are drawn from their prior at the new X.
	Latents []int
	// Nodes have their residual set to zero: they behave as the model expects.
	Nodes []int
}

// Counterfactual returns samples draws of the D quantiles of node target, raw
// log seconds, at s*D+d, had the intervention been made: only what descends from
// what was set is recomputed, in topological order. The same src state gives the
// same draws.
func (e *Evidence) Counterfactual(do Intervention, target, samples int, src rand.Source) []float64 {
	panic("not implemented")
}

// MarshalBinary writes spec, configuration, scales and parameters (safetensors
// with the rest as metadata); UnmarshalModel reads it back and refuses what it
// does not understand with an error that says why.
func (m *Model) MarshalBinary() ([]byte, error) { panic("not implemented") }

// UnmarshalModel is the inverse of MarshalBinary.
func UnmarshalModel(b []byte) (*Model, error) { panic("not implemented") }
