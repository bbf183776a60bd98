package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
)

// a loses messages, of which front's requests show one link alone. That another service's
// calls of a are lost too says so, though front has nothing to do with it.
func TestEndpoints_lossElsewhere(t *testing.T) {
	w := newWorld().serve("a", 0.020, 1).serve("b", 0.020, 1).serve("other", 0.010, 1).serve("front", 0.005, 1).
		call("other", "a", 1, 0.002).call("other", "b", 1, 0.002).call("front", "a", 1, 0.002).call("front", "b", 1, 0.002)
	toA, byOther := edge("front", "a"), edge("other", "a")
	for name, c := range map[string]struct {
		late map[identity.Edge]float64
		want map[string]float64
	}{
		"of both callers":  {map[identity.Edge]float64{toA: 4, byOther: 3}, map[string]float64{"a": 1}},
		"of the link":      {map[identity.Edge]float64{toA: 4}, map[string]float64{"front>a": 1}},
		"of the caller":    {map[identity.Edge]float64{toA: 4, edge("front", "b"): 3}, map[string]float64{"front": 1}},
		"of another place": {map[identity.Edge]float64{toA: 4, edge("other", "b"): 4}, map[string]float64{"front>a": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, settled(w, counted{lost: c.late}, late{toA, 1, false}))
		})
	}
}
