package slo

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
)

func bothKinds() Config {
	cfg := checkout()
	cfg.Learn = LearnConfig{Enabled: true, Windows: 3, Quantile: 0.95, Headroom: 2}
	return cfg
}

// everything is latency, errors and learned objectives under rules of burn rates.
func everything() Config {
	cfg := bothKinds()
	cfg.Objectives = append(cfg.Objectives, Objective{
		Name: "failures", Service: identity.Service{Name: "front"}, Operation: "*", Indicator: Errors, Target: 0.9,
	})
	cfg.Burn = []BurnRule{
		{Long: 12 * time.Second, Short: 5 * time.Second, Factor: 2},
		{Long: 20 * time.Second, Short: 10 * time.Second, Factor: 1.5, Ticket: true},
	}
	cfg.Budget = time.Minute
	return cfg
}

// random observes a window that depends on rng only.
func random(w *Watcher, i int, rng *rand.Rand) []State {
	var obs []Observation
	for _, r := range []Observation{{RPC: rpc("front", "GET /")}, {RPC: rpc("front", "POST /"), Entry: true}, {RPC: rpc("cron", "tick"), Entry: true}} {
		n := rng.IntN(20) + 5
		r.Latency = latency(n, time.Duration(50+rng.IntN(5)*40)*time.Millisecond)
		r.Errors = float64(rng.IntN(n / 2))
		if rng.IntN(8) > 0 {
			obs = append(obs, r)
		}
	}
	start := int64(i+1) * second
	return w.Observe(start, start+second, obs)
}

// Law: a watcher that is written and read back at any time goes on as if it had not been.
func TestWatcher_survivesStorage(t *testing.T) {
	for name, cfg := range map[string]Config{"windows": bothKinds(), "burn rates": everything()} {
		for seed := range uint64(20) {
			survives(t, name, cfg, seed)
		}
	}
}

func survives(t *testing.T, name string, cfg Config, seed uint64) {
	a, b := newWatcher(t, cfg), newWatcher(t, cfg)
	left, right := rand.New(rand.NewPCG(seed, 1)), rand.New(rand.NewPCG(seed, 1))
	fired, burned, budgeted := false, false, false
	for i := range 60 {
		want := random(a, i, left)
		require.Equal(t, fmt.Sprint(want), fmt.Sprint(random(b, i, right)), "%s: seed %d window %d", name, seed, i)
		for _, s := range want {
			fired, burned, budgeted = fired || s.Firing, burned || s.Burn.Known(), budgeted || s.Budget.Known()
		}

		stored, err := b.MarshalBinary()
		require.NoError(t, err)
		b = newWatcher(t, cfg)
		require.NoError(t, b.UnmarshalBinary(stored))
		again, err := b.MarshalBinary()
		require.NoError(t, err)
		require.Equal(t, stored, again, "%s: equal states give equal bytes", name)
	}
	require.True(t, fired, "%s: seed %d shows nothing", name, seed)
	require.Equal(t, len(cfg.Burn) > 0, burned, "%s: seed %d", name, seed)
	require.Equal(t, cfg.Budget > 0, budgeted, "%s: seed %d", name, seed)
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
		"later version":      {spoil(`"Version":3`, `"Version":4`), "version 4"},
		"earlier version":    {spoil(`"Version":3`, `"Version":1`), "version 1"},
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
		assert.LessOrEqual(t, len(tr.Recent), tr.memory(cfg), "one window more than n, and of scattered violations ten")
	}
}

// What version 2 wrote, before there were accounts of error budgets.
const version2 = `{"Version":2,"Tracks":[{"Objective":{"Name":"checkout","Service":{"Namespace":"","Name":"front"},"Operation":"GET *",` +
	`"Quantile":0.99,"Threshold":100000000,"Target":0.99,"Learned":false},"RPC":{"Service":{"Namespace":"","Name":"front"},"Operation":"GET /"},` +
	`"Seen":2000000000,"Recent":[{"Start":1000000000,"Violated":true,"Count":20,"Bad":20},{"Start":2000000000,"Violated":true,"Count":20,"Bad":20}],` +
	`"Met":0,"Firing":true,"Onset":1000000000,"Requests":40,"Bad":40,"Baseline":[0.05],"Learned":0}]}`

func TestUnmarshalBinary_version2(t *testing.T) {
	for name, cfg := range map[string]Config{"windows": bothKinds(), "burn rates": everything()} {
		w := newWatcher(t, cfg)
		require.NoError(t, w.UnmarshalBinary([]byte(version2)), name)
		s := window(w, 2, 'V')[0]
		assert.True(t, s.Firing, "%s: the run goes on", name)
		assert.Equal(t, second, s.Onset, name)
		assert.InDelta(t, 60, s.Requests, 0, name)
		assert.False(t, s.Burn.Known(), "%s: one window is not half of any rule", name)
	}
}

func TestUnmarshalBinary_accounts(t *testing.T) {
	source := newWatcher(t, everything())
	for i := range 30 {
		window(source, i, 'V')
	}
	stored, err := source.MarshalBinary()
	require.NoError(t, err)
	next := func(cfg Config) State {
		w := newWatcher(t, cfg)
		require.NoError(t, w.UnmarshalBinary(stored))
		return window(w, 30, 'V')[0]
	}
	same := next(everything())
	assert.True(t, same.Burn.Known())
	assert.True(t, same.Budget.Known())

	cfg := everything()
	cfg.Objectives[0].Threshold = time.Second
	other := next(cfg)
	assert.False(t, other.Burn.Known(), "what was slow by another threshold is not counted on")
	assert.False(t, other.Budget.Known())

	cfg = everything()
	cfg.Burn[0].Long = 60 * time.Second
	cfg.Objectives[0].Period = 2 * time.Minute
	other = next(cfg)
	assert.Equal(t, cfg.Burn[1], other.Burn.Rule, "a rule of another shape begins anew, the others go on")
	assert.False(t, other.Budget.Known(), "and so does a budget over another period")

	cfg = everything()
	cfg.Objectives[0] = Objective{Name: "checkout", Service: cfg.Objectives[0].Service, Operation: "GET *", Indicator: Errors}
	assert.Zero(t, next(cfg).Onset, "slow requests are no failed ones")

	for name, bad := range map[string][2]string{
		"buckets of no order":  {`"t":2,`, `"t":1,`},
		"negative requests":    {`"n":20,`, `"n":-20,`},
		"negative length":      {`"c":1000000000`, `"c":-1`},
		"endless length":       {`"c":1000000000`, `"c":4000000000000000000`},
		"of an unknown sort":   {`"Quantile":0.99`, `"Indicator":2,"Quantile":0.99`},
		"more rules than fit":  {`"Burn":[`, `"Burn":[{},{},{},`},
		"more buckets than it": {`"Buckets":[`, `"Buckets":[` + strings.Repeat(`{"t":0,"n":0,"b":0,"c":0},`, maxBuckets)},
	} {
		require.Contains(t, string(stored), bad[0], name)
		err := newWatcher(t, everything()).UnmarshalBinary([]byte(strings.Replace(string(stored), bad[0], bad[1], 1)))
		require.ErrorContains(t, err, "malformed", name)
	}
}

func FuzzUnmarshalBinary(f *testing.F) {
	w, err := NewWatcher(everything())
	require.NoError(f, err)
	for i := range 6 {
		window(w, i, 'V')
		buy(w, i, 20, 50*time.Millisecond)
	}
	good, err := w.MarshalBinary()
	require.NoError(f, err)
	f.Add(good)
	f.Add([]byte(`{"Version":2,"Tracks":[` + track1 + `]}`))
	f.Add([]byte(version2))
	f.Fuzz(func(t *testing.T, b []byte) {
		w := newWatcher(t, everything())
		if w.UnmarshalBinary(b) != nil {
			return
		}
		window(w, 100, 'V') // whatever was accepted can be used
		buy(w, 101, 20, time.Second)
		again, err := w.MarshalBinary()
		require.NoError(t, err)
		require.NoError(t, newWatcher(t, everything()).UnmarshalBinary(again))
	})
}
