package ingest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

func TestFading(t *testing.T) {
	var f fading
	assert.Zero(t, f.share(0, 0), "nothing came")
	assert.Zero(t, f.share(100, 9), "a few")
	f = fading{}
	for range 200 { // long after the beginning, 0.95^200 of it
		assert.InDelta(t, 0.1, f.share(1000, 100), 1e-9)
	}
	for range fadingWindows {
		f.share(1000, 0)
	}
	assert.InDelta(t, 0.1*0.3585, f.share(0, 0), 1e-4, "0.95^20")
	f = fading{}
	assert.InDelta(t, 1, f.share(0, 50), 0, "more late than counted")
}

func TestTardy_refused(t *testing.T) {
	i := &Ingester{tardy: &tardy{Observer: newCounter()}}
	i.tardy.SpansUsed(200)
	i.tardy.SpansRefused("late", 20)
	i.tardy.SpansRefused("duplicate", 100)
	i.tardy.PointsUsed(60)
	i.tardy.PointsRefused("late", 40)
	i.tardy.PointsRefused("not_selected", 100)
	for _, name := range []string{"d", "b", "a", "c", "b"} {
		i.turnedAway.note(identity.Service{Name: name})
	}
	service := func(name string) identity.Service { return identity.Service{Name: name} }
	assert.Equal(t, window.Refused{
		Services:  window.Turned{Count: 4, Services: []identity.Service{service("a"), service("b"), service("c")}},
		LateSpans: 0.1, LatePoints: 0.4,
	}, i.refused())
	assert.Zero(t, i.refused().Services.Count)
}

// A window says which services, and which of those that are called, found no place, and the
// next one does not.
func TestWindowsSayWhoFoundNoPlace(t *testing.T) {
	cfg := testConfig()
	cfg.Limits.Services = 1
	r := newRig(t, cfg)
	called := func(id uint64, peer string) sp {
		s := root(1, time.Second)
		s.id, s.parent, s.kind, s.attrs = id, 1, ptrace.SpanKindClient, attrs{"peer.service": peer}
		return s
	}
	other := root(2, time.Second)
	other.service = "cart"
	r.Traces(batchOf(t, root(1, time.Second), called(2, "mail"), called(3, "tax"), other, other), now())
	r.Flush()
	r.Traces(batchOf(t, root(3, 11*time.Second)), now())
	snaps := r.end()
	require.Len(t, snaps, 2)
	assert.Equal(t, window.Refused{
		Services: window.Turned{Count: 1, Services: []identity.Service{{Name: "cart"}}},
		Peers:    window.Turned{Count: 1, Services: []identity.Service{{Name: "tax"}}},
	}, snaps[0].Refused)
	assert.Equal(t, map[string]int{"service_limit": 2}, r.spans)
	assert.Zero(t, snaps[1].Refused.Services.Count)
}
