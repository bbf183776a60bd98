// Package gvae is the graphical variational autoencoder: a conditional VAE
// factorised along a causal Bayesian network.
//
// Each latent channel has an encoder q(Z|X,Y), which sees the channel's own X,
// the latency nodes that it touches and their parents, and a prior p(Z|X). Each
// latency node has a decoder whose inputs are exactly its parents in the
// network. Decoders are chained in topological order. The package knows
// numbers, not services: internal/feature says what the columns mean.
//
// Two kinds of model share everything but a few lines. The published one
// (Config.Structured false) is made of plain perceptrons. The structured one adds
// what is known of how latencies come about, so that answers stay sane outside
// the range of the training data, where faults lie:
//
//   - a skip path in the decoder of each node with Terms (structured.go), of
//     which the network learns the residual;
//   - the inputs of networks are clamped to about the range of training, so that
//     beyond it the skip path alone extrapolates;
//   - an encoder sees of a node that its channel touches what the skip path does
//     not explain, so that a slow callee is no news to it;
//   - an error of more than a few spreads counts linearly, not squared, so that
//     windows of incidents do not rule the fit.
//
// The order of work: Train fits a Model, (*Model).Abduct infers from a window
// what the model cannot know (latents and residuals), and
// (*Evidence).Counterfactual replays the window with something set otherwise.
//
// Networks are small and many, and windows are their columns. Training computes with
// float32 on the kernels of package nn, a batch in two halves on two cores, each half in
// chunks that stay in the caches (batch.go, team.go), from records of windows
// (prepared.go); every step gives the same bits whatever the number of cores. Everything that computes is generic, and float64 is the
// reference that gradients are checked on.
//
// See Gan et al., "Sage", ASPLOS 2021, section 4, and Sohn, Lee, Yan, NeurIPS
// 2015, for the conditional VAE and its hybrid loss.
package gvae
