package slo

import "math"

// calm is the number of windows in a row that meet the objective after which a run ends. Where a
// share f of the windows exceeded it, m in a row do not by chance while it goes on, with
// probability (1-f)^m: that must be small.
func (t *track) calm(cfg Config) int {
	if !t.scatters(cfg) {
		return cfg.ResolveM
	}
	f := float64(t.Exceeded) / float64(max(1, t.Windows-t.Met))
	if f >= 1 {
		return cfg.ResolveM
	}
	m := math.Ceil(math.Log(chance) / math.Log(1-f))
	return max(cfg.ResolveM, int(min(m, MaxPooled)))
}
