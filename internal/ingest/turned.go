package ingest

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// turned collects services for which there was no place: who looks at an incident sees that
// some are missing, and which. It is safe for concurrent use.
type turned struct {
	mu sync.Mutex // guards everything below
	of map[identity.Service]struct{}
}

// note notes that a service found no place. Its strings are copied.
func (t *turned) note(s identity.Service) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.of[s]; ok || len(t.of) == window.MaxTurned {
		return
	}
	if t.of == nil {
		t.of = make(map[identity.Service]struct{})
	}
	t.of[identity.Service{Namespace: strings.Clone(s.Namespace), Name: strings.Clone(s.Name)}] = struct{}{}
}

// take returns what was noted since it was last called.
func (t *turned) take() window.Turned {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := slices.SortedFunc(maps.Keys(t.of), identity.Service.Compare)
	t.of = nil
	return window.Turned{Count: len(all), Services: slices.Clip(all[:min(len(all), window.MaxCrowded)])}
}
