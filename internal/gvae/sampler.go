package gvae

import "math/rand/v2"

// heldOutShare of the windows is kept from training to tell when to stop.
const heldOutShare = 0.15

// split divides windows at random into those to train on and those held out, at
// least one of each.
func split(windows []int, src rand.Source) (train, held []int) {
	order := make([]int, len(windows))
	for i, at := range rand.New(src).Perm(len(windows)) {
		order[i] = windows[at]
	}
	h := min(max(1, int(heldOutShare*float64(len(order))+0.5)), len(order)-1)
	return order[h:], order[:h]
}

// sampler yields mini-batches. Per epoch it draws as many windows as there are, by
// systematic sampling: over windows in random order, cumulative weights are read
// off at equal steps from a random start, so that a window of weight w appears
// floor or ceil of its expected number of times, and with equal weights exactly
// once.
type sampler struct {
	windows []int
	weights []float64 // by position in windows, nil: equal
	total   float64
	rng     *rand.Rand
	drawn   []int
}

// newSampler samples from windows by the weights of the data, nil: equal ones. If
// no window has any weight, all have the same.
func newSampler(windows []int, weight []float64, src rand.Source) *sampler {
	s := &sampler{windows: windows, rng: rand.New(src), drawn: make([]int, len(windows))}
	if weight == nil {
		return s
	}
	// Shuffled with the windows, so it must be a copy.
	weights := make([]float64, len(windows))
	for i, w := range windows {
		weights[i] = weight[w]
		s.total += weight[w]
	}
	if s.total > 0 {
		s.weights = weights
	}
	return s
}

// epoch returns the windows of one epoch in random order; the next call overwrites
// them.
func (s *sampler) epoch() []int {
	s.rng.Shuffle(len(s.windows), func(i, j int) {
		s.windows[i], s.windows[j] = s.windows[j], s.windows[i]
		if s.weights != nil {
			s.weights[i], s.weights[j] = s.weights[j], s.weights[i]
		}
	})
	if s.weights == nil {
		copy(s.drawn, s.windows)
		return s.drawn
	}
	step := s.total / float64(len(s.windows))
	at, upTo, i := s.rng.Float64()*step, s.weights[0], 0
	for k := range s.drawn {
		for at >= upTo && i < len(s.windows)-1 {
			i++
			upTo += s.weights[i]
		}
		s.drawn[k] = s.windows[i]
		at += step
	}
	s.rng.Shuffle(len(s.drawn), func(i, j int) { s.drawn[i], s.drawn[j] = s.drawn[j], s.drawn[i] })
	return s.drawn
}
