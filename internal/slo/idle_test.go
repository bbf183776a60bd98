package slo

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWatcher_Idle(t *testing.T) {
	at := func(operation string, n int) Observation {
		return Observation{RPC: rpc("front", operation), Latency: latency(n, 50*time.Millisecond)}
	}
	other := Observation{RPC: rpc("ads", "GET /"), Latency: latency(20, time.Millisecond)}
	for name, c := range map[string]struct {
		windows func(i int) []Observation
		want    *Idle
	}{
		"judged":                {func(int) []Observation { return []Observation{at("GET /", 20)} }, nil},
		"judged in one of ten":  {func(i int) []Observation { return []Observation{at("GET /", 20*(i%10/9)+2)} }, nil},
		"few requests a window": {func(int) []Observation { return []Observation{at("GET /", 3)} }, nil},
		"too few requests": {func(i int) []Observation {
			if i%2 == 0 {
				return []Observation{other}
			}
			return []Observation{at("GET /", 1), other}
		}, &Idle{Matched: true, Requests: 1}},
		"nothing matches":            {func(int) []Observation { return []Observation{at("POST /", 20), other} }, &Idle{Served: []string{"POST /"}}},
		"its service serves nothing": {func(int) []Observation { return []Observation{other} }, &Idle{}},
		"nothing is served at all":   {func(int) []Observation { return nil }, nil},
		"it was asked for once": {func(i int) []Observation {
			if i < 5 {
				return []Observation{at("GET /", 20)}
			}
			return []Observation{other}
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWatcher(t, checkout())
			for i := range 4 * idleWindows {
				if i < idleWindows/2 {
					assert.Empty(t, w.Idle(), "too early to say, window %d", i)
				}
				w.Observe(int64(i+1)*second, int64(i+2)*second, c.windows(i))
			}
			if c.want == nil {
				assert.Empty(t, w.Idle())
				return
			}
			require.Len(t, w.Idle(), 1)
			got := w.Idle()[0]
			assert.Equal(t, "checkout", got.Objective.Name)
			assert.InDelta(t, c.want.Requests, got.Requests, 0.2)
			assert.Equal(t, c.want.Matched, got.Matched)
			assert.Equal(t, c.want.Served, got.Served)
		})
	}
}
