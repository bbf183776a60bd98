package ingest

import (
	"slices"
	"strings"
	"sync"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// crowds collects which services name more operations than are told apart, and some of
// the names that found no place: a person sees what is wrong with them at once. What it
// has does not depend on the order of spans. It is safe for concurrent use.
type crowds struct {
	mu sync.Mutex // guards everything below
	of map[identity.Service][]string
}

// note notes that an operation found no place. Both strings are copied.
func (c *crowds) note(service identity.Service, operation string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	names := c.of[service]
	at, found := slices.BinarySearch(names, operation)
	if found || at == window.MaxCrowded {
		return
	}
	if names == nil {
		if c.of == nil {
			c.of = make(map[identity.Service][]string)
		}
		service = identity.Service{Namespace: strings.Clone(service.Namespace), Name: strings.Clone(service.Name)}
	}
	names = slices.Insert(names, at, strings.Clone(operation))
	c.of[service] = names[:min(len(names), window.MaxCrowded)]
}

// take returns what was noted since it was last called, sorted by service.
func (c *crowds) take() []window.Crowded {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []window.Crowded
	for service, names := range c.of { // sorted below
		out = append(out, window.Crowded{Service: service, Names: names})
	}
	c.of = nil
	slices.SortFunc(out, func(a, b window.Crowded) int { return a.Service.Compare(b.Service) })
	return out
}
