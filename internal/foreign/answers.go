package foreign

import (
	"slices"
	"time"
)

// Answers collects what users got, by window of the answer: the truth about who
// was hurt, whatever telemetry says.
type Answers struct {
	system *System
	size   time.Duration
	kinds  [][]Window
}

// Window is what users of one kind got within a window.
type Window struct {
	Took   []float64 // seconds
	Failed int
}

// NewAnswers returns an empty collection for windows of a size.
func NewAnswers(s *System, size time.Duration) *Answers {
	return &Answers{system: s, size: size, kinds: make([][]Window, len(s.Users))}
}

// User implements Sink.
func (a *Answers) User(u *Users, start, end time.Duration, failed bool) {
	for i := range a.system.Users {
		if k := &a.system.Users[i]; k.Service != u.Service || k.Endpoint != u.Endpoint {
			continue
		}
		n := int(end / a.size)
		for len(a.kinds[i]) <= n {
			a.kinds[i] = append(a.kinds[i], Window{})
		}
		w := &a.kinds[i][n]
		w.Took = append(w.Took, (end - start).Seconds())
		if failed {
			w.Failed++
		}
		return
	}
}

// Windows are those of the users of one kind, from the start.
func (a *Answers) Windows(users int) []Window { return a.kinds[users] }

// Tail is the q-quantile of how long users waited.
func (w *Window) Tail(q float64) float64 {
	if len(w.Took) == 0 {
		return 0
	}
	v := slices.Clone(w.Took)
	slices.Sort(v)
	return v[min(int(q*float64(len(v))), len(v)-1)]
}
