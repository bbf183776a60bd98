package slo

// Summary counts what is watched after a window: pairs of an objective and an
// operation.
type Summary struct {
	Watched  int
	Measured int // in the last window: with enough requests
	Learning int // objectives whose threshold is not known yet
	Firing   int
}

// Summary returns what is watched after the last window. It explains a silence: where
// nothing is watched, or measured, nothing can be violated.
func (w *Watcher) Summary() Summary {
	s := Summary{Watched: len(w.tracks)}
	for _, t := range w.tracks { // sums do not depend on the order
		if t.Seen == w.last && t.measured {
			s.Measured++
		}
		if t.Objective.Limit() <= 0 {
			s.Learning++
		}
		if t.Firing {
			s.Firing++
		}
	}
	return s
}
