//go:build e2e

package e2e

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/e2e/hotrod"
	"github.com/sage-rca/sage/e2e/live"
	"github.com/sage-rca/sage/internal/eventlog"
)

const (
	window = 2 * time.Second // of config/e2e.yaml

	// Limits, in windows.
	learning   = 150 // until the model must be ready
	calm       = 30  // of healthy operation with a model, in which nothing may open
	opening    = 15  // after a fault, until an incident must be open
	judging    = 12  // more of the fault, in which its verdict may become better
	resolving  = 30  // after the recovery, until the incident must be resolved
	recovering = 8   // healthy between two faults
)

// stage is what the tests run on.
type stage struct {
	*live.Session
	proxies proxies
	events  *watcher
	burn    *watcher // of what is judged by burn rates
	out     string
}

// root is the repository's root, from this package's directory.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	require.NoError(t, err)
	return dir
}

// newStage starts one that writes to out/name, with config/e2e.yaml and a second engine
// that judges by burn rates.
func newStage(t *testing.T, name string) *stage {
	t.Helper()
	dir := root(t)
	out := filepath.Join(dir, "out", name)
	require.NoError(t, os.RemoveAll(out))
	require.NoError(t, os.MkdirAll(out, 0o755))
	s := &stage{
		out: out, proxies: proxies{},
		events: watch(t, filepath.Join(out, "events.jsonl")), burn: watch(t, filepath.Join(out, "burn-events.jsonl")),
	}
	t.Cleanup(s.proxies.stop)
	var err error
	s.Session, err = live.Start(t.Context(), live.Config{
		Collector:   filepath.Join(dir, "dist", "otelcol-sage"),
		Configs:     []string{filepath.Join(dir, "config", "e2e.yaml"), byBurnRates(s.burn.addr)},
		HotROD:      filepath.Join(dir, "dist", "hotrod"),
		OutDir:      out,
		Events:      s.events.addr,
		Rate:        15,
		Concurrency: 24,
		Seed:        1,
		Via:         s.proxies.via,
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

// last lasts n windows.
func (s *stage) last(t *testing.T, n int) {
	t.Helper()
	select {
	case <-time.After(time.Duration(n) * window):
	case <-t.Context().Done():
		t.Fatal(context.Cause(t.Context()))
	}
}

// p95 is the 95th percentile of the requests that ended since the last call, in
// seconds, as whoever sent them saw it.
func (s *stage) p95() float64 {
	l := s.Load.Latencies()
	if len(l) == 0 {
		return 0
	}
	return l[len(l)*95/100].Seconds()
}

// HotROD is healthy, then broken in five ways, one after another, then its Collector is
// killed in the middle of an incident, and in the end a service is gone. Beside the engine
// that the table is about, another one judges all of it by burn rates.
func TestHotROD(t *testing.T) {
	s := newStage(t, "e2e")
	if !t.Run("healthy", s.healthy) {
		return
	}
	var rows []row
	for k, f := range faults() {
		burnt := s.burnt()
		t.Run(f.name, func(t *testing.T) {
			r := row{Fault: f.name, What: f.what}
			defer func() { rows = append(rows, r) }()
			s.suffer(t, f, &r)
		})
		if k == 0 {
			t.Run(f.name+" by burn rates", burnt.bySlowDatabase)
		}
	}
	require.NoError(t, write(filepath.Dir(s.out), rows))
	t.Logf("\n%s", table(rows))
	t.Run("kill", s.survivesKill)
	t.Run("without driver", s.withoutDriver)
}

// healthy: the model becomes ready, and nothing opens before or after.
func (s *stage) healthy(t *testing.T) {
	require.NoError(t, s.events.await(t.Context(), learning*window, "the model is ready", func(_ []eventlog.Incident, models []eventlog.ModelStatus) bool {
		return len(models) > 0 && models[len(models)-1].State == "ready"
	}))
	s.last(t, calm)
	incidents, _ := s.events.seen()
	assert.Empty(t, incidents, "a healthy application has no incidents")
	incidents, _ = s.burn.seen()
	assert.Empty(t, incidents, "nor by burn rates")
	assert.Empty(t, s.burn.noticed(), "in the first windows all is new")
}

// suffer goes through one fault: it must open an incident of the right cause,
// which the recovery resolves.
func (s *stage) suffer(t *testing.T, f fault, r *row) {
	before, _ := s.events.seen()
	fresh := func(all []eventlog.Incident) []eventlog.Incident { return all[len(before):] }
	s.p95()
	s.last(t, recovering)
	r.HealthyP95 = s.p95()

	begin := time.Now()
	undo, err := f.inject(t.Context(), s)
	require.NoError(t, err)
	opened := s.events.await(t.Context(), opening*window, "an incident opens", func(all []eventlog.Incident, _ []eventlog.ModelStatus) bool {
		return slices.ContainsFunc(fresh(all), func(in eventlog.Incident) bool { return in.State == "open" })
	})
	if opened == nil {
		s.last(t, judging)
	}
	r.FaultP95 = s.p95()
	during, _ := s.events.seen()
	recovery := time.Now()
	require.NoError(t, undo())
	require.NoError(t, opened)
	r.Opened = true

	f.judge(fresh(during), begin, r)
	assert.True(t, r.ServiceRight, "the service of %v should be one of %v", r.Last, f.services)
	assert.True(t, r.MechanismRight, "the mechanism of %v should be one of %v", r.Last, f.mechanisms)

	resolved := s.events.await(t.Context(), resolving*window, "the incident is resolved", func(all []eventlog.Incident, _ []eventlog.ModelStatus) bool {
		if open(fresh(all)) {
			return false
		}
		r.ToResolve = windows(recovery, all[len(all)-1].Time)
		return true
	})
	require.NoError(t, resolved)
	r.Resolved = true
}

// judge fills in what the events of a fault say, from its beginning to its end.
func (f fault) judge(events []eventlog.Incident, begin time.Time, r *row) {
	for i, in := range events {
		if in.State != "open" && in.State != "update" {
			continue
		}
		v := verdictOf(in)
		if i == 0 {
			r.First, r.ToOpen = v, windows(begin, in.Time)
		}
		r.Last = v
		r.ServiceRight, r.MechanismRight = slices.Contains(f.services, v.Service), slices.Contains(f.mechanisms, v.Mechanism)
		switch right := r.ServiceRight && r.MechanismRight; {
		case !right:
			r.ToVerdict = 0
		case r.ToVerdict == 0:
			r.ToVerdict = windows(begin, in.Time)
		}
	}
}

// open says whether any incident is open after these transitions.
func open(transitions []eventlog.Incident) bool {
	state := map[string]string{}
	for _, in := range transitions {
		state[in.ID] = in.State
	}
	for _, st := range state {
		if st == "open" || st == "update" {
			return true
		}
	}
	return false
}

// survivesKill: what was learned and what is open outlive a kill -9.
func (s *stage) survivesKill(t *testing.T) {
	before, models := s.events.seen()
	version := models[len(models)-1].Version
	s.last(t, recovering)
	require.NoError(t, s.App.Restart(t.Context(), hotrod.Customer, hotrod.SlowDatabase))
	var id string
	require.NoError(t, s.events.await(t.Context(), opening*window, "an incident opens", func(all []eventlog.Incident, _ []eventlog.ModelStatus) bool {
		for _, in := range all[len(before):] {
			id = in.ID
		}
		return id != ""
	}))
	s.last(t, 3)

	_, models = s.events.seen()
	require.NoError(t, s.KillCollector(t.Context()))
	require.NoError(t, s.events.await(t.Context(), 10*window, "the model is ready again", func(_ []eventlog.Incident, all []eventlog.ModelStatus) bool {
		fresh := all[len(models):]
		return len(fresh) > 0 && fresh[0].State == "ready"
	}))
	_, all := s.events.seen()
	assert.GreaterOrEqual(t, all[len(models)].Version, version, "the model is the one from before")
	s.last(t, 5)

	require.NoError(t, s.App.Restart(t.Context(), hotrod.Customer, hotrod.Healthy))
	require.NoError(t, s.events.await(t.Context(), resolving*window, "the incident is resolved", func(all []eventlog.Incident, _ []eventlog.ModelStatus) bool {
		return !open(all[len(before):])
	}))
	incidents, _ := s.events.seen()
	sequence := int64(0)
	for _, in := range incidents[len(before):] {
		assert.Equal(t, id, in.ID, "the restart does not make another incident")
		assert.GreaterOrEqual(t, in.Sequence, sequence, "delivery is at least once, and in order")
		if in.State == "open" {
			assert.Equal(t, int64(1), in.Sequence, "it opens once")
		}
		sequence = in.Sequence
	}
}
