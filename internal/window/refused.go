package window

import "github.com/sage-rca/sage/internal/identity"

// Refused is what came since the window before and is in none: where it is much, what is
// found in the rest misleads.
type Refused struct {
	Services Turned // of which no span is used
	Peers    Turned // called ones that are all told as one
	// Shares of the spans, and of the metric points, of about the last 20 windows that came
	// when their window was closed; 0 where they were a few.
	LateSpans, LatePoints float64
}

// Turned are services for which there was no place.
type Turned struct {
	Count    int                // at most MaxTurned
	Services []identity.Service // the first by the alphabet, at most MaxCrowded
}

// MaxTurned bounds the services that a Turned counts.
const MaxTurned = 1000
