package evaluate

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/simulate"
	"github.com/sage-rca/sage/internal/simulate/apps"
)

func TestTails(t *testing.T) {
	s := &Scenario{Window: 10 * time.Second}
	tails := newTails(s)
	for i := range 20 { // 1 to 20 ms, ending in the second window
		tails.Entry(0, 12*time.Second, 12*time.Second+time.Duration(i+1)*time.Millisecond, false)
	}
	tails.Entry(1, 0, 13*time.Second, false)                          // another entry
	tails.Entry(0, 25*time.Second, 25*time.Second+time.Second, false) // too few in its window
	second := epoch.Add(10 * time.Second).UnixNano()
	assert.Equal(t, map[int64]float64{second: 0.019}, tails.quantiles(0.95), "rank 19 of 20")
	assert.Equal(t, map[int64]float64{second: 0.020}, tails.quantiles(0.99))
}

func TestScenario_episodes(t *testing.T) {
	at := func(window int) int64 { return epoch.Add(time.Duration(window) * 10 * time.Second).UnixNano() }
	one := []apps.Culprit{{Service: "a", Also: []string{"b"}, Mechanism: "cpu"}}
	span := func(from, to int, e apps.Episode) apps.Episode {
		e.Start, e.End = time.Duration(from)*10*time.Second, time.Duration(to)*10*time.Second
		return e
	}
	s := &Scenario{Window: 10 * time.Second, Taught: 1, Plan: apps.Plan{Episodes: []apps.Episode{
		span(0, 3, apps.Episode{Name: "cpu", Culprits: one}),
		span(3, 6, apps.Episode{Name: "deploy", Decoy: true}),
		span(6, 9, apps.Episode{Name: "cpu", Culprits: one}),
		span(9, 12, apps.Episode{Name: "cpu+disk", Culprits: append(one, apps.Culprit{Service: "c"})}),
	}}}
	got := s.episodes(map[int64]bool{at(1): true, at(5): true, at(11): true})
	require.Len(t, got, 4)
	assert.True(t, got[0].Taught, "the first incident")
	assert.True(t, got[1].Decoy)
	assert.False(t, got[1].Taught, "decoys are none")
	assert.False(t, got[2].Violated, "nobody was hurt")
	assert.True(t, got[3].Violated)
	assert.Equal(t, Double, got[3].Truth.Fault)
	assert.Equal(t, "cpu+disk", got[3].Truth.Detail)
	assert.Equal(t, svc("b"), got[0].Truth.Culprits[0].Also[0])

	tl := Timeline{Window: s.Window, Episodes: got, Snapshots: letters(12)}
	assert.Equal(t, 6, tl.learned(), "windows before the first that is judged")
}

// The engine's rule on what users waited: two of three windows where the second shows that
// it goes on, otherwise a third.
func TestTails_hurt(t *testing.T) {
	tails := newTails(&Scenario{Window: 10 * time.Second})
	window := func(at, slow int) { // of 20 requests
		for i := range 20 {
			took := 10 * time.Millisecond
			if i < slow {
				took = time.Second
			}
			end := time.Duration(10*at)*time.Second + time.Duration(i)*100*time.Millisecond + time.Second
			tails.Entry(0, end-took, end, false)
		}
	}
	for at, slow := range []int{0, 2, 10, 0, 0, 0, 0, 2, 2, 2, 0} {
		window(at, slow)
	}
	got, err := tails.hurt(0.95, 0.5)
	require.NoError(t, err)
	at := func(window int) int64 { return epoch.Add(time.Duration(window) * 10 * time.Second).UnixNano() }
	want := map[int64]bool{at(2): true, at(3): true, at(4): true, at(9): true, at(10): true}
	assert.Equal(t, want, got, "resolved by the third window without")
}

func TestDelayed(t *testing.T) {
	p := apps.Plan{Duration: time.Hour, Episodes: []apps.Episode{{
		Start: 10, End: 20, Faults: []simulate.Fault{{Start: 10, End: 20}},
	}}}
	d := delayed(p, time.Minute)
	assert.Equal(t, time.Hour+time.Minute, d.Duration)
	assert.Equal(t, time.Minute+10, d.Episodes[0].Start)
	assert.Equal(t, time.Minute+20, d.Episodes[0].Faults[0].End)
	assert.EqualValues(t, 10, p.Episodes[0].Faults[0].Start, "the plan itself stays")
}

// hop is half way down the longest chain of calls that somebody waits for.
func TestHop(t *testing.T) {
	call := func(rpc int, async bool) simulate.Step {
		return simulate.Step{Calls: []simulate.Call{{RPC: rpc, Async: async}}}
	}
	app := &simulate.App{
		Entries: []simulate.Entry{{RPC: 0}},
		RPCs: []simulate.RPC{
			{Service: 10, Steps: []simulate.Step{call(3, false), call(1, false)}},
			{Service: 11, Steps: []simulate.Step{call(2, false)}},
			{Service: 12, Steps: []simulate.Step{call(4, true)}},
			{Service: 13},
			{Service: 14, Steps: []simulate.Step{call(3, false)}},
		},
	}
	assert.Equal(t, 11, hop(app), "of 10 > 11 > 12")
}
