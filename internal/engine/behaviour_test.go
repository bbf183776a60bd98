package engine

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/window"
)

// calm is a configuration under which the chain's a, which takes 37 ms, is watched
// but not violated, and which looks at 16 windows for a drift.
func calm() Config {
	c := trained()
	c.SLO.Objectives[0].Threshold = time.Second
	c.Training.MinWindows, c.Training.Interval = 32, 10*time.Hour
	c.Training.History = 10 * time.Hour
	c.ModelHeartbeat = 0
	c.Training.Await = true
	c.Training.Model = gvae.DefaultConfig()
	c.Training.Model.Hidden, c.Training.Model.Epochs, c.Training.Model.Seed = []int{6, 6}, 60, 1
	return c
}

// learnt trains on n windows of the chain, and returns the model with a history of
// those and of further windows.
func learnt(t *testing.T, n int, further ...*window.Snapshot) (Learned, *feature.History) {
	t.Helper()
	h := feature.NewHistory(size, 1000, 1000)
	b := cbn.NewBuilder(1000)
	var g *cbn.Graph
	for _, s := range chain(1, 0, n, 1) {
		h.Append(s)
		g = b.Update(feature.Structure(s))
	}
	l := feature.NewLayout(g, h)
	m, _, err := gvae.Train(t.Context(), l.Spec, examples(l, h), calm().Training.Model, nil)
	require.NoError(t, err)
	for _, s := range further {
		h.Append(s)
	}
	return Learned{Layout: l, Model: m}, h
}

func TestDrifted(t *testing.T) {
	m, h := learnt(t, 60, slices.Concat(chain(1, 60, 20, 1), chain(1, 80, 16, 1.6))...)
	assert.Empty(t, Drifted(m, h, 0, 97), "more windows than there are")
	assert.Empty(t, Drifted(m, h, start(80), 17), "or after the time")
	before := feature.NewHistory(size, 1000, 1000)
	for _, s := range chain(1, 0, 80, 1) {
		before.Append(s)
	}
	assert.Empty(t, Drifted(m, before, start(60), 20), "what is as it was has not drifted")

	// c takes 1.6 times as long: 0.47 in log, of a spread of 0.1 or so. Those that
	// wait for it are as expected of them.
	got := Drifted(m, h, 0, 24)
	require.Len(t, got, 1)
	assert.Equal(t, cbn.Server(rpc("c")), got[0].Node)
	assert.InDelta(t, start(80), got[0].Since, float64(2*size))
	assert.Empty(t, Drifted(m, h, 0, 36), "16 of 36 windows do not move the median")

	for row := 80; row < h.Len(); row++ {
		h.SetHealth(row, feature.Violated)
	}
	assert.Empty(t, Drifted(m, h, 0, 24), "while somebody is hurt it is no drift but an incident")
}

func TestOnset(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name   string
		values []float64
		want   int
	}{
		{"in the middle", []float64{0, 1, -1, 0, 6, 7, 5, 6}, 4},
		{"downwards", []float64{0, 1, -1, 0, 0, -6, -7, -5, -6}, 5},
		{"all along", []float64{6, 7, 5, 6, 7, 5}, 0},
		{"missing values", []float64{0, nan, 0, nan, 6, nan, 6, 6}, 3},
		{"one wild window says not more than others", []float64{0, 1000, 0, 0, 0, 9, 9, 9, 9, 9}, 5},
		{"the same everywhere", []float64{4, 4, 4}, 0},
	} {
		assert.Equal(t, c.want, onset(c.values), c.name)
	}
	assert.InDelta(t, 2.5, median([]float64{4, 1, 3, 2}), 0)
	assert.InDelta(t, 2, median([]float64{3, 1, 2}), 0)
}

// stubborn is a drift that no training ends.
func stubborn(since int64) func(Learned, *feature.History, int64, int) []Drift {
	return func(Learned, *feature.History, int64, int) []Drift {
		return []Drift{{Node: cbn.Server(rpc("c")), Since: since}}
	}
}

// partly is a training of a part that goes well.
func partly(err error) refit {
	return func(_ context.Context, _ gvae.Spec, _ gvae.Data, _ gvae.Config, prev *gvae.Model, _ gvae.Origin) (*gvae.Model, gvae.Report, error) {
		if err != nil {
			return nil, gvae.Report{}, err
		}
		return prev, gvae.Report{HeldOutLoss: 0.25, Learned: []int{0}}, nil
	}
}

// What cannot be learned is tried again at intervals that double, until a whole
// training, which comes when it would have come anyway.
func TestBehaviour_nothingTrainsInALoop(t *testing.T) {
	cfg := calm()
	cfg.Training.MinWindows = 16
	cfg.Training.Interval = 300 * size
	r := withGVAE(newRig(t, cfg, nil))
	r.run.training.drifted = stubborn(start(20))
	r.run.training.refit = partly(nil)
	var began []int
	r.watch.onClose = func(s *window.Snapshot) {
		if n := len(r.watch.extents); n > len(began) {
			began = append(began, int((s.Start-epoch)/int64(size)))
		}
	}
	r.through(t, chain(1, 0, 340, 1))
	// The first training starts after window 15, and each is published 3 windows
	// later. Half of the windows of that, 8, are waited after the drift, then 16, 32, 64
	// and 128; 300 after the first comes the next whole one, and all begins anew.
	assert.Equal(t, []Extent{Whole, Part, Part, Part, Part, Part, Whole, Part}, r.watch.extents)
	assert.Equal(t, []int{19, 31, 47, 79, 143, 271, 319, 327}, began)
}

func TestBehaviour_keep(t *testing.T) {
	a, b := Drift{cbn.Server(rpc("a")), 10}, Drift{cbn.Server(rpc("b")), 20}
	var v behaviour
	v.keep([]Drift{a, b}, 100, 8)
	assert.Equal(t, []Drift{a, b}, v.drifts)
	assert.EqualValues(t, 20, v.since)
	assert.Equal(t, "server(a GET), server(b GET)", v.what())
	v.learned([]Drift{b}, 100)
	assert.Empty(t, v.drifts)
	v.keep([]Drift{a, b}, 115, 8)
	assert.Equal(t, []Drift{a}, v.drifts, "b waits for 16")
	assert.EqualValues(t, 10, v.since)
	v.keep([]Drift{a, b}, 116, 8)
	assert.Equal(t, []Drift{a, b}, v.drifts)
	v.learned([]Drift{b}, 116)
	v.keep([]Drift{b}, 147, 8)
	assert.Empty(t, v.drifts, "and then for 32")
	v.forget()
	v.keep([]Drift{b}, 147, 8)
	assert.Equal(t, []Drift{b}, v.drifts)
	for range 100 { // no shift too far
		v.learned([]Drift{b}, 0)
	}
	v.keep([]Drift{b}, 8<<longestWait, 8)
	assert.Equal(t, []Drift{b}, v.drifts)
}

// c is replaced by a slower version. The model says for which part it is stale, learns
// that part, and is ready again: nothing else trains.
func TestRedeploy(t *testing.T) {
	stored := newMemory()
	r := withGVAE(newRig(t, calm(), stored))
	r.run.training.refit, r.run.training.drifted = gvae.Retrain, Drifted
	r.through(t, chain(1, 0, 80, 1), chain(1, 80, 120, 1.6))
	assert.Empty(t, r.watch.failures())
	assert.Equal(t, []Extent{Whole, Part}, r.watch.extents)
	states := r.watch.states
	require.Len(t, states, 5, "%v", r.models())
	assert.Equal(t, []string{"cold", "warming", "ready", "stale", "ready"}, statesOf(states))
	assert.Equal(t, "some latencies are no longer what the model learned (server(c GET)): the rest is still answered by the model", states[3].Reason)
	assert.Equal(t, []string{"c"}, states[3].Behind)
	assert.Empty(t, states[4].Behind)
	at := int((states[3].Time.UnixNano()-epoch)/int64(size)) - 1
	assert.GreaterOrEqual(t, at, 80+7, "half of 16 windows")
	assert.Less(t, at, 80+16)
	done := int((states[4].Time.UnixNano()-epoch)/int64(size)) - 1
	assert.Less(t, done, 80+32, "16 windows after the change, and 3 to be published")

	m := r.run.training.model
	assert.Empty(t, Drifted(m.learned(), r.run.history, 0, 60))
	i := slices.IndexFunc(m.changes, func(c renewal) bool { return c.Node == cbn.Server(rpc("c")) })
	require.GreaterOrEqual(t, i, 0)
	assert.InDelta(t, start(80), m.changes[i].Since, float64(2*size))
	assert.Contains(t, m.changes, renewal{Channel: cbn.Channel{Service: rpc("c").Service}, Since: m.changes[i].Since})

	// A restart knows it too, and finds nothing to do.
	again := withGVAE(newRig(t, calm(), stored))
	again.run.training.refit, again.run.training.drifted = gvae.Retrain, Drifted
	again.through(t, chain(1, 200, 60, 1.6))
	assert.Empty(t, again.watch.failures())
	assert.Equal(t, m.changes, again.run.training.model.changes)
	assert.Empty(t, again.watch.extents)
}

func statesOf(s []ModelStatus) []string {
	var out []string
	for _, v := range s {
		out = append(out, string(v.State))
	}
	return out
}

// A service is added below c. What a and b do need not be learned.
func TestGrown(t *testing.T) {
	with := chain(1, 80, 60, 1)
	for i, s := range with {
		extra := chain(9, 80+i, 1, 0.2)[0] // its c is quick
		d := extra.RPCs[2]
		d.Key = rpc("d")
		e := extra.Edges[1]
		e.Key.Caller, e.Key.Callee = rpc("c"), rpc("d")
		s.RPCs, s.Edges = append(s.RPCs, d), append(s.Edges, e)
	}
	r := withGVAE(newRig(t, calm(), nil))
	var learned []cbn.Node
	r.run.training.refit = func(ctx context.Context, s gvae.Spec, d gvae.Data, c gvae.Config, prev *gvae.Model, o gvae.Origin) (*gvae.Model, gvae.Report, error) {
		m, report, err := gvae.Retrain(ctx, s, d, c, prev, o)
		for _, n := range report.Learned {
			learned = append(learned, r.run.graph.Nodes[n])
		}
		return m, report, err
	}
	r.through(t, chain(1, 0, 80, 1), with)
	assert.Empty(t, r.watch.failures())
	assert.Equal(t, []Extent{Whole, Part}, r.watch.extents)
	for _, n := range learned {
		assert.True(t, strings.Contains(n.String(), "(d GET)") || strings.Contains(n.String(), "c GET"), n.String())
	}
	assert.Equal(t, []string{"cold", "warming", "ready", "stale", "ready"}, statesOf(r.watch.states))
	assert.Contains(t, r.watch.states[3].Reason, "new: server(d GET)")
	m := r.run.training.model
	assert.Same(t, r.run.graph, m.layout.Graph)
	require.Len(t, m.changes, 1, "c is another than it was, d was not there")
	assert.Equal(t, cbn.Server(rpc("c")), m.changes[0].Node)
	assert.Equal(t, start(81), m.changes[0].Since, "the window in which it came may be half of either")
}

// A partial training that fails is followed by a whole one.
func TestPart_failureIsFollowedByTheWhole(t *testing.T) {
	r := withGVAE(newRig(t, calm(), nil))
	r.run.training.drifted, r.run.training.refit = stubborn(start(60)), partly(errors.New("diverged"))
	r.through(t, chain(1, 0, 120, 1))
	assert.Equal(t, []Extent{Whole, Part, Whole}, r.watch.extents[:3])
	assert.Equal(t, []bool{true, false, true}, r.watch.trained[:3])
	assert.Contains(t, r.watch.failures(), "diverged")
}

// Where most of the model has changed, all of it is learned.
func TestPart_ofMostIsTheWhole(t *testing.T) {
	m, h := learnt(t, 40)
	var drifts []Drift
	for _, n := range m.Layout.Graph.Nodes {
		drifts = append(drifts, Drift{n, start(30)})
	}
	j := job{cfg: Training{Model: calm().Training.Model}, extent: Part, since: start(20), prev: &fitted{layout: m.Layout, model: m.Model}, drifts: drifts}
	j.cfg.CPUBudget, j.pace = 1, pace{budget: 1, clock: newTraining(calm()).clock}
	j.refit = partly(errors.New("is not called"))
	j.fit = func(_ context.Context, s gvae.Spec, d gvae.Data, _ gvae.Config, _ *gvae.Model) (*gvae.Model, gvae.Report, error) {
		require.Len(t, d.Since, len(s.Nodes))
		for _, since := range d.Since {
			assert.Equal(t, 30, since, "and what drifted is learned from its new windows")
		}
		return m.Model, gvae.Report{}, nil
	}
	res := j.work(t.Context(), h, m.Layout.Graph)
	require.NoError(t, res.err)
	assert.Equal(t, Whole, res.extent)
	assert.NotEmpty(t, res.fitted.changes)
}
