package foreign

// OfOne reports whether a kind of fault is of one replica of a service.
func (k Kind) OfOne() bool {
	return k == BadReplica || k == PodCPU || k == PodDelay || k == PodLoss
}

// harmless reports whether a kind is a decoy.
func (k Kind) harmless() bool {
	switch k {
	case Deploy, MemoryRise, Gap, Restart, Cron, ColdCache, Scale, BlueGreen, ClockStep:
		return true
	default:
		return false
	}
}

// together does something to all replicas.
func together(all []*replica, do func(r *replica) func()) (mend func()) {
	var undo []func()
	for _, r := range all {
		undo = append(undo, do(r))
	}
	return func() {
		for _, u := range undo {
			u()
		}
	}
}

// beginHost breaks what is of a host, or deploys.
func (p *plant) beginHost(s *service, f Fault) (mend func()) {
	switch f.Kind {
	case NodeDisk:
		return p.flood(p.hosts[f.Host-1], int(f.Size))
	case NodeDelay:
		return together(p.on(p.hosts[f.Host-1]), func(r *replica) func() {
			r.delay += nanos(f.Size)
			return func() { r.delay -= nanos(f.Size) }
		})
	case NodeLoss:
		return together(p.on(p.hosts[f.Host-1]), func(r *replica) func() { r.loss = f.Size; return func() { r.loss = 0 } })
	case Cron:
		return p.job(p.hosts[f.Host-1])
	case ClockStep:
		h := p.hosts[f.Host-1]
		h.skew += nanos(f.Size)
		return func() { h.skew -= nanos(f.Size) }
	case ColdCache:
		return p.chill(s, nanos(f.Size))
	case Scale:
		return p.grow(s, int(f.Size))
	case BlueGreen:
		s.version = next(s.version)
		for _, r := range s.replicas {
			p.renew(r)
			r.version, r.deployment = s.version, s.Name+"-green"
		}
		return func() {}
	default:
		panic("foreign: " + string(f.Kind) + " of " + f.Service)
	}
}

// on are the replicas of a host.
func (p *plant) on(h *host) (out []*replica) {
	for _, s := range p.order {
		for _, r := range s.replicas {
			if r.host == h {
				out = append(out, r)
			}
		}
	}
	return out
}

// squeeze has another process in the container of r take within half a minute what
// memory it may have: the runtime's own does not grow, but its pages are read again.
func (p *plant) squeeze(r *replica) (mend func()) {
	on, most := true, 1.15*r.heap-1.1*r.live
	var grow func()
	grow = func() {
		if on && r.taken < most {
			r.taken += most / 30
			p.clock.after(1e9, grow)
		}
		r.thrash = r.taken > 0.9*most
	}
	grow()
	return func() { on, r.thrash, r.taken = false, false, 0 }
}

// job computes for 20 s of each minute with a third of the cores of a host.
func (p *plant) job(h *host) (end func()) {
	on := true
	var again func()
	again = func() {
		if !on {
			return
		}
		stop := hog(h.add(0, max(h.cores/3, 1)), h.cores)
		p.clock.after(20e9, stop)
		p.clock.after(60e9, again)
	}
	again()
	return func() { on = false }
}

// chill deploys a version whose caches are empty, and fill within d.
func (p *plant) chill(s *service, d int64) (mend func()) {
	s.version = next(s.version)
	for _, r := range s.replicas {
		p.renew(r)
		r.version, r.cold, r.warm = s.version, p.clock.now, p.clock.now+d
	}
	return func() {}
}

// misses is the share of hits that are misses as yet.
func (r *replica) misses() float64 {
	now := r.host.clock.now
	if now >= r.warm {
		return 0
	}
	return float64(r.warm-now) / float64(r.warm-r.cold)
}

// grow adds n replicas on the hosts that have fewest.
func (p *plant) grow(s *service, n int) (mend func()) {
	before := s.replicas
	for range n {
		least := p.hosts[0]
		for _, h := range p.hosts {
			if len(p.on(h)) < len(p.on(least)) {
				least = h
			}
		}
		s.replicas = append(s.replicas[:len(s.replicas):len(s.replicas)], p.replica(s, least))
	}
	return func() {
		for _, r := range s.replicas[len(before):] {
			p.flush(r)
		}
		s.replicas = before
	}
}
