package foreign

import "strings"

// ByName returns a system, nil if there is none of that name. Those that are drawn
// depend on the seed.
func ByName(name string, seed uint64) *System {
	switch name {
	case "bank":
		return Bank()
	case "media":
		return Media()
	case "mesh":
		return Mesh()
	case "boutique":
		return Boutique()
	case "legacy":
		return Legacy()
	case "drawn":
		return Drawn(seed)
	default:
		return nil
	}
}

// AllKinds are all kinds of faults and decoys.
func AllKinds() []Kind {
	return []Kind{
		SlowCode, CPUHog, Deploy, Delay, SlowStore, Leak, MemoryRise, Loss, DiskHog, LinkDelay, BusyCode, Gap, Contention, PoolLeak, WorkersLost,
		BadReplica, HostHog, Restart, Surge, Errors, Crash, Two,
	}
}

// Operation is the service that serves users of the i-th kind, and a glob for the
// operation.
func (s *System) Operation(i int) (service, glob string) {
	u := &s.Users[i]
	for k := range s.Services {
		if s.Services[k].Name != u.Service {
			continue
		}
		for _, e := range s.Services[k].Endpoints {
			if e.Name != u.Endpoint {
				continue
			}
			route := strings.NewReplacer("{id}", "*", ":id", "*").Replace(e.Route)
			if e.Method == "" {
				return u.Service, "*" + route
			}
			return u.Service, "*" + route
		}
	}
	return u.Service, "*"
}
