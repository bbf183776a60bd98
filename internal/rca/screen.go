package rca

import (
	"cmp"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/feature"
)

// maxCandidates bounds the channels of which counterfactuals are computed.
const maxCandidates = 12

// screen returns the channels that may be culprits: those of which a node is
// slower, given its causes, than the model's healthy residual by at least
// Suspect standard deviations (CIRCA's criterion, Li et al., KDD 2022, one-sided),
// most abnormal first, then those that the robust scorer suspects. Where neither
// names any, all services are candidates.
// See docs/math.md, 11.
func (s *search) screen(robust []int) []int {
	if s.cfg.Without&Screen != 0 {
		return slices.DeleteFunc(slices.Clone(s.r.channels), func(c int) bool { return !s.r.causal(c) })
	}
	z := make([]float64, len(s.r.g.Channels))
	for _, n := range s.r.nodes {
		c := s.r.owner[n]
		if c < 0 || !s.r.causal(c) {
			continue
		}
		for d := range feature.D {
			if e := s.ev.Residual(n, d); e > z[c] && !math.IsInf(e, 0) {
				z[c] = e
			}
		}
	}
	var out []int
	for _, c := range s.r.channels {
		if z[c] >= s.cfg.Suspect && !s.taken(c) {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b int) int { return -cmp.Compare(z[a], z[b]) })
	for _, c := range robust {
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	if len(out) > maxCandidates {
		// What the robust scorer blames first is never cut off.
		keep := out[:maxCandidates]
		if len(robust) > 0 && !slices.Contains(keep, robust[0]) {
			keep[maxCandidates-1] = robust[0]
		}
		out = keep
	}
	if len(out) == 0 {
		for _, c := range s.r.channels {
			if !s.r.g.Channels[c].IsNetwork() {
				out = append(out, c)
			}
		}
	}
	return out
}

// taken reports whether a channel is restored with a suspect, of which it is a
// symptom.
func (s *search) taken(c int) bool {
	for _, a := range s.absorbed { // whether any: the order does not matter
		if slices.Contains(a, c) {
			return true
		}
	}
	return false
}
