package evaluate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/simulate"
	"github.com/sage-rca/sage/internal/simulate/apps"
	"github.com/sage-rca/sage/internal/simulate/emit"
	"github.com/sage-rca/sage/internal/slo"
)

// Scenario is a simulated application, and what is done to it.
type Scenario struct {
	Name   string
	App    *simulate.App
	Plan   apps.Plan
	Taught int // incidents at the beginning of the plan that are not judged
	Seed   uint64
	Window time.Duration
	// Headroom: the objective's threshold is Headroom times the median over windows
	// of the healthy tail at Quantile.
	Headroom, Quantile float64
}

// epoch is when simulated time begins. Any time will do.
var epoch = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

const sampleEvery = 5 * time.Second

// Simulate runs a scenario and its twin without faults, and returns what a Collector
// would have seen of it by each of the ways of telling. All come from one run.
func Simulate(ctx context.Context, s *Scenario, ways []emit.Options) ([]*Timeline, error) {
	fail := func(err error) ([]*Timeline, error) {
		return nil, fmt.Errorf("evaluate: simulate %s: %w", s.Name, err)
	}
	without, threshold, err := s.healthy(ctx)
	if err != nil {
		return fail(err)
	}
	cfg := simulate.Config{Seed: s.Seed, Duration: s.Plan.Duration}
	for i := range s.Plan.Episodes {
		cfg.Faults = append(cfg.Faults, s.Plan.Episodes[i].Faults...)
	}
	cfg.SampleEvery = sampleEvery
	factual := newTails(s)
	sinks := fan{factual}
	var readers []*reader
	for _, w := range ways {
		w.Epoch = epoch
		r, err := newReader(s, w)
		if err != nil {
			return fail(err)
		}
		readers = append(readers, r)
		sinks = append(sinks, r.emitter)
	}
	_, err = simulate.Run(ctx, s.App, cfg, sinks)
	for _, r := range readers {
		err = errors.Join(err, r.close(ctx))
	}
	if err != nil {
		return fail(err)
	}

	hurt, err := factual.hurt(s.Quantile, threshold)
	if err != nil {
		return fail(err)
	}
	episodes := s.episodes(hurt)
	entry := s.App.RPCs[s.App.Entries[0].RPC]
	var out []*Timeline
	for _, r := range readers {
		out = append(out, &Timeline{
			Name: s.Name, Window: s.Window, Snapshots: r.snapshots, Episodes: episodes, Without: without,
			Objective: slo.Objective{
				Name: "entry", Service: identity.Service{Name: s.App.Services[entry.Service].Name},
				Operation: r.operation, Quantile: s.Quantile, Threshold: time.Duration(threshold * 1e9),
			},
		})
	}
	return out, nil
}

// Threshold returns the objective's threshold in seconds: Headroom times the median
// over windows of the tail at Quantile, in a run without faults.
func (s *Scenario) Threshold(ctx context.Context) (float64, error) {
	_, threshold, err := s.healthy(ctx)
	if err != nil {
		return 0, fmt.Errorf("evaluate: simulate %s: %w", s.Name, err)
	}
	return threshold, nil
}

// healthy runs the twin without faults, and returns its tail by window and the
// threshold that follows from it.
func (s *Scenario) healthy(ctx context.Context) (without map[int64]float64, threshold float64, err error) {
	twin := newTails(s)
	if _, err := simulate.Run(ctx, s.App, simulate.Config{Seed: s.Seed, Duration: s.Plan.Duration}, twin); err != nil {
		return nil, 0, err
	}
	without = twin.quantiles(s.Quantile)
	if threshold = s.Headroom * usual(without); !(threshold > 0) {
		return nil, 0, fmt.Errorf("fewer than %d requests of its entry in every window: use longer ones", minRequests)
	}
	return without, threshold, nil
}

// usual is the median of the tails of windows.
func usual(tails map[int64]float64) float64 {
	var v []float64
	for _, t := range tails {
		v = append(v, t)
	}
	if len(v) == 0 {
		return math.NaN()
	}
	return middle(v)
}

// Double is the kind of incidents with more than one culprit.
const Double = "two at once"

// episodes turns the plan into truths, given in which windows users were hurt.
func (s *Scenario) episodes(hurt map[int64]bool) []Episode {
	var out []Episode
	taught := s.Taught
	for i := range s.Plan.Episodes {
		p := &s.Plan.Episodes[i]
		e := Episode{
			Truth: Truth{Fault: p.Name}, Decoy: p.Decoy,
			Start: epoch.Add(p.Start).UnixNano(), End: epoch.Add(p.End).UnixNano(),
		}
		if !p.Decoy && taught > 0 {
			e.Taught = true
			taught--
		}
		for _, c := range p.Culprits {
			t := Culprit{Service: identity.Service{Name: c.Service}, Instance: c.Instance, Mechanism: rca.Mechanism(c.Mechanism)}
			for _, a := range c.Also {
				t.Also = append(t.Also, identity.Service{Name: a})
			}
			e.Truth.Culprits = append(e.Truth.Culprits, t)
		}
		if len(e.Truth.Culprits) > 1 {
			e.Truth.Fault, e.Truth.Detail = Double, p.Name
		}
		for start := range hurt { // whether any: the order does not matter
			e.Violated = e.Violated || start > e.Start-int64(s.Window) && start < e.End
		}
		out = append(out, e)
	}
	return out
}

// tails is a simulate.Sink that collects how long users of the watched entry
// waited, by window of their answer.
type tails struct {
	window time.Duration
	byEnd  map[int64][]float64 // seconds by start of the window, ns since 1970
	ending map[int64][]float64 // those of the last third of the window
}

func newTails(s *Scenario) *tails {
	return &tails{window: s.Window, byEnd: make(map[int64][]float64), ending: make(map[int64][]float64)}
}

// Span implements simulate.Sink.
func (t *tails) Span(*simulate.Span) {}

// Sample implements simulate.Sink.
func (t *tails) Sample(time.Duration, []simulate.ReplicaState, []simulate.HostState) {}

// Entry implements simulate.Sink.
func (t *tails) Entry(entry int, start, end time.Duration, _ bool) {
	if entry != 0 {
		return
	}
	at := epoch.Add(end.Truncate(t.window)).UnixNano()
	t.byEnd[at] = append(t.byEnd[at], (end - start).Seconds())
	if 3*(end-end.Truncate(t.window)) >= 2*t.window {
		t.ending[at] = append(t.ending[at], (end - start).Seconds())
	}
}

// quantiles returns the q-quantile of each window with enough requests: the value
// of rank ceil(q n).
func (t *tails) quantiles(q float64) map[int64]float64 {
	out := make(map[int64]float64, len(t.byEnd))
	for at, v := range t.byEnd {
		if len(v) >= minRequests {
			slices.Sort(v)
			out[at] = v[min(len(v)-1, int(math.Ceil(q*float64(len(v))))-1)]
		}
	}
	return out
}

// fan hands what happens to several sinks.
type fan []simulate.Sink

// Span implements simulate.Sink.
func (f fan) Span(s *simulate.Span) {
	for _, x := range f {
		x.Span(s)
	}
}

// Sample implements simulate.Sink.
func (f fan) Sample(at time.Duration, replicas []simulate.ReplicaState, hosts []simulate.HostState) {
	for _, x := range f {
		x.Sample(at, replicas, hosts)
	}
}

// Entry implements simulate.Sink.
func (f fan) Entry(entry int, start, end time.Duration, failed bool) {
	for _, x := range f {
		x.Entry(entry, start, end, failed)
	}
}
