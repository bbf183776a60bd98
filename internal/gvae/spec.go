// Package gvae is the graphical variational autoencoder: a conditional VAE
// factorised along a causal Bayesian network.
//
// Each latent channel has an encoder q(Z|X,Y), which sees the channel's own X,
// the latency nodes that it touches and their parents, and a prior p(Z|X). Each
// latency node has a decoder whose inputs are exactly its parents in the
// network. Decoders are chained in topological order. The package knows
// numbers, not services: internal/feature says what the columns mean.
//
// See Gan et al., "Sage", ASPLOS 2021, section 4, and Sohn, Lee, Yan, NeurIPS
// 2015, for the conditional VAE and its hybrid loss.
package gvae

// Spec is the wiring of a model. Indices are positions in the columns of X,
// in Latents and in Nodes. It must not be changed once a model uses it.
type Spec struct {
	// NX is the number of columns of X.
	NX int
	// D is the number of latency quantiles per node. Y of node n, quantile d is
	// column n*D+d.
	D int
	// Latents are the channels.
	Latents []Latent
	// Nodes are in topological order: parents before children.
	Nodes []Node
}

// Latent is one latent variable Z, one per service and per network channel.
type Latent struct {
	X []int // columns of X that the prior and the encoder see
	Y []int // nodes that the encoder sees: those touched, then their parents
}

// Node is one latency node.
type Node struct {
	Parents []int // latency nodes that cause it, all of smaller index
	X       []int // columns of X that cause it
	Latents []int // latents that cause it
	// Terms describe how parents add up, for the structured decoder; they are
	// a subset of Parents. Without terms a node has no skip path.
	Terms []Term
	// Overlap is the column of X that holds log(union/sum) of the calls made while
	// serving (0 when sequential, negative when parallel), -1 where there is none.
	Overlap int
}

// Term is one addend of the structured decoder: calls x child latency.
type Term struct {
	Parent int // node index
	Calls  int // column of X with log(calls per parent request), -1: exactly one
}

// Scale standardises columns: (v - Center) / Spread. Latencies are log seconds.
type Scale struct {
	Center []float64
	Spread []float64 // positive
}

// Data is a set of windows, feature-major: column c of window w is at c*N+w.
// Values are raw (log seconds for Y, feature units for X) and standardised
// inside with the model's scales. NaN is missing: as an input it counts as
// normal (the centre), as a target it is left out of the loss.
type Data struct {
	N int
	X []float64 // NX x N
	Y []float64 // len(Nodes)*D x N
	// Weight per window (length N), nil: all 1. Used by the sampler of mini
	// batches: violations are oversampled this way.
	Weight []float64
}
