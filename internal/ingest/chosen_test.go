package ingest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/window"
)

// Each window says how its spans were chosen, as far as spans say so.
func TestSampled(t *testing.T) {
	scoped := func(trace uint64, end time.Duration, attribute string) ptrace.Traces {
		td := ptrace.NewTraces()
		root(trace, end).addTo(t, td)
		td.ResourceSpans().At(0).ScopeSpans().At(0).Scope().Attributes().PutStr(attribute, "slow")
		return td
	}
	weighted := ptrace.NewTraces()
	root(1, 5*time.Second).addTo(t, weighted)
	weighted.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).TraceState().FromRaw("ot=th:8")
	refined := root(2, 35*time.Second)
	refined.attrs = attrs{"meta.refinery.reason": "deterministic/always"}

	r := newRig(t, testConfig())
	r.Traces(weighted, now())
	r.Traces(scoped(3, 15*time.Second, "library"), now())
	r.Traces(scoped(4, 25*time.Second, "tailsampling.policy"), now())
	r.Traces(batchOf(t, refined), now())
	r.Traces(scoped(5, time.Second, "tailsampling.policy"), now()) // for a window that is closed
	snaps := r.end()
	require.Equal(t, []int{0, 10, 20, 30}, starts(snaps))
	for k, want := range []window.Sampled{{Weighted: true}, {}, {Kept: true}, {Kept: true}} {
		assert.Equal(t, want, snaps[k].Sampled, "window %d", k)
	}
	assert.Empty(t, r.chosen.open)
}
