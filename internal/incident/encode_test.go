package incident

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/slo"
	"github.com/sage-rca/sage/internal/window"
)

// scenario drives trackers through runs of three operations that depend on rng only.
type scenario struct {
	rng   *rand.Rand
	onset [3]int64
	well  [3]int
}

// step returns what the next window brings.
func (s *scenario) step(t *testing.T, i int) (states []slo.State, verdicts []*rca.Verdict, slow, typical window.Exemplar) {
	now := int64(i) * minute
	for k, name := range []string{"a", "b", "c"} {
		st, v := well(name), (*rca.Verdict)(nil)
		switch running := s.onset[k] != 0; {
		case !running && s.rng.IntN(6) == 0:
			s.onset[k], s.well[k] = now, 0
		case running:
			st = firing(name, s.onset[k], s.rng.Float64())
			if s.rng.IntN(3) == 0 {
				st.Violated = false
				s.well[k]++
			} else {
				p := []string{"0.2", "0.6", "0.9"}[s.rng.IntN(3)]
				v = blames(t, []string{"db " + p, "db " + p, "cart " + p, "?"}[s.rng.IntN(4)])
				v.Lower = math.NaN()
			}
			if s.well[k] == 4 {
				st, s.onset[k] = ending(name, s.onset[k]), 0
			}
		}
		states, verdicts = append(states, st), append(verdicts, v)
	}
	return states, verdicts, window.Exemplar{Duration: s.rng.Int64N(1000)}, window.Exemplar{Duration: s.rng.Int64N(100)}
}

func run(t *testing.T, tr *Tracker, s *scenario, i int) []Event {
	t.Helper()
	states, verdicts, slow, typical := s.step(t, i)
	all := make([]Observed, len(states))
	for k := range states {
		all[k] = Observed{State: states[k], Verdict: verdicts[k], Slow: slow, Typical: typical}
	}
	return append(tr.Observe(int64(i)*minute, all), tr.Tick(int64(i)*minute)...)
}

// Law: a tracker that is written and read back at any time says the same as one
// that is not, and no incident is opened twice.
func TestTracker_survivesStorage(t *testing.T) {
	cfg := Config{HeartbeatEvery: 5 * time.Minute, ExpireAfter: 12 * time.Minute, MaxOpen: 2}
	count := make(map[Phase]int)
	for seed := range uint64(30) {
		a, b := NewTracker(cfg), NewTracker(cfg)
		left, right := &scenario{rng: rand.New(rand.NewPCG(seed, 1))}, &scenario{rng: rand.New(rand.NewPCG(seed, 1))}
		sequence := make(map[string]int)
		for i := range 120 {
			want := run(t, a, left, i+1)
			got := run(t, b, right, i+1)
			require.Equal(t, fmt.Sprintf("%+v", want), fmt.Sprintf("%+v", got), "seed %d window %d", seed, i)
			for _, e := range want {
				count[e.Phase]++
				sequence[e.ID]++
				require.Equal(t, sequence[e.ID], e.Sequence, "sequences have no gaps")
				require.Equal(t, e.Sequence == 1, e.Phase == Open, "opened once, first")
			}
			stored, err := b.MarshalBinary()
			require.NoError(t, err)
			b = NewTracker(cfg)
			require.NoError(t, b.UnmarshalBinary(stored))
		}
	}
	for _, p := range []Phase{Open, Update, Resolved, Expired} {
		assert.Greater(t, count[p], 50, "the scenario must show %s", p)
	}
}

func TestUnmarshalBinary_refuses(t *testing.T) {
	source := NewTracker(rules())
	one(source, minute, firing("front", minute, 1), blames(t, "db 0.9"), window.Exemplar{}, window.Exemplar{})
	good, err := source.MarshalBinary()
	require.NoError(t, err)

	bad := NewTracker(rules())
	bad.open[key{"x", rpc("x")}] = &incident{}
	malformed, err := bad.MarshalBinary()
	require.NoError(t, err)

	for name, b := range map[string][]byte{
		"nothing":        nil,
		"text":           []byte("{}"),
		"version before": append([]byte("sage incidents \x01"), good[len(magic):]...),
		"magic alone":    []byte(magic),
		"cut short":      good[:len(good)-5],
		"without an id":  malformed,
	} {
		tr := NewTracker(rules())
		one(tr, minute, firing("other", minute, 1), nil, window.Exemplar{}, window.Exemplar{})
		require.Error(t, tr.UnmarshalBinary(b), name)
		assert.Equal(t, 1, tr.Open(), "%s: the state stays", name)
	}
	tr := NewTracker(rules())
	require.NoError(t, tr.UnmarshalBinary(good))
	assert.Equal(t, 1, tr.Open())
}

func FuzzUnmarshalBinary(f *testing.F) {
	source := NewTracker(rules())
	s := &scenario{rng: rand.New(rand.NewPCG(1, 1))}
	for i := range 20 {
		states, _, slow, typical := s.step(&testing.T{}, i+1)
		for k := range states {
			one(source, int64(i), states[k], nil, slow, typical)
		}
	}
	good, err := source.MarshalBinary()
	require.NoError(f, err)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte(magic))
	f.Fuzz(func(_ *testing.T, b []byte) {
		tr := NewTracker(rules())
		if tr.UnmarshalBinary(b) != nil {
			return
		}
		one(tr, minute, firing("front", minute, 1), nil, window.Exemplar{}, window.Exemplar{}) // whatever was accepted can be used
		tr.Tick(1 << 60)
	})
}

// The state of version 2, as it was written: without parts, pauses and a past.
type (
	stored2 struct {
		Open    []*incident2
		Expired []expired
		Usual   []noted
	}
	incident2 struct {
		Last               event2
		Said, Opened       int64
		Confidence, Impact int
		Root               string
		Leaning            int
	}
	event2 struct {
		ID                 string
		Sequence           int
		Phase              Phase
		Reason             Reason
		Time, Start, End   time.Time
		SLO                slo.State
		Verdict            rca.Verdict
		Exemplar, Baseline window.Exemplar
		Requests, Bad      float64
	}
)

func TestUnmarshalBinary_readsVersion2(t *testing.T) {
	b := bytes.NewBufferString(magic2)
	require.NoError(t, gob.NewEncoder(b).Encode(stored2{
		Open: []*incident2{{
			Last: event2{ID: "inc-1", Sequence: 3, Phase: Update, Start: time.Unix(60, 0).UTC(), SLO: firing("front", minute, 1), Verdict: *blames(t, "db 0.9")},
			Said: 5 * minute, Opened: 2 * minute, Confidence: 2, Impact: 3, Leaning: -1,
		}},
		Expired: []expired{{key{"back-p99", rpc("back")}, minute}},
	}))
	tr := NewTracker(rules())
	require.NoError(t, tr.UnmarshalBinary(b.Bytes()))
	s := firing("front", minute, 1)
	s.Measured, s.Violated = false, false
	for i := range int64(2) {
		assert.Empty(t, one(tr, (6+i)*minute, s, nil, window.Exemplar{}, window.Exemplar{}))
	}
	events := one(tr, 8*minute, s, nil, window.Exemplar{}, window.Exemplar{})
	require.Equal(t, "4 update frozen db", said(events))
	assert.Equal(t, "inc-1", events[0].ID)
	assert.Equal(t, time.Unix(300, 0).UTC(), events[0].Frozen, "when it was last heard of, for all that version 2 knows")
	assert.Empty(t, one(tr, 9*minute, firing("back", minute, 1), nil, window.Exemplar{}, window.Exemplar{}), "it has expired")
	assert.Equal(t, "5 resolved db", said(one(tr, 10*minute, ending("front", minute), nil, window.Exemplar{}, window.Exemplar{})))
}
