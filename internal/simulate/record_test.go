package simulate

import (
	"context"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// answer is what a user has seen.
type answer struct {
	entry      int
	start, end time.Duration
	failed     bool
}

// state is a sample.
type state struct {
	at       time.Duration
	replicas []ReplicaState
	hosts    []HostState
}

// record is a Sink that keeps everything.
type record struct {
	noSpans bool
	spans   []Span
	answers []answer
	states  []state
	stats   Stats
}

func (r *record) Span(s *Span) {
	if !r.noSpans {
		r.spans = append(r.spans, *s)
	}
}

func (r *record) Sample(at time.Duration, replicas []ReplicaState, hosts []HostState) {
	st := state{at: at, replicas: slices.Clone(replicas), hosts: slices.Clone(hosts)}
	for i := range st.replicas {
		s := &st.replicas[i]
		s.PoolUsed, s.PoolWaiting = slices.Clone(s.PoolUsed), slices.Clone(s.PoolWaiting)
		s.PoolWait, s.PoolAcquired = slices.Clone(s.PoolWait), slices.Clone(s.PoolAcquired)
	}
	r.states = append(r.states, st)
}

func (r *record) Entry(entry int, start, end time.Duration, failed bool) {
	r.answers = append(r.answers, answer{entry, start, end, failed})
}

func play(t testing.TB, app *App, cfg Config) *record {
	t.Helper()
	r := &record{}
	stats, err := Run(context.Background(), app, cfg, r)
	require.NoError(t, err)
	r.stats = stats
	return r
}

// playLong keeps answers and states only.
func playLong(t testing.TB, app *App, cfg Config) *record {
	t.Helper()
	r := &record{noSpans: true}
	_, err := Run(context.Background(), app, cfg, r)
	require.NoError(t, err)
	return r
}

// of returns the spans of a kind by a service.
func (r *record) of(kind SpanKind, service int) []Span {
	var out []Span
	for i := range r.spans {
		if s := &r.spans[i]; s.Kind == kind && s.Service == service {
			out = append(out, *s)
		}
	}
	return out
}

// latencies returns the answers' latencies in seconds, of an entry in a time.
func (r *record) latencies(entry int, from, to time.Duration) []float64 {
	var out []float64
	for _, a := range r.answers {
		if a.entry == entry && a.start >= from && a.start < to {
			out = append(out, (a.end - a.start).Seconds())
		}
	}
	return out
}

func (s *Span) took() time.Duration { return s.End - s.Start }

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

func quantile(x []float64, q float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return x[int(q*float64(len(x)-1))]
}

// meanByBatches returns the mean of a stationary series and its standard error,
// from the means of 25 batches: where a batch is many times longer than the series
// remembers, they are independent and normal (Law, Simulation Modeling and
// Analysis, on batch means).
func meanByBatches(x []float64) (m, se float64) {
	const batches = 25
	n := len(x) / batches
	var means []float64
	for i := range batches {
		means = append(means, mean(x[i*n:(i+1)*n]))
	}
	m = mean(means)
	v := 0.0
	for _, b := range means {
		v += (b - m) * (b - m)
	}
	return m, math.Sqrt(v / (batches - 1) / batches)
}
