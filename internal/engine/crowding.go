package engine

import (
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// crowding remembers which services named more operations than are told apart, for as
// long as what is new is watched: names that come and go do not fill every window.
type crowding struct {
	of   []window.Crowded
	left int // windows
}

func (c *crowding) observe(s *window.Snapshot, keep int) {
	switch {
	case len(s.Crowded) > 0:
		c.of, c.left = s.Crowded, keep
	case c.left > 0:
		c.left--
	default:
		c.of = nil
	}
}

// maxCrowds bounds the services, or objectives, that a warning names.
const maxCrowds = 3

// services names them.
func (c *crowding) services() string {
	of := make([]identity.Service, len(c.of))
	for i := range c.of {
		of[i] = c.of[i].Service
	}
	return listed(of, maxCrowds)
}

// warning says what is wrong with the names, and what to do, or "".
func (c *crowding) warning() string {
	if len(c.of) == 0 {
		return ""
	}
	return "spans of " + c.services() + " name more operations than limits.operations_per_service, the rest counts as one: \"other\". Such as " +
		quoted(c.of[0].Names) + ": if names hold identifiers, set http.route, or replace them with the transform processor"
}
