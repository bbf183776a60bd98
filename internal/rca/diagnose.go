package rca

import (
	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// Config are the rules of the search.
type Config struct {
	// MaxCulprits bounds the set (default 3).
	MaxCulprits int
	// Samples of the latents per counterfactual (default 64).
	Samples int
	// StopProbability of meeting the SLO at which the search stops (default 0.9).
	StopProbability float64
	// Suspect is the screen: robust z of a node given its causes (default 3.5).
	Suspect float64
	// Seed of the samples; each verdict derives its own from it and the window.
	Seed uint64
}

// Input is a violated window and what is known around it.
type Input struct {
	Graph    *cbn.Graph
	History  *feature.History // the violated window is its last row
	Snapshot *window.Snapshot // of the violated window
	// Layout and Model are nil until a model is ready; Layout says what the
	// model's columns mean.
	Layout *feature.Layout
	Model  *gvae.Model
	// Entry is the operation whose SLO is violated, at Quantile above Threshold seconds.
	Entry     identity.RPC
	Quantile  float64
	Threshold float64
	// Onset is the start of the first violated window: windows from there on are not normal.
	Onset int64
}

// Diagnose answers one violated window. It is a pure function of its arguments.
func Diagnose(in Input, cfg Config) Verdict { panic("not implemented") }
