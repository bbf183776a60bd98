package rootcauseprocessor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What began before the Collector did opens nothing, and passes all the same.
func TestHistory_opensNothing(t *testing.T) {
	cfg := violatedConfig()
	cfg.Input.Backfill = false
	p := newPipelines(t, cfg, 1)
	p.start(t)
	at := p.feed(t, time.Now().Add(-time.Hour).Truncate(time.Second), 20, 10*time.Millisecond)
	p.feed(t, at, 5, 500*time.Millisecond)
	p.stop(t)
	assert.Zero(t, names(p.gotLogs[0])["rca.incident"])
	assert.Equal(t, 25*20, p.gotTraces.SpanCount())
}

// Spans of the services that an incident is about are marked while it is open; without
// steering none is, and the processor does not even ask for data of its own.
func TestSteering(t *testing.T) {
	for _, enabled := range []bool{true, false} {
		cfg := violatedConfig()
		cfg.Steering.Enabled, cfg.Steering.BaselineRatio = enabled, 0
		p := newPipelines(t, cfg, 1)
		assert.Equal(t, enabled, p.traces.Capabilities().MutatesData)
		assert.False(t, p.metrics.Capabilities().MutatesData)
		p.start(t)
		at := p.feed(t, time.Now().Add(-time.Hour).Truncate(time.Second), 20, 10*time.Millisecond)
		assert.Zero(t, p.marked())
		opened := func() bool { // the engine judges beside the data
			at = p.feed(t, at, 1, 500*time.Millisecond)
			return names(p.gotLogs[0])["rca.incident"] > 0
		}
		require.Eventually(t, opened, 10*time.Second, time.Millisecond)
		before := p.marked()
		p.feed(t, at, 1, 500*time.Millisecond)
		if enabled {
			assert.Equal(t, 20, p.marked()-before)
		} else {
			assert.Zero(t, p.marked())
		}
		p.stop(t)
	}
}

// marked counts the spans that have the mark of steering.
func (p *pipelines) marked() int {
	n := 0
	for _, td := range p.gotTraces.AllTraces() {
		if v, ok := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().Get("sage.keep"); ok && v.Str() == "suspect" {
			n++
		}
	}
	return n
}
