package engine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/slo"
	"github.com/sage-rca/sage/internal/window"
)

// weak is window i of which bad of 22 requests take 200 ms, and all others 50 ms.
func weak(i, bad int) *window.Snapshot {
	s := simple(i, 50*time.Millisecond)
	l := new(sketch.Sketch)
	l.Add(int64(50*time.Millisecond), float64(22-bad))
	for range bad {
		l.Add(int64(200*time.Millisecond), 1)
	}
	s.RPCs[0].Latency = l
	return s
}

// A fault that shows in one request of 22 opens with the fifth window of 5 after 30 without it, of which
// four were kept: the diagnosis sees as many as ten together. All of them are violated.
func TestEngine_judgesScatteredTogether(t *testing.T) {
	cfg := config()
	cfg.SLO.Objectives = nil
	cfg.SLO.Learn = slo.LearnConfig{Enabled: true, Windows: 20, Quantile: 0.99, Headroom: 2}
	r := newRig(t, cfg, nil)
	var together []int
	r.run.diagnose = func(in rca.Input, _ rca.Config) rca.Verdict {
		together = append(together, len(in.Earlier)+1)
		for row := range in.History.Len() {
			assert.Equal(t, in.History.Start(row) >= start(30), in.History.Health(row) == feature.Violated, "window %d", row)
		}
		return blame("c")(in, rca.Config{})
	}
	var all []*window.Snapshot
	for i := range 50 {
		bad := 0
		if i >= 30 && i < 44 {
			bad = 1
		}
		all = append(all, weak(i, bad))
	}
	r.through(t, all)
	assert.Equal(t, []int{4, 5, 6, 7, 8, 9, 10, 10, 10, 10}, together)
	assert.Equal(t, []string{"34 open", "45 resolved"}, r.incidents())
	assert.Empty(t, r.run.kept)
}
