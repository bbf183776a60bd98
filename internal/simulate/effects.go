package simulate

import (
	"math"
	"time"
)

// activate begins or ends a fault.
func (s *sim) activate(i int32, on bool) {
	s.active[i] = on
	f := &s.cfg.Faults[i]
	switch f.Kind {
	case HostContention:
		s.strainHost(int32(f.Host))
	case Restart, TrafficSurge: // scheduled when the run began
	case Deploy:
		if on {
			s.deploy(int32(f.Service))
		}
	default:
		s.strain(int32(f.Service))
	}
}

// deploy replaces the replicas of a service, which then report a new version, also
// after the fault: what is deployed stays.
func (s *sim) deploy(svc int32) {
	v := &s.services[svc]
	v.deploys++
	for i := v.first; i < v.first+v.n; i++ {
		s.restarted(&s.replicas[i])
	}
}

// strainHost sets the hogs that run on a host to those of its active faults.
func (s *sim) strainHost(i int32) {
	h := &s.hosts[i]
	s.advanceHogs(h)
	h.hogs = 0
	for j := range s.cfg.Faults {
		if f := &s.cfg.Faults[j]; s.active[j] && f.Kind == HostContention && f.Host == int(i) {
			h.hogs += f.Size
		}
	}
	s.fill(h)
}

// strain sets what is done to a service to the sum of its active faults.
func (s *sim) strain(svc int32) {
	v := &s.services[svc]
	v.healthy()
	for i := v.first; i < v.first+v.n; i++ {
		s.heal(&s.replicas[i])
	}
	for j := range s.cfg.Faults {
		if f := &s.cfg.Faults[j]; s.active[j] && f.Service == int(svc) {
			s.afflict(v, f)
		}
	}
	for i := v.first; i < v.first+v.n; i++ {
		s.apply(&s.replicas[i])
	}
}

// healthy sets what faults do to a service to nothing.
func (v *service) healthy() {
	v.delay, v.loss, v.storm, v.pressure, v.disk = 0, 0, 0, 0, 0
	v.work, v.hits = 1, 1
	v.silent = false
}

// heal sets what faults do to a replica to nothing. Its queues learn of it by apply.
func (s *sim) heal(r *replica) {
	r.lock = 0
	r.cpu.hogsNext, r.cpu.limitNext = 0, s.limitOf(r)
	for i := range r.pools {
		r.pools[i].size = r.pools[i].normal
	}
}

// limitOf returns the CPU limit of a replica without faults.
func (s *sim) limitOf(r *replica) float64 {
	if l := s.app.Services[r.service].CPULimit; l > 0 {
		return l
	}
	return math.Inf(1)
}

// afflict adds an active fault to a service's.
func (s *sim) afflict(v *service, f *Fault) {
	switch f.Kind {
	case NetworkDelay, Blip:
		v.delay += time.Duration(f.Size * float64(time.Second))
	case PacketLoss:
		v.loss = 1 - (1-v.loss)*(1-f.Size)
	case SlowDependency:
		v.work *= f.Size
	case RetryStorm:
		v.storm = 1 - (1-v.storm)*(1-f.Size)
	case CacheCollapse:
		v.hits *= f.Size
	case MemoryPressure:
		v.pressure = 1 - (1-v.pressure)*(1-f.Size)
	case DiskContention:
		v.disk = 1 - (1-v.disk)*(1-f.Size)
	case MetricGap:
		v.silent = true
	default: // in replicas, below
	}
	for i := int32(0); i < v.n; i++ {
		if f.Replica >= 0 && int32(f.Replica) != i {
			continue
		}
		r := &s.replicas[v.first+i]
		switch f.Kind {
		case CPUContention, OffPath:
			r.cpu.hogsNext += f.Size
		case Throttling:
			r.cpu.limitNext = min(r.cpu.limitNext, f.Size)
		case Regression, BadReplica:
			r.lock += time.Duration(f.Size * float64(time.Second))
		case PoolExhaustion:
			p := &r.pools[f.Pool]
			p.size = min(p.size, int32(f.Size))
		default: // in all of the service, above
		}
	}
}

// apply makes the queues of a replica go on under changed faults. What has not
// changed is left alone, to the last bit.
func (s *sim) apply(r *replica) {
	if c := &r.cpu; c.hogs != c.hogsNext || c.limit != c.limitNext {
		s.advance(r)
		c.hogs, c.limit = c.hogsNext, c.limitNext
		s.loaded(r)
	}
	for i := range r.pools {
		s.admit(&r.pools[i])
	}
	d := &s.hosts[r.host].disk
	s.countDisk(d)
	d.share = 0
	for _, i := range s.hosts[r.host].replicas {
		d.share = max(d.share, s.services[s.replicas[i].service].disk)
	}
	s.respin(r.host)
}
