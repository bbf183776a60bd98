package engine

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/incident"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/slo"
	"github.com/sage-rca/sage/internal/window"
)

func TestHealth(t *testing.T) {
	of := func(violated, measured bool, observed float64, threshold time.Duration) slo.State {
		return slo.State{Violated: violated, Measured: measured, Observed: observed, Objective: slo.Objective{Threshold: threshold}}
	}
	well, near := of(false, true, 0.08, 100*time.Millisecond), of(false, true, 0.081, 100*time.Millisecond)
	bad, unmeasured := of(true, true, 0.2, 100*time.Millisecond), of(false, false, math.NaN(), 100*time.Millisecond)
	learning := of(false, true, 0.2, 0)
	errors := of(false, true, 0.0099, 0)
	errors.Objective.Indicator, errors.Objective.Target = slo.Errors, 0.99
	failing := errors
	failing.Violated = true
	for _, c := range []struct {
		name   string
		states []slo.State
		want   feature.Health
	}{
		{"nothing is watched", nil, feature.Healthy},
		{"at 0.8 of the threshold", []slo.State{well}, feature.Healthy},
		{"above it", []slo.State{well, near}, feature.Unknown},
		{"violated, whatever the others", []slo.State{near, bad, well}, feature.Violated},
		{"not measured", []slo.State{unmeasured}, feature.Healthy},
		{"not learned yet", []slo.State{learning}, feature.Healthy},
		{"errors within their objective", []slo.State{well, errors}, feature.Healthy},
		{"too many errors", []slo.State{well, failing}, feature.Violated},
	} {
		assert.Equal(t, c.want, health(c.states), c.name)
	}
}

func TestEngine_judgesViolatedWindowsThatFire(t *testing.T) {
	r := newRig(t, config(), nil)
	var judged []int
	r.run.diagnose = func(in rca.Input, _ rca.Config) rca.Verdict {
		judged = append(judged, int((in.Snapshot.Start-epoch)/int64(size)))
		assert.Equal(t, rpc("a"), in.Entry)
		assert.InDelta(t, 0.9, in.Quantile, 0)
		assert.InDelta(t, 0.1, in.Threshold, 1e-12)
		assert.Equal(t, start(2), in.Onset)
		assert.Equal(t, in.Snapshot.Start, in.History.Start(in.History.Len()-1))
		assert.Equal(t, feature.Violated, in.History.Health(in.History.Len()-1))
		assert.Equal(t, feature.Healthy, in.History.Health(0))
		assert.NotNil(t, in.Graph)
		return blame("c")(in, rca.Config{})
	}
	r.through(t, letters(0, "GGVGVVGVGGVG"))
	//                          ^ a run that opens at 4; 10 violates and opens nothing
	assert.Equal(t, []int{4, 5, 7}, judged)
	assert.Equal(t, []string{"4 open", "9 resolved"}, r.incidents())
	assert.Len(t, r.watch.judged, 3)

	open := r.said[1].Incident
	require.NotNil(t, open)
	assert.Equal(t, time.Unix(0, start(2)).UTC(), open.Start)
	assert.Equal(t, simple(4, 200*time.Millisecond).RPCs[0].Exemplar, open.Exemplar)
	assert.Equal(t, simple(1, 50*time.Millisecond).RPCs[0].Typical, open.Baseline)
	assert.InDelta(t, 60, open.Requests, 0, "of three windows since the onset")
	assert.InDelta(t, 40, open.Bad, 1)
}

// An objective of errors fires for windows that are as fast as ever. No slow request
// stands for it.
func TestEngine_judgesErrors(t *testing.T) {
	cfg := config()
	cfg.SLO.Objectives = []slo.Objective{{
		Name: "a-errors", Service: identity.Service{Name: "a"}, Operation: "*", Indicator: slo.Errors, Target: 0.9,
	}}
	r := newRig(t, cfg, nil)
	var judged []int
	r.run.diagnose = func(in rca.Input, _ rca.Config) rca.Verdict {
		judged = append(judged, int((in.Snapshot.Start-epoch)/int64(size)))
		assert.True(t, in.Quantile > 0 && in.Quantile < 1)
		assert.Zero(t, in.Threshold)
		return blame("c")(in, rca.Config{})
	}
	windows := letters(0, "GGGGGGGG")
	for _, i := range []int{2, 3, 4} {
		windows[i].RPCs[0].Errors = 5 // of 20
	}
	r.through(t, windows)
	assert.Equal(t, []int{3, 4}, judged)
	assert.Equal(t, []string{"3 open", "6 resolved"}, r.incidents())
	open := r.said[1].Incident
	require.NotNil(t, open)
	assert.InDelta(t, 0.25, open.SLO.Observed, 0)
	assert.InDelta(t, 10, open.Bad, 0)
	assert.Zero(t, open.Exemplar)
	assert.Equal(t, simple(1, 50*time.Millisecond).RPCs[0].Typical, open.Baseline)
}

// Under rules of burn rates, which outlive a restart, an incident opens once and
// resolves when the short stretch is well again.
func TestEngine_burnRates(t *testing.T) {
	cfg := config()
	cfg.SLO.Burn = []slo.BurnRule{{Long: 60 * time.Second, Short: 20 * time.Second, Factor: 5}}
	cfg.SLO.Budget = 2 * time.Minute
	// All of a violated window is slow, which is 10 times the budget: 3 of 6 windows
	// reach 5. The last two windows are well from window 11 on.
	windows := letters(0, "GGGGGGVVVVGGGGGG")
	want := []string{"8 open", "12 resolved"}
	whole := newRig(t, cfg, nil).through(t, windows)
	assert.Equal(t, want, whole.incidents())
	assert.InDelta(t, 5, whole.said[1].Incident.SLO.Burn.Long, 0.1)
	assert.InDelta(t, 10, whole.said[1].Incident.SLO.Burn.Short, 0.1)

	for cut := 1; cut < len(windows); cut++ {
		store := newMemory()
		before := newRig(t, cfg, store).through(t, windows[:cut])
		after := newRig(t, cfg, store).through(t, windows[cut:])
		assert.Equal(t, want, append(before.incidents(), after.incidents()...), "stopped before window %d", cut)
	}
}

func TestEngine_learnedObjectives(t *testing.T) {
	cfg := config()
	cfg.SLO.Objectives = nil
	cfg.SLO.Learn = slo.LearnConfig{Enabled: true, Windows: 10, Quantile: 0.9, Headroom: 2}
	r := newRig(t, cfg, nil).through(t, chain(1, 0, 20, 1), chain(1, 20, 4, 8), chain(1, 24, 3, 1))
	assert.Equal(t, []string{"21 open", "25 resolved"}, r.incidents(), "for the entry alone")
}

func TestEngine_survivesADiagnosisThatPanics(t *testing.T) {
	r := newRig(t, config(), nil)
	r.run.diagnose = func(in rca.Input, _ rca.Config) rca.Verdict {
		if in.Snapshot.Start == start(1) {
			panic("singular matrix")
		}
		return blame("c")(in, rca.Config{})
	}
	r.through(t, letters(0, "VVVGG"))
	assert.Equal(t, "verdict: panic: singular matrix", r.watch.failures())
	assert.Equal(t, []string{"1 open", "2 update root_changed", "4 resolved"}, r.incidents())
	open := r.said[1].Incident
	assert.True(t, open.Verdict.Abstained)
	assert.Equal(t, "the diagnosis failed", open.Verdict.Reason)
}

func TestEngine_survivesAWindowThatPanics(t *testing.T) {
	r := newRig(t, config(), nil)
	r.watch.onClose = func(s *window.Snapshot) {
		if s.Start == start(1) {
			panic("no such thing")
		}
	}
	r.through(t, letters(0, "VVVGG"))
	assert.Equal(t, "window: panic: no such thing", r.watch.failures())
	assert.Equal(t, []string{"2 open", "4 resolved"}, r.incidents(), "the others are judged")
}

func TestEngine_survivesEmitThatPanics(t *testing.T) {
	w, n := new(watch), 0
	e, err := New(config(), nil, w, func(context.Context, []Output) {
		n++
		panic("pipeline")
	})
	require.NoError(t, err)
	e.run.diagnose = blame("c")
	(&rig{Engine: e, watch: w}).through(t, letters(0, "VVGG"))
	assert.Equal(t, 3, n) // cold, open, resolved
	assert.Contains(t, w.failures(), "event: panic: pipeline")
}

func TestEngine_refusesWindowsThatAreLate(t *testing.T) {
	r := newRig(t, config(), nil)
	r.through(t, letters(0, "GGG"), letters(2, "V"), letters(0, "VV"), letters(3, "G"))
	assert.Equal(t, 4, r.watch.closed)
	assert.Equal(t, "window: engine: window of 2026-03-01T12:00:20Z is not after that of 2026-03-01T12:00:20Z\n"+
		"window: engine: window of 2026-03-01T12:00:00Z is not after that of 2026-03-01T12:00:20Z\n"+
		"window: engine: window of 2026-03-01T12:00:10Z is not after that of 2026-03-01T12:00:20Z", r.watch.failures())
	assert.Empty(t, r.incidents())
}

func TestEngine_modelAnswersForWhatItKnows(t *testing.T) {
	cfg := always(trained())
	cfg.SLO.Objectives = append(cfg.SLO.Objectives, slo.Objective{
		Name: "new-p90", Service: identity.Service{Name: "new"}, Operation: "GET", Quantile: 0.9, Threshold: 10 * time.Millisecond,
	})
	var windows []*window.Snapshot
	for _, s := range letters(0, "VVVVVVVVVV") {
		if s.Start >= start(8) { // after the training
			added := s.RPCs[0]
			added.Key = rpc("new")
			s.RPCs = append(s.RPCs, added)
		}
		windows = append(windows, s)
	}
	r := newRig(t, cfg, nil)
	got := map[string][]bool{}
	r.run.diagnose = func(in rca.Input, _ rca.Config) rca.Verdict {
		got[in.Entry.Service.Name] = append(got[in.Entry.Service.Name], in.Model != nil && in.Layout != nil)
		return rca.Verdict{Abstained: true}
	}
	r.through(t, windows)
	assert.Equal(t, []bool{false, false, false, false, false, false, true, true, true, true}, got["a"])
	assert.Equal(t, []bool{false, false}, got["new"], "the robust scorer answers for what came after the training")
	assert.Equal(t, []string{"0 cold", "3 warming", "6 ready", "8 stale"}, r.models())
}

// The same windows give the same outputs, however the goroutines run.
func TestEngine_isDeterministic(t *testing.T) {
	cfg := trained()
	cfg.SLO.Objectives[0].Threshold = 60 * time.Millisecond
	windows := append(append(chain(7, 0, 12, 1), chain(7, 12, 5, 6)...), chain(7, 17, 8, 1)...)
	var want []string
	for i := range 5 {
		r := newRig(t, cfg, nil)
		r.run.diagnose = rca.Diagnose
		r.run.training.fit = func(_ context.Context, _ gvae.Spec, d gvae.Data, _ gvae.Config, _ *gvae.Model) (*gvae.Model, gvae.Report, error) {
			y := make([]float64, d.N)
			d.Source.Y(y, 0)
			return nil, gvae.Report{HeldOutLoss: y[0], Busy: time.Duration(i)}, fmt.Errorf("%d windows", d.N)
		}
		r.through(t, windows)
		got := text(r.said)
		if i == 0 {
			want = got
			require.Contains(t, r.incidents(), "13 open")
			continue
		}
		require.Equal(t, want, got)
	}
}

func TestEngine_incidentHeartbeat(t *testing.T) {
	cfg := config()
	cfg.Incident.HeartbeatEvery = 30 * time.Second
	r := newRig(t, cfg, nil).through(t, letters(0, "VVVVVVVVGG"))
	assert.Equal(t, []string{"1 open", "4 update heartbeat", "7 update heartbeat", "9 resolved"}, r.incidents())
	for _, o := range r.said {
		assert.NotEqual(t, o.Incident == nil, o.Model == nil, "exactly one")
		assert.Equal(t, Cold, o.ModelAt.State)
	}
	assert.Equal(t, incident.Heartbeat, r.said[2].Incident.Reason)
}

func TestEngine_tellsWhatItRefuses(t *testing.T) {
	cfg := always(config())
	cfg.MaxColumns, cfg.Training.History = 3, 100*size // a record that gets no shorter
	cfg.Incident.MaxOpen = 1
	cfg.SLO.Objectives[0].Operation = "*"
	windows := letters(0, "VVV")
	for i := range slo.MaxTracks { // in the last window
		more := windows[2].RPCs[0]
		more.Key.Operation = fmt.Sprintf("PUT %04d", i)
		windows[2].RPCs = append(windows[2].RPCs, more)
	}
	r := newRig(t, cfg, nil).through(t, windows)
	require.Len(t, r.watch.limits, 5)
	// An RPC without calls and metrics has 8 columns: 3 latencies, load, errors, 3
	// own times.
	assert.Equal(t, []string{"column_limit 5", "column_limit 5", "objective_limit 1", fmt.Sprintf("incident_limit %d", slo.MaxTracks-1)}, r.watch.limits[:4])

	plain := struct{ Observer }{new(watch)} // one that does not want to know
	e, err := New(cfg, nil, plain, func(context.Context, []Output) {})
	require.NoError(t, err)
	e.run.diagnose = blame("c")
	(&rig{Engine: e}).through(t, windows)
}
