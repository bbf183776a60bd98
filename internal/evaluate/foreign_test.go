package evaluate

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/foreign"
	"github.com/sage-rca/sage/internal/identity"
)

func TestForeignEpisode_knowsWhomItHurt(t *testing.T) {
	late, well := foreign.Window{Took: []float64{3}}, foreign.Window{Took: []float64{1}}
	e := foreign.Episode{
		Name: "delay", Start: 10 * time.Second, End: 40 * time.Second,
		Culprits: []foreign.Culprit{{Names: []string{"cart", "web"}, Mechanisms: []string{"change", "network"}}},
	}
	for name, tc := range map[string]struct {
		users []foreign.Window
		hurt  bool
	}{
		"two of three": {[]foreign.Window{well, late, well, late, well}, true},
		"one":          {[]foreign.Window{well, late, well, well, well}, false},
		"before":       {[]foreign.Window{late, well, late, well, well}, false},
	} {
		t.Run(name, func(t *testing.T) {
			got := foreignEpisode(foreign.Mesh(), &e, tc.users, 2)
			assert.Equal(t, tc.hurt, got.Violated)
			c := got.Truth.Culprits[0]
			assert.Equal(t, "network", string(c.Mechanism))
			for _, n := range []string{"cart", "web", "cart.shop", "web.shop"} {
				assert.True(t, c.is(identity.Service{Name: n}), n)
			}
			assert.False(t, c.is(identity.Service{Name: "shop"}))
		})
	}
}
