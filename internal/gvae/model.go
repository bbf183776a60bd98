package gvae

import "time"

// Report is what training says of itself.
type Report struct {
	Epochs, Steps int
	// TrainLoss is the mean loss of the last epoch's steps, HeldOutLoss that of the
	// held-out windows for the parameters that were kept: the hybrid loss divided
	// by the number of outputs.
	TrainLoss   float64
	HeldOutLoss float64
	Busy        time.Duration // CPU time
	// Warm says whether training started from the weights of the model before.
	Warm bool
	// Learned are the nodes whose decoders Retrain has learned, of Train nil: all.
	Learned []int
	// Restarts counts the times that numbers overflowed and training went back to
	// the best parameters with half the learning rate.
	Restarts int
}

// Model is a trained model. It is immutable and safe for concurrent use.
type Model struct {
	spec   Spec
	cfg    Config
	xScale Scale
	yScale Scale
	arch   *architecture
	theta  []float32 // parameters, laid out by arch
	// Errors of predictions given observed parents over healthy windows, per
	// node and quantile in standardised latency: with the latents at the mean of
	// their prior, and at the mean of their posterior.
	screen, noise Scale
}

// Spec returns the wiring, which must not be changed.
func (m *Model) Spec() *Spec { return &m.spec }
