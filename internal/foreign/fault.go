package foreign

import "time"

// Kind is what is done to a system.
type Kind string

// What is done. Size is a number of threads, a share, a factor, or seconds.
const (
	CPUHog      Kind = "cpu"          // Size threads compute in every replica
	HostHog     Kind = "noisy host"   // neighbours take the cores of the host, a slice takes Size times as long
	Leak        Kind = "memory"       // live memory grows to the share Size of the heap
	DiskHog     Kind = "disk"         // Size more operations are always in line at the disk
	Delay       Kind = "delay"        // what the service sends takes Size seconds longer
	Loss        Kind = "loss"         // share of what it sends is lost, and sent again
	LinkDelay   Kind = "link"         // the same of one link
	SlowCode    Kind = "release"      // a new version waits Size seconds longer
	BusyCode    Kind = "busy release" // a new version computes Size times as long
	SlowStore   Kind = "slow store"   // queries take Size times as long
	Contention  Kind = "lock"         // locks are held for Size seconds longer
	PoolLeak    Kind = "pool"         // two connections are left, kept for Size seconds longer than they are used
	Surge       Kind = "surge"        // Size times as many requests of all users
	Errors      Kind = "errors"       // share of the requests fails
	Crash       Kind = "crash"        // nothing answers
	BadReplica  Kind = "bad replica"  // one replica takes Size seconds longer
	WorkersLost Kind = "threads"      // Size workers are left
	// What published recordings do, besides.
	MemHog    Kind = "memory hog" // another process in every container takes the memory
	Sockets   Kind = "socket"     // half of what it calls waits Size seconds for a free socket
	PodCPU    Kind = "pod cpu"    // Size threads compute in one replica
	PodDelay  Kind = "pod delay"  // what one replica sends takes Size seconds longer
	PodLoss   Kind = "pod loss"   // share of what one replica sends is lost, and sent again
	NodeDisk  Kind = "node disk"  // Size more operations are always in line at the disk of a host
	NodeDelay Kind = "node delay" // what leaves a host takes Size seconds longer
	NodeLoss  Kind = "node loss"  // share of what leaves a host is lost, and sent again
	// Queues and third parties.
	SlowConsumer Kind = "slow consumer" // takes Size seconds longer for each message
	SlowBroker   Kind = "slow broker"   // takes Size times as long for each message
	SlowAPI      Kind = "slow api"      // a third party takes Size times as long
	APIErrors    Kind = "api errors"    // a third party fails the share Size
	DNS          Kind = "dns"           // names take Size seconds longer in a service, where no connection is kept
	TLS          Kind = "tls"           // a third party takes Size seconds longer for a new connection
	// Decoys.
	Deploy     Kind = "harmless deploy"
	MemoryRise Kind = "memory rises harmlessly"
	Gap        Kind = "no metrics"
	Restart    Kind = "restart"
	Cron       Kind = "cron"        // a job has a third of the cores of a host for 20 s of each minute
	ColdCache  Kind = "cold cache"  // a deploy empties caches for Size seconds
	Scale      Kind = "autoscaling" // Size more replicas
	BlueGreen  Kind = "blue green"  // all replicas anew in another deployment, at once
	ClockStep  Kind = "clock step"  // the clock of a host is set forward by Size seconds
)

// Fault is one thing that is done to a service, store, link or host.
type Fault struct {
	Kind    Kind
	Service string // or store; of a link the callee
	Peer    string // of a link: the caller
	Replica int    // of a bad replica, from 0
	Host    int    // of a noisy host, from 1
	Size    float64
}

// Episode is what is done from Start to End.
type Episode struct {
	Name       string
	Start, End time.Duration
	Faults     []Fault
	Culprits   []Culprit
	Decoy      bool
}

// Culprit is a right answer: one of Names, or what is on Host.
type Culprit struct {
	Names      []string
	Mechanisms []string // any of them is right
	Instance   string
	Host       string
}

// begin breaks something and returns what mends it.
func (p *plant) begin(f Fault) (mend func()) {
	if s := p.stores[f.Service]; s != nil {
		return p.beginStore(s, f)
	}
	s := p.services[f.Service]
	each := func(do func(r *replica) func()) func() {
		if f.Kind.OfOne() {
			return do(s.replicas[f.Replica])
		}
		return together(s.replicas, do)
	}
	switch f.Kind {
	case CPUHog, PodCPU:
		return each(func(r *replica) func() { return hog(r.group, int(f.Size)) })
	case HostHog:
		return p.hosts[f.Host-1].crowd(f.Size)
	case DiskHog:
		return each(func(r *replica) func() { return p.flood(r.host, int(f.Size)) })
	case Leak, MemoryRise:
		return each(func(r *replica) func() { return p.leak(r, f.Size) })
	case Delay, PodDelay:
		return each(func(r *replica) func() { r.delay += nanos(f.Size); return func() { r.delay -= nanos(f.Size) } })
	case Loss, PodLoss:
		return each(func(r *replica) func() { r.loss = f.Size; return func() { r.loss = 0 } })
	case LinkDelay:
		p.links[[2]string{f.Peer, f.Service}] = nanos(f.Size)
		return func() { delete(p.links, [2]string{f.Peer, f.Service}) }
	case SlowCode, BusyCode, Deploy:
		return p.release(s, f)
	case Contention:
		return each(func(r *replica) func() { r.hold = nanos(f.Size); return func() { r.hold = 0 } })
	case PoolLeak:
		return each(func(r *replica) func() { return p.drain(r, nanos(f.Size)) })
	case Surge:
		p.surge = f.Size
		return func() { p.surge = 1 }
	case Errors:
		return each(func(r *replica) func() { r.fail = f.Size; return func() { r.fail = 0 } })
	case Crash:
		return each(func(r *replica) func() { r.down = true; return func() { r.down = false; p.renew(r) } })
	case BadReplica, SlowConsumer:
		return each(func(r *replica) func() { r.wait = nanos(f.Size); return func() { r.wait = 0 } })
	case WorkersLost:
		return each(func(r *replica) func() {
			r.workers.widen(int(f.Size))
			return func() { r.workers.widen(room(s.Workers)) }
		})
	case Restart:
		return each(func(r *replica) func() { p.renew(r); return func() {} })
	case Gap:
		p.silent = true
		return func() { p.silent = false }
	case MemHog:
		return each(p.squeeze)
	case Sockets, DNS:
		return each(func(r *replica) func() { r.connect = nanos(f.Size); return func() { r.connect = 0 } })
	default:
		return p.beginHost(s, f)
	}
}

func (p *plant) beginStore(s *store, f Fault) func() {
	switch f.Kind {
	case SlowStore, SlowBroker, SlowAPI:
		s.slow = f.Size
		return func() { s.slow = 1 }
	case APIErrors:
		s.fail = f.Size
		return func() { s.fail = 0 }
	case TLS:
		s.handshake = nanos(f.Size)
		return func() { s.handshake = 0 }
	case Delay:
		s.delay += nanos(f.Size)
		return func() { s.delay -= nanos(f.Size) }
	case Loss:
		s.loss = f.Size
		return func() { s.loss = 0 }
	default:
		panic("foreign: " + string(f.Kind) + " of a store")
	}
}

// hog keeps n threads computing.
func hog(g *group, n int) (stop func()) {
	on := true
	var again func()
	again = func() {
		if on {
			g.run(slice, again)
		}
	}
	for range n {
		again()
	}
	return func() { on = false }
}

// crowd has neighbours compute that have more weight than all containers: they take
// whatever of the cores is free, and of what is not their share.
func (h *host) crowd(slower float64) (end func()) {
	g := h.add(0, 0)
	stop := hog(g, 2*h.cores)
	h.slower = slower
	return func() {
		h.slower = 1
		stop()
	}
}

// flood keeps n operations in line at a disk.
func (p *plant) flood(h *host, n int) (stop func()) {
	on := true
	var again func()
	again = func() {
		if on {
			h.read(int64(4e6), again)
		}
	}
	for range n {
		again()
	}
	return func() { on = false }
}

// leak fills the memory of r within half a minute up to a share of its heap.
func (p *plant) leak(r *replica, share float64) (mend func()) {
	was, on := r.live, true
	var grow func()
	grow = func() {
		if on && r.live < share*r.heap {
			r.live += (share*r.heap - was) / 30
			p.clock.after(1e9, grow)
		}
		r.thrash = r.service.Language != Java && r.live > 0.95*r.heap
	}
	grow()
	return func() { on, r.thrash = false, false; r.live = was }
}

// drain takes connections out of all pools of r, and returns the others late.
func (p *plant) drain(r *replica, late int64) func() {
	each := func(left func(name string) int) {
		for _, name := range p.storeNames {
			if g := r.pools[name]; g != nil {
				g.widen(left(name))
			}
		}
	}
	r.keep = late
	each(func(string) int { return leftConnections })
	return func() {
		r.keep = 0
		each(r.service.pool)
	}
}

const leftConnections = 2

// release rolls out a new version, and at the end the old one.
func (p *plant) release(s *service, f Fault) func() {
	old := s.version
	roll := func(v string, work float64, wait int64) {
		s.version = v
		for i, r := range s.replicas {
			p.clock.after(int64(i)*5e9, func() {
				p.renew(r)
				r.version, r.work, r.wait = v, work, wait
			})
		}
	}
	switch f.Kind {
	case SlowCode:
		roll(next(old), 1, nanos(f.Size))
	case BusyCode:
		roll(next(old), f.Size, 0)
	default:
		roll(next(old), 1, 0)
		return func() {}
	}
	return func() { roll(old, 1, 0) }
}

func next(v string) string { return v + "-rc1" }

func nanos(seconds float64) int64 { return int64(seconds * 1e9) }
