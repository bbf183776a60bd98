package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/window"
)

// withGVAE trains real models, for a moment.
func withGVAE(r *rig) *rig {
	r.run.training.fit = gvae.Train
	return r
}

func small(c Config) Config {
	c.Training.MinWindows, c.Training.Interval = 12, time.Hour
	c.Training.Model = gvae.Config{Hidden: []int{4}, Structured: true, Epochs: 2, Seed: 1}
	return c
}

// stopped is what an engine leaves that was stopped in the middle of an incident,
// with a model.
func stopped(t testing.TB) (Config, *memory, int) {
	t.Helper()
	cfg, m := small(trained()), newMemory()
	r := withGVAE(newRig(t, cfg, m)).through(t, chain(1, 0, 20, 1), chain(1, 20, 3, 8))
	require.Equal(t, []string{"21 open"}, r.incidents())
	require.Equal(t, []string{"0 cold", "11 warming", "14 ready"}, r.models())
	require.Contains(t, m.data, modelKey)
	return cfg, m, 23
}

func TestRestore_incidentGoesOn(t *testing.T) {
	cfg, m, next := stopped(t)
	rest := slices.Concat(chain(1, next, 3, 8), chain(1, next+3, 3, 1))

	whole := withGVAE(newRig(t, cfg, nil)).through(t, chain(1, 0, 20, 1), chain(1, 20, 3, 8), rest)
	r := withGVAE(newRig(t, cfg, m)).through(t, rest)
	assert.Empty(t, r.watch.failures())
	assert.Equal(t, []string{"27 resolved"}, r.incidents())

	want, got := *whole.said[len(whole.said)-1].Incident, *r.said[len(r.said)-1].Incident
	assert.Equal(t, fmt.Sprintf("%+v", want), fmt.Sprintf("%+v", got), "identity, sequence, totals, exemplars, verdict")
	assert.Equal(t, 2, got.Sequence)

	assert.Equal(t, []string{"23 ready"}, r.models(), "the model answers at once")
	assert.Equal(t, whole.run.training.model.version, r.run.training.model.version)
	assert.Equal(t, whole.run.history.Len(), r.run.history.Len())
	left, err := whole.run.history.MarshalBinary()
	require.NoError(t, err)
	right, err := r.run.history.MarshalBinary()
	require.NoError(t, err)
	assert.True(t, bytes.Equal(left, right), "the history is the same")
}

func TestRestore_windowsThatWereJudgedAreLate(t *testing.T) {
	cfg, m, next := stopped(t)
	r := newRig(t, cfg, m).through(t, chain(1, next-2, 4, 8))
	assert.Equal(t, 2, r.watch.closed)
	assert.Contains(t, r.watch.failures(), "is not after that of")
}

func TestRestore_lateWithoutState(t *testing.T) {
	cfg, m, next := stopped(t)
	delete(m.data, stateKey)
	r := newRig(t, cfg, m).through(t, chain(1, next-2, 2, 1))
	assert.Zero(t, r.watch.closed, "the history knows them")
}

func TestRestore_graphGoesOnFromTheModel(t *testing.T) {
	cfg, m, next := stopped(t)
	quiet := chainWindow(rand.New(rand.NewPCG(1, 1)), next, 1)
	quiet.Edges = nil
	quiet.RPCs = quiet.RPCs[:1] // a window in which a called nobody
	r := newRig(t, cfg, m).through(t, []*window.Snapshot{quiet})
	assert.Equal(t, []string{"23 ready"}, r.models())
	assert.Len(t, r.run.graph.Nodes, 7)
}

// A kill loses nothing that was said, and no incident is opened under another
// identity: after every window, what the store holds is enough to go on.
func TestRestore_afterAKillAtAnyTime(t *testing.T) {
	text := "GGVGVVVGVGGGGVVGGG" // opens at 4, resolves at 10, opens at 14
	cfg := config()
	whole := newRig(t, cfg, nil).through(t, letters(0, text))
	ids := func(r *rig) (out []string) {
		for _, o := range r.said {
			if o.Incident != nil {
				out = append(out, fmt.Sprintf("%s %d %s", o.Incident.ID, o.Incident.Sequence, o.Incident.Phase))
			}
		}
		return out
	}
	want := ids(whole)
	require.Len(t, want, 4)
	for kill := 1; kill < len(text); kill++ {
		m := newMemory()
		first := newRig(t, cfg, m)
		left := m
		first.watch.onClose = func(s *window.Snapshot) {
			if s.Start == start(kill) {
				left = m.copy() // as the store is before window kill
			}
		}
		first.through(t, letters(0, text))
		second := newRig(t, cfg, left).through(t, letters(kill, text[kill:]))
		said := 0
		for _, e := range want {
			if slices.Contains(ids(second), e) {
				said++
			}
		}
		assert.Len(t, ids(second), said, "killed before window %d: %v", kill, ids(second))
		before := newRig(t, cfg, nil).through(t, letters(0, text[:kill]))
		assert.Equal(t, want, append(ids(before), ids(second)...), "killed before window %d", kill)
	}
}

// Killed after an event has left and before the store knows, an engine says it
// again: with the identity and the sequence by which readers tell.
func TestRestore_afterAKillBetweenEventAndStorage(t *testing.T) {
	m := newMemory()
	left := m
	r := newRig(t, config(), m)
	say := r.run.emit
	r.run.emit = func(ctx context.Context, out []Output) {
		if out[0].Incident != nil && out[0].Incident.Sequence == 1 {
			left = m.copy()
		}
		say(ctx, out)
	}
	r.through(t, letters(0, "GVVVGG"))
	require.Equal(t, []string{"2 open", "5 resolved"}, r.incidents())

	again := newRig(t, config(), left).through(t, letters(3, "VGG"))
	require.Equal(t, []string{"3 open", "5 resolved"}, again.incidents())
	assert.Equal(t, r.said[1].Incident.ID, again.said[0].Incident.ID)
	assert.Equal(t, 1, again.said[0].Incident.Sequence)
	assert.Equal(t, 2, again.said[2].Incident.Sequence)
}

func TestRestore_everyFlippedByteIsRefused(t *testing.T) {
	cfg, m, _ := stopped(t)
	for key, good := range m.data {
		step := max(1, len(good)/400) // all of the header, and some of the rest
		for i := 0; i < len(good); i++ {
			if i > 2*headerSize && i%step != 0 {
				continue
			}
			bad := m.copy()
			bad.data[key] = bytes.Clone(good)
			bad.data[key][i] ^= 0x41
			r := newRig(t, cfg, bad)
			r.run.restore(t.Context())
			require.Len(t, r.watch.failed, 1, "%s, byte %d", key, i)
			require.Contains(t, r.watch.failed[0], "storage: cold start of "+key)
		}
		for _, n := range []int{1, headerSize - 1, headerSize, len(good) - 1} {
			bad := m.copy()
			bad.data[key] = good[:n]
			r := newRig(t, cfg, bad)
			r.run.restore(t.Context())
			require.Len(t, r.watch.failed, 1, "%s, cut to %d", key, n)
		}
	}
}

func TestRestore_whatIsForeignMeansAColdStart(t *testing.T) {
	cfg, m, next := stopped(t)
	for _, c := range []struct {
		name  string
		spoil func(*Config, *memory)
		want  []string
	}{
		{"another window", func(c *Config, _ *memory) { c.Window = 20 * time.Second }, []string{
			"storage: cold start of state: the checkpoint is of windows of 10s, not 20s",
			"storage: cold start of history: the checkpoint is of windows of 10s, not 20s",
			"storage: cold start of model: the checkpoint is of windows of 10s, not 20s",
		}},
		{"another length of history", func(c *Config, _ *memory) { c.Training.History = 2 * time.Hour }, []string{
			"storage: cold start of history: the checkpoint was written under another configuration",
		}},
		{"another shape of the model", func(c *Config, _ *memory) { c.Training.Model.Structured = false }, []string{
			"storage: cold start of model: the checkpoint was written under another configuration",
		}},
		{"more epochs are no other model", func(c *Config, _ *memory) { c.Training.Model.Epochs = 7 }, nil},
		{"a text", func(_ *Config, m *memory) { m.data[stateKey] = []byte("hello") }, []string{
			"storage: cold start of state: what is stored is no checkpoint",
		}},
		{"nothing of nothing", func(_ *Config, m *memory) { m.data[stateKey] = []byte{} }, nil},
		{"another format", func(_ *Config, m *memory) { m.data[stateKey][len(magic)] = 1 }, []string{
			"storage: cold start of state: the checkpoint is of format 1, not 2",
		}},
		{"keys mixed up", func(_ *Config, m *memory) { m.data[stateKey], m.data[modelKey] = m.data[modelKey], m.data[stateKey] }, []string{
			"storage: cold start of state: the checkpoint is damaged",
			"storage: cold start of model: the checkpoint is damaged",
		}},
		{"too large", func(c *Config, m *memory) { c.MaxCheckpoint = len(m.data[modelKey]) - 1 }, []string{
			fmt.Sprintf("storage: cold start of model: a checkpoint of %d bytes is beyond the bound of %d", len(m.data[modelKey]), len(m.data[modelKey])-1),
		}},
		{"a store that does not answer", func(_ *Config, m *memory) { m.err = errors.New("no disk") }, []string{
			"storage: cold start of state: no disk", "storage: cold start of history: no disk", "storage: cold start of model: no disk",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, store := cfg, m.copy()
			store.data[stateKey] = bytes.Clone(store.data[stateKey])
			c.spoil(&cfg, store)
			r := newRig(t, cfg, store)
			r.run.restore(t.Context())
			assert.Equal(t, c.want, r.watch.failed)
			store.err = nil
			r.through(t, chain(1, next, 1, 1)) // and it works
			assert.Equal(t, 1, r.watch.closed)
		})
	}
}

// What is well sealed and yet wrong is refused by who reads it.
func TestRestore_wellSealedNonsense(t *testing.T) {
	cfg, m, _ := stopped(t)
	state, err := newRig(t, cfg, nil).run.storeState()
	require.NoError(t, err)
	k := newKeeper(nil, cfg)
	for key, body := range map[string][]byte{stateKey: []byte("nonsense"), historyKey: []byte("nonsense"), modelKey: state} {
		bad := m.copy()
		bad.data[key] = k.envelopes[key].seal(body)
		r := newRig(t, cfg, bad)
		r.run.restore(t.Context())
		require.Len(t, r.watch.failed, 1, key)
		assert.Contains(t, r.watch.failed[0], "cold start of "+key)
	}

	r := newRig(t, cfg, m)
	r.run.restore(t.Context())
	other := r.run.training.model
	h := feature.NewHistory(size, 10, 10)
	for _, s := range letters(0, "GGG") {
		h.Append(s)
	}
	other.layout = feature.NewLayout(r.run.builder.Update(feature.Structure(letters(0, "G")[0])), h)
	body, err := r.run.storeModel()
	require.NoError(t, err)
	bad := m.copy()
	bad.data[modelKey] = k.envelopes[modelKey].seal(body)
	r = newRig(t, cfg, bad)
	r.run.restore(t.Context())
	assert.Equal(t, []string{"storage: cold start of model: model and layout do not belong together"}, r.watch.failed)
	assert.Nil(t, r.run.training.model)
}

// A run of objectives without its incidents would open them anew.
func TestRestore_stateIsAllOrNothing(t *testing.T) {
	cfg, m, _ := stopped(t)
	r := newRig(t, cfg, m)
	r.run.restore(t.Context())
	w, err := r.run.watcher.MarshalBinary()
	require.NoError(t, err)
	i, err := r.run.tracker.MarshalBinary()
	require.NoError(t, err)
	for name, s := range map[string]state{
		"incidents": {Last: 5, Watcher: w, Incident: []byte("x")},
		"watcher":   {Last: 5, Watcher: []byte("x"), Incident: i},
	} {
		fresh := newRig(t, cfg, nil)
		body, err := encode(s)
		require.NoError(t, err)
		require.Error(t, fresh.run.loadState(body), name)
		assert.Zero(t, fresh.run.tracker.Open(), name)
		assert.Empty(t, fresh.run.watcher.Observe(start(30), start(31), nil), "%s: nothing fires", name)
		assert.Negative(t, fresh.run.last, name)
	}
}

func TestPersist_when(t *testing.T) {
	m := newMemory()
	newRig(t, config(), m).through(t, letters(0, "GGVGGGVVGGGG"))
	// Window 2 violates; 4 is the fifth; 6, 7 violate; 8 is on the way to an end; 9
	// resolves and is the tenth; the end.
	assert.Equal(t, []string{"state", "state", "history", "state", "state", "state", "state", "history", "state", "history"}, m.sets)

	m = newMemory()
	withGVAE(newRig(t, small(trained()), m)).through(t, chain(1, 0, 16, 1))
	assert.Equal(t, 1, count(m.sets, modelKey), "when it is published")
}

func count(s []string, v string) (n int) {
	for _, x := range s {
		if x == v {
			n++
		}
	}
	return n
}

func TestPersist_afterWhatWasSaid(t *testing.T) {
	m := newMemory()
	var order []string
	e, err := New(config(), m, new(watch), func(_ context.Context, out []Output) {
		if out[0].Incident != nil {
			order = append(order, fmt.Sprintf("%s after %d writes", out[0].Incident.Phase, len(m.sets)))
		}
	})
	require.NoError(t, err)
	e.run.diagnose = blame("c")
	(&rig{Engine: e}).through(t, letters(0, "VVGG"))
	assert.Equal(t, []string{"open after 1 writes", "resolved after 3 writes"}, order)
}

func TestPersist_failures(t *testing.T) {
	cfg := small(trained())
	cfg.MaxCheckpoint = 100
	m := newMemory()
	r := newRig(t, cfg, m).through(t, chain(1, 0, 20, 1))
	assert.Empty(t, m.sets)
	assert.Contains(t, r.watch.failures(), "is beyond the bound of 100: it was not written")
	assert.Equal(t, Degraded, r.run.status.state)
	last := r.watch.states[len(r.watch.states)-1]
	assert.Contains(t, last.Reason, "storage failed, a restart will be colder: write state: a checkpoint of ")

	m = newMemory()
	m.err = errors.New("no disk")
	r = newRig(t, config(), m).through(t, letters(0, "VVGG"))
	assert.Equal(t, []string{"1 open", "3 resolved"}, r.incidents(), "events do not wait for storage")
	assert.Contains(t, r.watch.failures(), "storage: write state: no disk")
	cold := r.run.modelStatus(start(5))
	assert.Equal(t, Cold, cold.State)
	assert.Equal(t, "training is disabled: the robust scorer answers; storage failed, a restart will be colder: write state: no disk", cold.Reason)
}

func TestPersist_aStoreThatPanics(t *testing.T) {
	r := newRig(t, config(), panicking{}).through(t, letters(0, "VVGG"))
	assert.Equal(t, []string{"1 open", "3 resolved"}, r.incidents())
	assert.Contains(t, r.watch.failures(), "storage: cold start of state: panic: closed")
	assert.Contains(t, r.watch.failures(), "storage: write state: panic: closed")
}

type panicking struct{}

func (panicking) Get(context.Context, string) ([]byte, error) { panic("closed") }
func (panicking) Set(context.Context, string, []byte) error   { panic("closed") }

func FuzzUnseal(f *testing.F) {
	e := envelope{stateKey, size, 7}
	f.Add(e.seal([]byte("body")))
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		body, err := e.unseal(b)
		if err == nil && !bytes.Equal(e.seal(body), b) {
			t.Errorf("%x was not sealed here", b)
		}
	})
}
