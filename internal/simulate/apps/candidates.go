package apps

import (
	"math"

	"github.com/sage-rca/sage/internal/simulate"
)

// blank is a fault of the kind that concerns nothing yet.
func blank(kind simulate.FaultKind) simulate.Fault {
	return simulate.Fault{Kind: kind, Service: -1, Replica: -1, Host: -1, Entry: -1, Pool: -1}
}

// maxStrain is the utilisation that a fault may bring a disk or a core to: above it
// whoever shares it suffers as much, and the culprit is no longer one service.
const maxStrain = 0.6

// maxHeld is the share of the time that the connections of an exhausted pool may be
// held: one that the calls exceed never recovers.
const maxHeld = 0.85

// candidates returns where a fault of the kind could be, with the range of its
// size. Resources of uninstrumented services are left out: nobody reports them.
func (d *drawer) candidates(kind simulate.FaultKind) []candidate {
	switch kind {
	case simulate.HostContention:
		return d.hosts()
	case simulate.PoolExhaustion:
		return d.pools()
	case simulate.TrafficSurge:
		f := blank(kind)
		f.Entry = 0
		return []candidate{{fault: f, mild: 1.2, severe: 6}}
	default:
	}
	var out []candidate
	for s := range d.app.Services {
		if !d.reach.on(s) {
			continue
		}
		if c, ok := d.inService(kind, s); ok {
			c.fault.Kind, c.fault.Service = kind, s
			out = append(out, c)
		}
	}
	return out
}

// inService returns the candidate in service s, and false where the kind of fault
// does not fit it.
func (d *drawer) inService(kind simulate.FaultKind, s int) (candidate, bool) {
	svc := &d.app.Services[s]
	c := candidate{fault: blank(kind)}
	ok := !svc.Uninstrumented
	replicas := float64(max(1, len(svc.Hosts)))
	switch kind {
	case simulate.CPUContention:
		c.mild, c.severe, c.whole = 1, 64, true
	case simulate.Throttling:
		load := demandOf(d.app)[s].cpu / replicas
		c.mild, c.severe = svc.CPULimit, 1.15*load // a quota that the load exceeds never recovers
		ok = ok && svc.CPULimit > 0 && c.severe < c.mild
	case simulate.MemoryPressure:
		c.mild, c.severe = 0.8, 0.995
		ok = ok && svc.MemoryMiB > 0
	case simulate.DiskContention:
		busy := demandOf(d.app)[s].disk / replicas
		c.mild, c.severe = 0.1, 1-max(0.01, busy/maxStrain)
		ok = ok && d.diskOnPath(s) > 0
	case simulate.NetworkDelay:
		c.mild, c.severe = 0.5e-3, 0.4
	case simulate.PacketLoss:
		c.mild, c.severe = 0.5e-3, 0.1
	case simulate.SlowDependency:
		c.mild, c.severe = 1.2, maxStrain/max(1e-9, d.busiest(s))
		c.severe = min(c.severe, 60)
		ok = svc.Uninstrumented && c.severe > c.mild
	case simulate.Regression:
		c.mild, c.severe = 0.5e-3, 0.4
	case simulate.BadReplica:
		c.mild, c.severe = 0.5e-3, 0.6
		if ok = ok && len(svc.Hosts) > 1; ok {
			c.fault.Replica = d.rng.IntN(len(svc.Hosts))
		}
	case simulate.RetryStorm:
		c.mild, c.severe = 0.01, 0.6
		ok = ok && len(d.reach.callers(s)) > 0
	case simulate.CacheCollapse:
		c.mild, c.severe = 0.95, 0.02
		ok = d.lookedUp(s)
	default:
		return c, false
	}
	return c, ok
}

// busiest is the utilisation of what a service is closest to running out of: the
// cores of its limit, its disk.
func (d *drawer) busiest(s int) float64 {
	svc := &d.app.Services[s]
	load := demandOf(d.app)[s]
	replicas := float64(max(1, len(svc.Hosts)))
	busy := load.disk / replicas
	if svc.CPULimit > 0 {
		busy = max(busy, load.cpu/replicas/svc.CPULimit)
	}
	return busy
}

// diskOnPath is the disk time that a watched request needs at service s.
func (d *drawer) diskOnPath(s int) float64 {
	t := 0.0
	for i, n := range d.reach.rpcs {
		if d.app.RPCs[i].Service == s {
			t += n * d.app.RPCs[i].Disk.Mean
		}
	}
	return t
}

// lookedUp reports whether watched requests use service s as a cache.
func (d *drawer) lookedUp(s int) bool {
	found := false
	for i, n := range d.reach.rpcs {
		if n == 0 {
			continue
		}
		eachCall(&d.app.RPCs[i], func(c *simulate.Call, _ float64) {
			found = found || c.Cache != nil && d.app.RPCs[c.RPC].Service == s
		})
	}
	return found
}

// hosts are those on which one or two services of the path run, all of them
// instrumented and with all of their replicas, so that it can be said who suffers.
func (d *drawer) hosts() []candidate {
	var out []candidate
	for h := range d.app.Hosts {
		f := blank(simulate.HostContention)
		f.Host = h
		services := d.harmed(&f)
		ok := len(services) == 1 || len(services) == 2
		for _, s := range services {
			ok = ok && !d.app.Services[s].Uninstrumented
		}
		if ok {
			out = append(out, candidate{fault: f, mild: 1, severe: 128, whole: true})
		}
	}
	return out
}

// pools are those by which watched requests call.
func (d *drawer) pools() []candidate {
	var out []candidate
	seen := map[link]bool{} // service and pool
	uses := newWalk(d.app, nil).uses()
	for i, n := range d.reach.rpcs {
		if n < onPath {
			continue
		}
		s := d.app.RPCs[i].Service
		eachCall(&d.app.RPCs[i], func(c *simulate.Call, times float64) {
			key := link{s, c.Pool}
			if c.Async || c.Pool < 0 || n*times < onPath || seen[key] {
				return
			}
			seen[key] = true
			f := blank(simulate.PoolExhaustion)
			f.Service, f.Pool = s, c.Pool
			size := d.app.Services[s].Pools[c.Pool].Size
			least := math.Ceil(uses[s][c.Pool].held / float64(max(1, len(d.app.Services[s].Hosts))) / maxHeld)
			if least = max(1, least); least < float64(size) {
				out = append(out, candidate{fault: f, mild: float64(size), severe: least, whole: true})
			}
		})
	}
	return out
}
