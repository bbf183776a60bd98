package engine

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

func TestCrowding(t *testing.T) {
	crowded := func(names ...string) *window.Snapshot {
		return &window.Snapshot{Crowded: []window.Crowded{{Service: identity.Service{Name: "shop"}, Names: names}}}
	}
	var c crowding
	c.observe(&window.Snapshot{}, 2)
	assert.Empty(t, c.warning())
	c.observe(crowded("GET /x/abc", "GET /x/abd"), 2)
	assert.Contains(t, c.warning(), `spans of shop name more`)
	assert.Contains(t, c.warning(), `"GET /x/abc", "GET /x/abd": if`)
	for range 2 {
		c.observe(&window.Snapshot{}, 2)
		assert.NotEmpty(t, c.warning())
	}
	c.observe(&window.Snapshot{}, 2)
	assert.Empty(t, c.warning())

	s := crowded("x")
	for _, name := range []string{"a", "b", "c", "d"} {
		s.Crowded = append(s.Crowded, window.Crowded{Service: identity.Service{Name: name}})
	}
	c.observe(s, 2)
	assert.Equal(t, "shop, a, b and 2 more", c.services())
}

// The state of the model is told again where a warning comes and goes.
func TestStatus_warning(t *testing.T) {
	windows := letters(0, "GGGGGGGGGGGGGGGG")
	windows[7].Refused.LateSpans = 0.2 // of another kind, and gone with the next window
	windows[5].Crowded = []window.Crowded{{Service: identity.Service{Name: "a"}, Names: []string{"GET /x"}}}
	r := newRig(t, config(), nil).through(t, windows)
	var warned []bool
	for _, s := range r.watch.states {
		warned = append(warned, s.Warning != "")
	}
	assert.Equal(t, []bool{false, true, true, true, false}, warned)
	assert.Equal(t, []string{"0 cold", "5 cold", "7 cold", "8 cold", "10 cold"}, r.models(), "for 4 windows more")
}
