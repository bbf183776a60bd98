package foreign

import (
	"slices"
	"strings"
)

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
	case "train":
		return Train()
	case "nodes":
		return Nodes()
	case "kafka", "rabbitmq":
		return Queues(name)
	case "edge":
		return Edge()
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

// Kinds are those of a system.
func (s *System) Kinds() []Kind {
	switch s.Name {
	case "train":
		return TrainKinds()
	case "nodes":
		return NodesKinds()
	case "kafka", "rabbitmq":
		return QueuesKinds()
	case "edge":
		return EdgeKinds()
	default:
		return AllKinds()
	}
}

// Slow are the kinds of which each hurts by being slow in one place that has a name, or
// in two, and some decoys.
func Slow() []Kind {
	return []Kind{
		SlowCode, CPUHog, Deploy, Delay, SlowStore, Leak, MemoryRise, Loss, DiskHog, LinkDelay, BusyCode, Gap, Contention, PoolLeak, BadReplica, Two, Two,
	}
}

// Operation is the service that serves users of the i-th kind, and a glob for the
// operation.
func (s *System) Operation(i int) (service, glob string) {
	u := &s.Users[i]
	if u.Endpoint == Consume {
		return u.Service, "*"
	}
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

// Tells reports whether metrics of the system can show a mechanism, by the name that
// truths have for it.
func (s *System) Tells(mechanism string) bool {
	any := func(of ...Meter) bool {
		return slices.ContainsFunc(of, func(m Meter) bool { return slices.Contains(s.Meters, m) })
	}
	switch mechanism {
	case "cpu":
		return any(Kubelet, DockerAPI, Runtime, Cadvisor, OldRuntime)
	case "memory", "gc":
		return any(Kubelet, DockerAPI, Runtime, Cadvisor, OldRuntime)
	case "disk":
		return any(Hosts, NodeExporter)
	case "pool":
		return any(Runtime, OldRuntime)
	default: // spans show it
		return true
	}
}
