package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// Calls that fail although what they call does not end their way at who was called, or
// where that loses its time.
func TestDiagnose_unheard(t *testing.T) {
	for name, c := range map[string]struct {
		fault     func(*world)
		calls     map[identity.Edge]float64
		want      string
		mechanism Mechanism
	}{
		"nobody answers": {
			func(*world) {}, map[identity.Edge]float64{edge("mid", "back"): 0.1}, "back", ErrorRate,
		},
		"too late, by itself": {
			func(w *world) { w.own[op("back")] = 3 }, map[identity.Edge]float64{edge("mid", "back"): 0.1}, "back", Latent,
		},
		"too late, for what it waits for": {
			func(w *world) { w.leaf[edge("back", "db")] = 3 }, map[identity.Edge]float64{edge("mid", "back"): 0.1}, "db", Latent,
		},
		"what its caller survives": { // mid fails for a reason of its own
			func(*world) {}, map[identity.Edge]float64{edge("back", "db"): 0.1}, "db", ErrorRate,
		},
		"by chance": {
			func(*world) {}, map[identity.Edge]float64{edge("mid", "back"): 0.004}, "mid", ErrorRate,
		},
	} {
		t.Run(name, func(t *testing.T) {
			in, rec := incident(chain(), func(w *world) {
				c.fault(w)
				w.errors[op("front")], w.errors[op("mid")] = 0.1, 0.1
			})
			in.Errors = true
			in.Snapshot.RPCs = nil
			for _, n := range []string{"front", "mid", "back"} {
				in.Snapshot.RPCs = append(in.Snapshot.RPCs, window.RPC{Key: op(n), Count: 400})
			}
			for e, share := range c.calls {
				rec[healthyRows][errorsOf(e.Caller.Service.Name, e.Callee.Service.Name)] = share
				in.Snapshot.Edges = append(in.Snapshot.Edges, window.Edge{Key: e, Count: 400})
			}
			v := diagnose(in, Config{}.withDefaults(), rec, nil)
			require.NotEmpty(t, v.Culprits, v.Reason)
			assert.Equal(t, c.want, v.Culprits[0].Service.Name)
			assert.Equal(t, c.mechanism, v.Culprits[0].Mechanism)
			sound(t, v)
		})
	}
}
