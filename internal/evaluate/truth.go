package evaluate

import (
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/rca"
)

// Truth is what was broken.
type Truth struct {
	Fault    string // kind, for tables by fault
	Detail   string // kinds, where there are several
	Culprits []Culprit
}

// Culprit is one thing that was broken. Without a namespace it matches a service
// of that name in any.
type Culprit struct {
	Service identity.Service
	// Also are services that are as right an answer: the other end of a link, say.
	Also      []identity.Service
	Instance  string
	Mechanism rca.Mechanism // "" where it is not known
}

// is reports whether naming s names the culprit.
func (c *Culprit) is(s identity.Service) bool {
	if sameService(c.Service, s) {
		return true
	}
	for _, a := range c.Also {
		if sameService(a, s) {
			return true
		}
	}
	return false
}

func sameService(truth, said identity.Service) bool {
	return truth == said || truth.Namespace == "" && truth.Name == said.Name
}

// by reports whether m is how the culprit hurts. A collector that runs more
// often for want of memory is memory, by either name.
func (c *Culprit) by(m rca.Mechanism) bool { return resource(c.Mechanism) == resource(m) }

func resource(m rca.Mechanism) rca.Mechanism {
	if m == rca.GC {
		return rca.Memory
	}
	return m
}
