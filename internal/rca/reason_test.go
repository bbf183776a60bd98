package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// Three times as many requests come by, each of which asks db once, in 30 ms.
func TestAskedOf(t *testing.T) {
	in, rec := incident(chain(), func(w *world) { w.load = 60 })
	v, r := newView(rec, in.Onset, 3.5), newReach(in.Graph, in.Entry)
	w := askedOf(v, r, svc("db"))
	assert.InEpsilon(t, 3, w.load, 0.05)
	assert.InEpsilon(t, 3, w.running, 0.05)
	assert.Equal(t, work{1, 1}, askedOf(v, r, svc("other")), "nobody calls it")
}

// A store that each request asks three times uses up to three times as much CPU, and is not
// slow for that: it is locked, say. Where it uses seven times as much there is more to it.
// That a host sends a megabyte per second more is no shortage of network.
func TestReasons(t *testing.T) {
	io := feature.Key{Kind: feature.Metric, Service: svc("back"), Name: "host.network.io"}
	for name, c := range map[string]struct {
		cpu, io     float64
		store, back []Mechanism
	}{
		"in proportion":     {0.18, 2e6, nil, nil},
		"out of proportion": {0.42, 2e6, []Mechanism{CPU}, nil},
		"a link is full":    {0.18, 20e6, nil, []Mechanism{Network}},
	} {
		t.Run(name, func(t *testing.T) {
			w := chain()
			w.metric[cpu("db")], w.metric[io] = 0.06, 1e6
			in, rec := incident(w, func(w *world) {
				w.calls[edge("back", "db")], w.leaf[edge("back", "db")], w.metric[cpu("db")], w.metric[io] = 3, 2, c.cpu, c.io
			})
			d := &diagnosis{in: in, r: newReach(in.Graph, in.Entry), v: newView(rec, in.Onset, 3.5), metrics: newMetrics(rec), movers: map[identity.Service][]movedMetric{}}
			require.NotEmpty(t, d.moved(svc("db")))
			of := func(moved []movedMetric) (out []Mechanism) {
				for _, m := range moved {
					out = append(out, m.mechanism)
				}
				return out
			}
			assert.Equal(t, c.store, of(d.reasons(svc("db"))))
			assert.Equal(t, c.back, of(d.reasons(svc("back"))))
		})
	}
}
