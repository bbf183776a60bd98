package engine

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/identity"
)

func TestTraining_due(t *testing.T) {
	g := cbn.New(1, cbn.Observation{RPCs: []identity.RPC{rpc("a")}})
	const now = 1000 * int64(size)
	ago := func(windows int64) int64 { return now - windows*int64(size) }
	for _, c := range []struct {
		name  string
		set   func(*training)
		rows  int
		graph *cbn.Graph
		want  Extent
	}{
		{"the first, with enough windows", func(*training) {}, 4, g, Whole},
		{"too few", func(*training) {}, 3, g, None},
		{"nothing to learn", func(*training) {}, 4, new(cbn.Graph), None},
		{"disabled", func(t *training) { t.cfg.Enabled = false }, 4, g, None},
		{"one is under way", func(t *training) { t.result = make(chan result) }, 4, g, None},
		{"ready, before the interval", func(t *training) { t.ready(ago(359)) }, 400, g, None},
		{"ready, after the interval", func(t *training) { t.ready(ago(360)) }, 400, g, Whole},
		{"stale for one window", func(t *training) { t.ready(ago(100)); t.differs = drift{stale: true, since: ago(1)} }, 400, g, None},
		{"stale for two", func(t *training) { t.ready(ago(100)); t.differs = drift{stale: true, since: ago(2)} }, 400, g, Part},
		{"stale, but just trained", func(t *training) { t.ready(ago(1)); t.differs = drift{stale: true, since: ago(50)} }, 400, g, None},
		{"failed a window ago", func(t *training) { t.ready(ago(1)); t.err = errors.New("x") }, 400, g, None},
		{"failed two windows ago", func(t *training) { t.ready(ago(2)); t.err = errors.New("x") }, 400, g, Whole},
		{"given up at a restart", func(t *training) { t.ready(ago(2)); t.model = nil }, 400, g, Whole},
		{"a node drifted a window ago", func(t *training) { t.ready(ago(100)); t.behaviour = behaviour{drifts: make([]Drift, 1), since: ago(1)} }, 400, g, None},
		{"two windows ago", func(t *training) { t.ready(ago(100)); t.behaviour = behaviour{drifts: make([]Drift, 1), since: ago(2)} }, 400, g, Part},
		{"and the graph has changed since", func(t *training) {
			t.ready(ago(100))
			t.behaviour = behaviour{drifts: make([]Drift, 1), since: ago(2)}
			t.differs = drift{stale: true, since: ago(1)}
		}, 400, g, None},
		{"stale when the interval has passed", func(t *training) { t.ready(ago(360)); t.differs = drift{stale: true, since: ago(2)} }, 400, g, Whole},
		{"stale after a failure", func(t *training) {
			t.ready(ago(2))
			t.err = errors.New("x")
			t.differs = drift{stale: true, since: ago(2)}
		}, 400, g, Whole},
	} {
		tr := newTraining(trained())
		c.set(&tr)
		assert.Equal(t, c.want, tr.due(now, c.rows, c.graph), c.name)
	}
}

// ready is in the state after a training that began at an event time.
func (t *training) ready(at int64) {
	t.began, t.last, t.lastWhole = true, at, at
	t.model = &fitted{at: at}
}

func TestJob_data(t *testing.T) {
	h := feature.NewHistory(size, 100, 100)
	for i, s := range chain(1, 0, 10, 1) {
		h.Append(s)
		h.SetHealth(i, []feature.Health{feature.Unknown, feature.Healthy, feature.Violated}[i%3])
	}
	o := feature.Structure(chain(1, 0, 1, 1)[0])
	var got gvae.Data
	j := job{cfg: Training{Model: gvae.Config{Seed: 7}}, fit: func(_ context.Context, s gvae.Spec, d gvae.Data, c gvae.Config, _ *gvae.Model) (*gvae.Model, gvae.Report, error) {
		got = d
		assert.EqualValues(t, 7, c.Seed)
		assert.NotNil(t, c.Yield)
		assert.Len(t, s.Nodes, 7) // 3 servers, 2 clients, 2 networks
		return new(gvae.Model), gvae.Report{HeldOutLoss: 3}, nil
	}}
	res := j.work(t.Context(), h, cbn.New(1, o))
	require.NoError(t, res.err)
	assert.InDelta(t, 3, res.fitted.loss, 0)
	assert.Equal(t, 10, got.N)
	y := make([]float64, 10)
	got.Source.Y(y, 0) // the first node and quantile
	for row, v := range y {
		assert.InDelta(t, h.Value(feature.Key{Kind: feature.Latency, Node: res.fitted.layout.Graph.Nodes[0]}, row), v, 0, "row %d", row)
	}
	assert.Equal(t, []float64{1, 1, 2, 1, 1, 2, 1, 1, 2, 1}, got.Weight)
	assert.Equal(t, []bool{true, true, false, true, true, false, true, true, false, true}, got.Healthy)
}

func TestPace(t *testing.T) {
	for _, c := range []struct {
		name   string
		budget float64
		cores  time.Duration
		lead   time.Duration
		want   time.Duration
	}{
		{"half a core", 0.5, 1, 0, 10 * time.Millisecond},
		{"a quarter", 0.25, 1, 0, 30 * time.Millisecond},
		{"all of it", 1, 1, 0, 0},
		{"half a core, by two at once", 0.5, 2, 0, 30 * time.Millisecond},
		{"all of one, by two at once", 1, 2, 0, 10 * time.Millisecond},
		{"a lead of a window is none", 0.5, 1, size, 10 * time.Millisecond},
		{"a replay", 0.01, 1, size + 1, 0},
		{"event time behind", 0.5, 1, -time.Hour, 10 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				clock := new(atomic.Int64)
				clock.Store(epoch + int64(c.lead))
				p := pace{budget: c.budget, clock: clock, event: epoch, wall: time.Now(), slack: size}
				began := time.Now()
				spent := gvae.Spent{Busy: c.cores * 10 * time.Millisecond, Elapsed: 10 * time.Millisecond}
				require.NoError(t, p.rest(t.Context(), spent))
				assert.Equal(t, c.want, time.Since(began))
			})
		})
	}
}

// A replay waits for the training, which then takes what it needs.
func TestPace_ofAReplay(t *testing.T) {
	for _, replay := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, trained(), nil)
			var took time.Duration
			r.run.training.fit = func(ctx context.Context, _ gvae.Spec, _ gvae.Data, c gvae.Config, _ *gvae.Model) (*gvae.Model, gvae.Report, error) {
				began := time.Now()
				for range 15 {
					if err := c.Yield(ctx, gvae.Spent{Busy: time.Second, Elapsed: time.Second}); err != nil {
						return nil, gvae.Report{}, err
					}
				}
				took = time.Since(began)
				return new(gvae.Model), gvae.Report{}, nil
			}
			require.NoError(t, r.Start(t.Context()))
			for _, s := range letters(0, "GGGGGGGG") {
				if !replay {
					<-time.After(size)
				}
				r.Offer(s)
			}
			require.NoError(t, r.Close(t.Context()))
			require.Equal(t, []bool{true}, r.watch.trained)
			if replay {
				assert.LessOrEqual(t, took, time.Second, "the one rest before event time has moved")
			} else {
				assert.Equal(t, 15*time.Second, took)
			}
		})
	}
}

func TestPace_endsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("closed")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(cause) })
		p := pace{budget: 0.5, clock: new(atomic.Int64), wall: time.Now(), slack: size}
		long := gvae.Spent{Busy: time.Hour, Elapsed: time.Hour}
		require.ErrorIs(t, p.rest(ctx, long), cause)
		require.ErrorIs(t, p.rest(ctx, long), cause, "at once")
		p.budget = 1
		require.ErrorIs(t, p.rest(ctx, long), cause, "also without sleep")
		p.budget = 1e-300
		require.ErrorIs(t, p.rest(ctx, long), cause, "a sleep beyond all bounds is one")
	})
}

func TestDrift(t *testing.T) {
	of := func(version uint64, names ...string) *cbn.Graph {
		var o cbn.Observation
		for _, n := range names {
			o.RPCs = append(o.RPCs, rpc(n))
		}
		return cbn.New(version, o)
	}
	m := &fitted{layout: &feature.Layout{Graph: of(1, "a", "b")}}
	var d drift
	for i, c := range []struct {
		graph *cbn.Graph
		want  bool
		since int64
	}{
		{m.layout.Graph, false, 0},
		{of(2, "a", "b", "c"), true, 1},
		{of(3, "a", "b", "c", "d"), true, 1},
		{of(4, "b", "a"), false, 1}, // as it was
		{of(5, "a"), true, 4},
	} {
		d.compare(m, c.graph, int64(i))
		assert.Equal(t, c.want, d.stale, "step %d", i)
		if d.stale {
			assert.Equal(t, c.since, d.since, "step %d", i)
		}
	}
	d.compare(nil, m.layout.Graph, 9)
	assert.False(t, d.stale, "no model, nothing stale")

	edge := func(async bool) *cbn.Graph {
		return cbn.New(1, cbn.Observation{Calls: []cbn.Call{{Edge: identity.Edge{Caller: rpc("a"), Callee: rpc("b")}, Async: async}}})
	}
	assert.False(t, same(edge(true), edge(false)))
	assert.True(t, same(edge(true), edge(true)))
}

func TestStatus_heartbeatAndStale(t *testing.T) {
	cfg := trained()
	cfg.ModelHeartbeat = 12 * size
	a, ab := letters(0, "GGGGGGGGGG"), letters(10, "GGGGGGGGGGGGGGGGGGGGGG")
	for i := range ab { // the last rows are of another structure
		s := ab[i].RPCs[0]
		s.Key = rpc("b")
		ab[i].RPCs = append(ab[i].RPCs, s)
	}
	r := newRig(t, cfg, nil).through(t, slices.Concat(a, ab))
	assert.Equal(t, []string{"0 cold", "3 warming", "6 ready", "10 stale", "15 ready", "27 ready"}, r.models())

	var versions []uint64
	for _, s := range r.watch.states {
		versions = append(versions, s.Version)
	}
	assert.Equal(t, []uint64{0, 0, 1, 1, 2, 2}, versions)
	last := r.watch.states[5]
	assert.Equal(t, 15*size, last.Age, "since the end of window 12, after which it was trained")
	assert.Equal(t, 28, last.Windows)
	assert.Equal(t, 4, last.WindowsNeeded)
	assert.Equal(t, 2, last.Nodes)
	assert.Equal(t, 2, last.Services)
	assert.InDelta(t, 0.5, last.HeldOutLoss, 0)
	assert.Equal(t, "1 of 4 windows seen", r.watch.states[0].Reason)
}

func TestDifference(t *testing.T) {
	of := func(entries bool, names ...string) *cbn.Graph {
		var o cbn.Observation
		for _, n := range names {
			o.RPCs = append(o.RPCs, rpc(n))
		}
		if entries {
			o.Entries = o.RPCs
		}
		return cbn.New(1, o)
	}
	for _, c := range []struct {
		was, is *cbn.Graph
		want    string
	}{
		{of(false, "a", "b"), of(false, "b", "c"), "new: server(c GET); gone: server(a GET)"},
		{of(false, "a"), of(false, "a", "b", "c", "d", "e", "f"), "new: server(b GET), server(c GET), server(d GET) and 2 more"},
		{of(false, "a"), of(true, "a"), "what is called from where"},
	} {
		assert.Equal(t, c.want, difference(c.was, c.is))
	}
}
