package slo

// Rules of violations that are scattered: each window is so by no more requests than chance explains,
// and there are too many such windows.
const (
	// leastScattered is the number of windows that must exceed a limit. What disturbs a few seconds
	// lies in two.
	leastScattered = 4
	// scatteredChance is the probability below which so many are no chance.
	scatteredChance = 1e-5
	// regimeChance is the same of windows that are another regime than those that a first threshold
	// was learned of, of which it is asked whether it goes on.
	regimeChance = 1e-4
)

// scatters reports whether scattered violations of the objective count: of a learned one, where
// windows in a row open. That of the median says itself what is beyond chance.
func (t *track) scatters(cfg Config) bool {
	o := &t.Objective
	return o.Learned && len(cfg.rules(*o)) == 0 && (o.Indicator == Errors || o.Quantile != Typical)
}

// memory is the number of measured windows that are remembered: as many as the rules ask for.
func (t *track) memory(cfg Config) int {
	if t.scatters(cfg) {
		return max(cfg.OpenN+1, MaxPooled)
	}
	return cfg.OpenN + 1
}

// remember takes in a measured window.
func (t *track) remember(cfg Config, r result) {
	t.Recent = append(t.Recent, r)
	if n := len(t.Recent) - t.memory(cfg); n > 0 {
		t.Recent = t.Recent[:copy(t.Recent, t.Recent[n:])]
	}
}

// scattered returns where, in Recent, the stretch of windows begins whose number of exceeding
// ones is the least likely, and how likely that is: 1, at the end, where none does.
//
// A fault that hits one request of fifteen shows one or two slow ones in each window of twenty, which
// is no more than chance brings one such window. It does not bring eight of ten, where of the
// healthy windows before two of fifty exceed, see unlikely.
func (t *track) scattered() (from int, p float64) {
	last := len(t.Recent) - 1
	from, p = last, 1
	healthy, over := len(t.Baseline), 0 // windows of it that are not in question
	for i := last; i >= max(0, last+1-MaxPooled); i-- {
		if t.Recent[i].Taken {
			healthy--
		}
		if !t.Recent[i].Exceeds {
			continue
		}
		over++
		usual := t.Baseline[:max(0, healthy)]
		if q := unlikely(exceeding(usual, t.Objective.Limit()), len(usual), over, last+1-i); q < p {
			from, p = i, q
		}
	}
	return from, p
}

// scatter opens a run where violations are scattered, and reports whether it did. Windows of the run
// that were taken for healthy are no part of the baseline any more.
func (t *track) scatter(cfg Config) bool {
	if !t.scatters(cfg) {
		return false
	}
	from, p := t.scattered()
	if p < chance {
		t.held = t.Recent[from].Start
	}
	over, taken := 0, 0
	for _, r := range t.Recent[from:] {
		if r.Exceeds {
			over++
		}
		if r.Taken {
			taken++
		}
	}
	if !t.Recent[len(t.Recent)-1].Exceeds || !(p < t.least()) || over < leastScattered {
		return false
	}
	t.Baseline = t.Baseline[:max(0, len(t.Baseline)-taken)]
	t.Firing, t.Scattered = true, true
	t.Onset, t.Requests, t.Bad = t.Recent[from].Start, 0, 0
	for _, r := range t.Recent[from:] {
		t.Requests += r.Count
		t.Bad += r.Bad
	}
	return true
}

// stretch is the start of the first of the last ten windows of a run that exceeds.
func (t *track) stretch() int64 {
	for _, r := range t.Recent[max(0, len(t.Recent)-MaxPooled):] {
		if r.Exceeds && r.Start >= t.Onset {
			return r.Start
		}
	}
	return t.Recent[len(t.Recent)-1].Start
}

// recall remembers the windows that the first threshold was not learned of, the last of which is
// that at Seen: they are of the violation if it goes on.
func (t *track) recall(cfg Config, observed []float64, size int64) {
	if !t.scatters(cfg) {
		return
	}
	for i, v := range observed {
		t.remember(cfg, result{Start: t.Seen - int64(len(observed)-1-i)*size, Exceeds: exceeds(v, t.Objective.Limit())})
	}
}

// least is the probability below which a run opens.
func (t *track) least() float64 {
	if t.Stepped > 0 {
		return regimeChance
	}
	return scatteredChance
}
