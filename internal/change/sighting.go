package change

import (
	"maps"
	"slices"
	"strings"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// sighting is what one window shows of a service.
type sighting struct {
	operations map[string]bool
	versions   map[string]float64 // requests by version, where it is said
	replicas   map[string]bool
	hosts      map[string]map[string]bool // replicas by host
	crowded    bool                       // some replicas are not told apart
	unplaced   bool                       // of some it is not said on which host they run
}

// sightings returns what a window shows of the services that serve in it.
func sightings(s *window.Snapshot) map[identity.Service]*sighting {
	out := make(map[identity.Service]*sighting)
	for i := range s.RPCs {
		r := &s.RPCs[i]
		if r.Count+r.Stream <= 0 {
			continue
		}
		seen := out[r.Key.Service]
		if seen == nil {
			seen = &sighting{operations: make(map[string]bool), versions: make(map[string]float64), replicas: make(map[string]bool)}
			out[r.Key.Service] = seen
		}
		seen.operations[r.Key.Operation] = true
		for i := range r.Instances {
			seen.instance(&r.Instances[i])
		}
	}
	return out
}

func (s *sighting) instance(in *window.Instance) {
	switch in.ID {
	case window.OtherInstance:
		s.crowded, s.unplaced = true, true
		return
	case "":
	default:
		s.replicas[in.ID] = true
	}
	if in.Version != "" {
		s.versions[in.Version] += max(in.Count, 1) // of streams nothing is counted
	}
	if in.Host == "" {
		s.unplaced = true
		return
	}
	if s.hosts == nil {
		s.hosts = make(map[string]map[string]bool)
	}
	if s.hosts[in.Host] == nil {
		s.hosts[in.Host] = make(map[string]bool)
	}
	s.hosts[in.Host][in.ID] = true
}

// heaviest returns the version of most requests, "" where none is said; the
// greatest of equals.
func (s *sighting) heaviest() string {
	best := ""
	for _, v := range slices.Sorted(maps.Keys(s.versions)) {
		if best == "" || s.versions[v] >= s.versions[best] {
			best = v
		}
	}
	return best
}

// calls notes the calls to each service that are waited for and that no span of it
// answers.
func (l *Ledger) calls(s *window.Snapshot) {
	for _, v := range l.services {
		v.calls = tally{}
	}
	bare := l.bare()
	for i := range s.Edges {
		e := &s.Edges[i]
		if e.Async || e.Matched > 0 || e.Count <= 0 {
			continue
		}
		to := l.services[e.Key.Callee.Service]
		if to == nil && e.Leaf {
			to = l.services[bare.meant(e.Key.Callee.Service)]
		}
		if to != nil {
			to.calls.count += e.Count
			to.calls.failed += e.Errors
		}
	}
}

// names are services by name, without namespaces.
type names map[string]identity.Service

// bare returns the services by name, the least of each name.
func (l *Ledger) bare() names {
	out := make(names, len(l.services))
	for k := range l.services { // the least of a total order
		if o, ok := out[k.Name]; !ok || k.Compare(o) < 0 {
			out[k.Name] = k
		}
	}
	return out
}

// meant returns the service that a caller means by a name of a peer: hardly ever with
// its namespace, and often as a host name.
func (n names) meant(peer identity.Service) identity.Service {
	at, ok := n[peer.Name]
	if i := strings.IndexAny(peer.Name, ".:"); !ok && i > 0 {
		at, ok = n[peer.Name[:i]]
	}
	if !ok || peer.Namespace != "" && peer.Namespace != at.Namespace {
		return identity.Service{}
	}
	return at
}
