package foreign

import (
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Usual is what is normal of a system, from a run without faults and telemetry.
type Usual struct {
	// Tail is the median over minutes of the 99th percentile of each kind of users, in
	// seconds.
	Tail []float64
	// Rate is how many requests a replica of a service serves a second, Active how
	// many it serves at once.
	Rate, Active map[string]float64
}

// Pilot finds out what is usual.
func Pilot(s *System, seed uint64) Usual {
	const d = 5 * time.Minute
	silent := *s
	silent.Sampled, silent.Meters = 1e-9, nil
	a := NewAnswers(s, time.Minute)
	counts := Run(&silent, nil, seed, d, pilotSink{a})
	u := Usual{Rate: make(map[string]float64), Active: make(map[string]float64)}
	for i := range s.Users {
		var tails []float64
		for _, w := range a.Windows(i) {
			tails = append(tails, w.Tail(0.99))
		}
		slices.Sort(tails)
		u.Tail = append(u.Tail, tails[len(tails)/2])
	}
	for i := range s.Services {
		svc := &s.Services[i]
		u.Rate[svc.Name] = float64(counts.Served[svc.Name]) / d.Seconds() / float64(svc.Replicas)
		u.Active[svc.Name] = counts.Busy[svc.Name] / d.Seconds() / float64(svc.Replicas)
	}
	return u
}

type pilotSink struct{ *Answers }

// Traces implements Export.
func (pilotSink) Traces(ptrace.Traces, int64) {}

// Metrics implements Export.
func (pilotSink) Metrics(pmetric.Metrics, int64) {}
