//go:build rcaready

package rca

import "github.com/sage-rca/sage/internal/feature"

type robust = feature.Robust

// Diagnose answers one violated window. It is a pure function of its arguments,
// none of which it changes.
//
// The GVAE's counterfactual search answers where there is a model that knows the
// entry. Where that finds no set which restores the SLO or explains half of the
// excess, and before there is a model, the robust scorer answers; it also answers
// for surges of traffic, which lie outside of what a model was fitted to. Where
// nothing explains the excess, the verdict is an abstention that says so.
func Diagnose(in Input, cfg Config) Verdict {
	if in.History == nil {
		return abstention(reasonNoWindow)
	}
	var ev evidence
	if in.Model != nil && in.Layout != nil && in.History.Len() > 0 {
		ev = in.Model.Abduct(in.Layout.Row(in.History, in.History.Len()-1))
	}
	return diagnose(in, cfg.withDefaults(), in.History, ev)
}

