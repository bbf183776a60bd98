package slo

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func bothKinds() Config {
	cfg := checkout()
	cfg.Learn = LearnConfig{Enabled: true, Windows: 3, Quantile: 0.95, Headroom: 2}
	return cfg
}

// random observes a window that depends on rng only.
func random(w *Watcher, i int, rng *rand.Rand) []State {
	var obs []Observation
	for _, r := range []Observation{{RPC: rpc("front", "GET /")}, {RPC: rpc("front", "POST /"), Entry: true}, {RPC: rpc("cron", "tick"), Entry: true}} {
		r.Latency = latency(rng.IntN(20)+5, time.Duration(50+rng.IntN(5)*40)*time.Millisecond)
		if rng.IntN(8) > 0 {
			obs = append(obs, r)
		}
	}
	start := int64(i+1) * second
	return w.Observe(start, start+second, obs)
}

// Law: a watcher that is written and read back at any time goes on as if it had not been.
func TestWatcher_survivesStorage(t *testing.T) {
	for seed := range uint64(20) {
		a, b := newWatcher(t, bothKinds()), newWatcher(t, bothKinds())
		left, right := rand.New(rand.NewPCG(seed, 1)), rand.New(rand.NewPCG(seed, 1))
		fired := false
		for i := range 60 {
			want := random(a, i, left)
			require.Equal(t, fmt.Sprint(want), fmt.Sprint(random(b, i, right)), "seed %d window %d", seed, i)
			for _, s := range want {
				fired = fired || s.Firing
			}

			stored, err := b.MarshalBinary()
			require.NoError(t, err)
			b = newWatcher(t, bothKinds())
			require.NoError(t, b.UnmarshalBinary(stored))
			again, err := b.MarshalBinary()
			require.NoError(t, err)
			require.Equal(t, stored, again, "equal states give equal bytes")
		}
		require.True(t, fired, "seed %d shows nothing", seed)
	}
}

func TestUnmarshalBinary_refuses(t *testing.T) {
	source := newWatcher(t, bothKinds())
	for i := range 5 {
		window(source, i, 'V')
	}
	good, err := source.MarshalBinary()
	require.NoError(t, err)
	spoil := func(old, next string) string {
		require.Contains(t, string(good), old)
		return strings.Replace(string(good), old, next, 1)
	}
	for name, c := range map[string]struct{ data, want string }{
		"nothing":            {"", "not a state"},
		"binary":             {"\x00\x01\x02", "not a state"},
		"another object":     {`{"some":"thing"}`, "not a state"},
		"cut short":          {string(good[:len(good)/2]), "not a state"},
		"later version":      {spoil(`"Version":2`, `"Version":3`), "version 3"},
		"no version":         {`{"Tracks":[]}`, "version 0"},
		"null track":         {`{"Version":2,"Tracks":[null]}`, "malformed"},
		"negative requests":  {spoil(`"Requests":`, `"Requests":-1`), "malformed"},
		"quantile of 7":      {spoil(`"Quantile":0.99`, `"Quantile":7`), "malformed"},
		"fires from nowhere": {spoil(fmt.Sprintf(`"Onset":%d`, second), `"Onset":0`), "malformed"},
		"twice":              {`{"Version":2,"Tracks":[` + strings.Repeat(track1+",", 1) + track1 + `]}`, "twice"},
		"too many":           {`{"Version":2,"Tracks":[` + strings.Repeat("null,", MaxTracks) + `null]}`, "beyond the bound"},
	} {
		w := newWatcher(t, bothKinds())
		window(w, 0, 'V')
		before, err := w.MarshalBinary()
		require.NoError(t, err)
		require.ErrorContains(t, w.UnmarshalBinary([]byte(c.data)), c.want, name)
		after, err := w.MarshalBinary()
		require.NoError(t, err)
		assert.Equal(t, before, after, "%s: the state stays", name)
	}
}

// track1 is a track as it is written.
const track1 = `{"Objective":{"Name":"checkout","Quantile":0.99},"RPC":{"Service":{"Name":"front"},"Operation":"GET /"}}`

func TestUnmarshalBinary_configurationDecides(t *testing.T) {
	source := newWatcher(t, bothKinds())
	for i := range 6 {
		window(source, i, 'V')
		buy(source, i, 20, 50*time.Millisecond)
	}
	stored, err := source.MarshalBinary()
	require.NoError(t, err)
	restore := func(cfg Config) *Watcher {
		w := newWatcher(t, cfg)
		require.NoError(t, w.UnmarshalBinary(stored))
		return w
	}

	assert.Len(t, restore(bothKinds()).tracks, 2)
	assert.Equal(t, 1, restore(bothKinds()).learned)

	cfg := bothKinds()
	cfg.Objectives[0].Name = "renamed"
	assert.Len(t, restore(cfg).tracks, 1, "an objective that is gone")

	cfg = bothKinds()
	cfg.Objectives[0].Quantile = 0.5
	assert.Len(t, restore(cfg).tracks, 1, "a median says nothing of a tail")

	cfg = bothKinds()
	cfg.Learn.Enabled = false
	assert.Len(t, restore(cfg).tracks, 1, "no longer learned")

	cfg = bothKinds()
	cfg.Objectives[0].Threshold = time.Minute
	w := restore(cfg)
	s := window(w, 6, 'V')
	assert.False(t, s[0].Violated, "the new threshold counts at once")
	assert.True(t, s[0].Firing, "and the run goes on until windows meet it")

	cfg = bothKinds()
	cfg.OpenK, cfg.OpenN = 1, 1
	for _, tr := range restore(cfg).tracks {
		assert.LessOrEqual(t, len(tr.Recent), 1)
	}
}

func FuzzUnmarshalBinary(f *testing.F) {
	w, err := NewWatcher(bothKinds())
	require.NoError(f, err)
	for i := range 6 {
		window(w, i, 'V')
		buy(w, i, 20, 50*time.Millisecond)
	}
	good, err := w.MarshalBinary()
	require.NoError(f, err)
	f.Add(good)
	f.Add([]byte(`{"Version":2,"Tracks":[` + track1 + `]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		w := newWatcher(t, bothKinds())
		if w.UnmarshalBinary(b) != nil {
			return
		}
		window(w, 100, 'V') // whatever was accepted can be used
		buy(w, 101, 20, time.Second)
		again, err := w.MarshalBinary()
		require.NoError(t, err)
		require.NoError(t, newWatcher(t, bothKinds()).UnmarshalBinary(again))
	})
}
