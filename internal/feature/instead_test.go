package feature

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// The last row is that of the other window, all before it and what the other one has no value
// for stay.
func TestHistory_Instead(t *testing.T) {
	const size = int64(time.Second)
	p := identity.RPC{Service: identity.Service{Name: "s"}, Operation: "o"}
	at := func(i int64, n float64, took time.Duration, metrics ...window.Value) *window.Snapshot {
		l := new(sketch.Sketch)
		l.Add(int64(took), n)
		return &window.Snapshot{
			Start: i * size, End: (i + 1) * size,
			RPCs:      []window.RPC{{Key: p, Count: n, Latency: l, Exclusive: l}},
			Resources: []window.Resource{{Service: p.Service, Values: metrics}},
		}
	}
	h := NewHistory(time.Second, 10, 100)
	h.Append(at(1, 20, 10*time.Millisecond))
	h.Append(at(2, 20, 20*time.Millisecond, window.Value{Metric: "cpu", Value: 0.5}))
	x := h.Instead(at(2, 40, 80*time.Millisecond))

	load := Key{Kind: Load, Edge: identity.Edge{Callee: p}}
	cpu := Key{Kind: Metric, Service: p.Service, Name: "cpu"}
	assert.InDelta(t, h.Value(load, 0), x.Value(load, 0), 0)
	assert.Greater(t, x.Value(load, 1), h.Value(load, 1), "twice as many requests")
	assert.InDelta(t, 0.5, x.Value(cpu, 1), 1e-6, "as the other has none")
	assert.Equal(t, h.Len(), x.Len())
}
