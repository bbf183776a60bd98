package apps

import (
	"slices"

	"github.com/sage-rca/sage/internal/simulate"
)

// harmed returns the services on the path that a fault is in, in order.
func (d *drawer) harmed(f *simulate.Fault) []int {
	switch {
	case f.Host >= 0:
		var out []int
		for s := range d.app.Services {
			if d.reach.services[s] >= onPath/10 && slices.Contains(d.app.Services[s].Hosts, f.Host) {
				out = append(out, s)
			}
		}
		return out
	case f.Entry >= 0:
		return []int{d.app.RPCs[d.app.Entries[f.Entry].RPC].Service}
	default:
		return []int{f.Service}
	}
}

// culprit returns what an answer should name for a fault. Where a fault harms two
// services alike, the one that matters more to the watched requests is named, and
// the other is as right.
func (d *drawer) culprit(f *simulate.Fault) Culprit {
	services := d.harmed(f)
	slices.SortStableFunc(services, func(a, b int) int {
		return int(1e6 * (d.cpuOnPath(b) - d.cpuOnPath(a)))
	})
	c := Culprit{Service: ServiceName(d.app, services[0]), Mechanism: mechanisms[f.Kind]}
	var also []int
	switch f.Kind {
	case simulate.HostContention:
		also = services[1:]
	case simulate.NetworkDelay, simulate.PacketLoss:
		// All of its links are slow. Where it has one only, it is also that of the other
		// end; where it has several, it is what they have in common.
		if n := append(d.reach.callers(f.Service), d.reach.callees(f.Service)...); len(n) == 1 {
			also = n
		}
	case simulate.CacheCollapse, simulate.RetryStorm: // who asks again and again
		also = d.reach.callers(f.Service)
	case simulate.BadReplica:
		c.Instance = InstanceID(d.app, f.Service, f.Replica)
	default:
	}
	for _, s := range also {
		c.Also = append(c.Also, ServiceName(d.app, s))
	}
	return c
}

// cpuOnPath is the CPU time that a watched request needs at service s.
func (d *drawer) cpuOnPath(s int) float64 {
	t := 0.0
	for i, n := range d.reach.rpcs {
		if d.app.RPCs[i].Service == s {
			t += n * d.app.RPCs[i].CPU.Mean
		}
	}
	return t
}
