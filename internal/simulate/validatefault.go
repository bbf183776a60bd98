package simulate

import (
	"fmt"
	"math"
)

// sizes are the least and the greatest Size of a fault.
type sizes struct{ low, high float64 }

// sizesOf returns the Sizes that a kind of fault can have, and false for a kind
// that there is not.
func sizesOf(k FaultKind) (sizes, bool) {
	switch k {
	case CPUContention, HostContention, OffPath:
		return sizes{0, 1e6}, true
	case Throttling:
		return sizes{1e-3, 1e6}, true
	case MemoryPressure, DiskContention, PacketLoss:
		return sizes{0, maxShare}, true
	case RetryStorm, CacheCollapse:
		return sizes{0, 1}, true
	case NetworkDelay, Regression, BadReplica, Blip, Restart:
		return sizes{0, 1e6}, true
	case SlowDependency:
		return sizes{1e-3, 1e6}, true
	case PoolExhaustion:
		return sizes{1, math.MaxInt32}, true
	case TrafficSurge:
		return sizes{1, 1e6}, true
	case Deploy, MetricGap:
		return sizes{0, math.MaxFloat64}, true
	}
	return sizes{}, false
}

// fault checks that a fault hits something, with a size that it can have.
func (p *problems) fault(app *App, i int, f *Fault) {
	what := fmt.Sprintf("fault %d (%s)", i, f.Kind)
	s, ok := sizesOf(f.Kind)
	p.check(ok, "%s: there is no such kind", what)
	if !ok {
		return
	}
	p.size(f.Size, s.low, s.high, "size of %s", what)
	p.check(f.Start >= 0 && f.End > f.Start, "%s: must end after it starts (got %s to %s)", what, f.Start, f.End)
	switch f.Kind {
	case HostContention:
		p.index(f.Host, len(app.Hosts), what+": host")
		return
	case TrafficSurge:
		p.index(f.Entry, len(app.Entries), what+": entry")
		return
	default:
	}
	if !p.index(f.Service, len(app.Services), what+": service") {
		return
	}
	svc := &app.Services[f.Service]
	if f.Kind == BadReplica || f.Replica != -1 {
		p.index(f.Replica, len(svc.Hosts), what+": replica")
	}
	if f.Kind == PoolExhaustion {
		p.index(f.Pool, len(svc.Pools), what+": pool")
	}
}
