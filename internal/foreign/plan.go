package foreign

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Plan says what is done to a system, one thing after another.
type Plan struct {
	Kinds  []Kind // one episode each; Two is two at once
	Warmup time.Duration
	Length time.Duration
	Gap    time.Duration
}

// Two stands in a Plan for two faults at once.
const Two Kind = "two at once"

// Episodes draws targets and sizes, such that users are likely to feel faults, from
// what is usual. It returns when the last gap ends, too.
func (pl Plan) Episodes(s *System, u Usual, seed uint64) ([]Episode, time.Duration) {
	d := &draw{System: s, Usual: u, rng: rand.New(rand.NewPCG(seed, 5)), used: make(map[string]bool)}
	d.tail = slices.Max(u.Tail)
	at := pl.Warmup
	var out []Episode
	for _, k := range pl.Kinds {
		e := Episode{Start: at, End: at + pl.Length}
		if k == Two {
			e = d.two(e)
		} else if !d.fault(&e, k) {
			continue
		}
		if e.Decoy = k.harmless(); e.Decoy {
			e.Culprits = nil // nobody should be named
		}
		out = append(out, e)
		at = e.End + pl.Gap
	}
	return out, at
}

type draw struct {
	*System
	Usual
	rng  *rand.Rand
	tail float64
	used map[string]bool
}

func (d *draw) two(e Episode) Episode {
	kinds := []Kind{CPUHog, Delay, SlowCode, SlowStore, Loss}
	a := d.rng.IntN(len(kinds))
	b := (a + 1 + d.rng.IntN(len(kinds)-1)) % len(kinds)
	d.fault(&e, kinds[a])
	first := e.Name
	for range 20 {
		try := e
		try.Faults, try.Culprits = slices.Clone(e.Faults), slices.Clone(e.Culprits)
		if d.fault(&try, kinds[b]) && try.Faults[1].Service != try.Faults[0].Service {
			try.Name = first + " + " + try.Name
			return try
		}
	}
	return e
}

// served are the services that users' requests always reach, in order.
func (d *draw) served(fits func(s *Service) bool) *Service {
	busiest := 0.0
	for _, r := range d.Rate {
		busiest = max(busiest, r)
	}
	var all []*Service
	for i := range d.Services {
		s := &d.Services[i]
		if d.path(s.Name) && fits(s) {
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all[d.rng.IntN(len(all))]
}

// path reports whether requests of the first kind of users mostly reach a service.
func (d *draw) path(name string) bool {
	u := &d.Users[0]
	reached := 0.0
	d.visit(u.Service, u.Endpoint, 1, func(s *Service, _ *Endpoint, rate float64) {
		if s.Name == name {
			reached += rate
		}
	})
	return reached >= 0.5
}

// fault adds a fault of a kind to an episode; it reports whether there is a place
// for it.
func (d *draw) fault(e *Episode, k Kind) bool {
	f := Fault{Kind: k}
	c := Culprit{}
	entry := d.Users[0].Service
	inner := func(s *Service) bool { return s.Name != entry }
	var s *Service
	switch k {
	case CPUHog:
		s = d.served(inner)
		f.Size, c.Mechanisms = 8, []string{"cpu"}
		if s.Quota == 0 { // threads of a container wait for each other only
			f.Size = math.Ceil(0.8 * d.tail / 0.004 * float64(d.Cores))
		}
	case Delay:
		s = d.served(inner)
		f.Size, c.Mechanisms = d.tail*(0.7+0.5*d.rng.Float64()), []string{"network"}
	case Loss:
		s = d.served(inner)
		f.Size, c.Mechanisms = 0.1+0.1*d.rng.Float64(), []string{"network"}
	case SlowCode:
		s = d.served(inner)
		f.Size, c.Mechanisms = d.tail*(0.8+d.rng.Float64()), []string{"change", "latent"}
	case BusyCode:
		s = d.served(inner)
		f.Size, c.Mechanisms = d.busier(s), []string{"change", "cpu", "latent"}
	case Leak:
		s = d.served(inner)
		f.Size, c.Mechanisms = 0.985, []string{"memory", "gc"}
	case DiskHog:
		s = d.served(has[Disk])
		f.Size, c.Mechanisms = math.Ceil(d.tail/0.004), []string{"disk"}
		if s != nil {
			c.Names = append([]string{s.Name}, d.beside(s.Name)...)
		}
	case Contention:
		s = d.served(has[Locked])
		if s != nil {
			f.Size = 0.75 / d.Rate[s.Name]
		}
		c.Mechanisms = []string{"latent", "change", "queue_wait"}
	case PoolLeak:
		s = d.served(has[Session])
		if s != nil {
			f.Size = 0.9 * leftConnections / d.Rate[s.Name]
		}
		c.Mechanisms = []string{"pool"}
	case WorkersLost:
		s = d.served(func(s *Service) bool { return s.Workers > 0 && inner(s) })
		if s != nil {
			f.Size = math.Max(1, math.Round(1.1*d.Active[s.Name]))
		}
		c.Mechanisms = []string{"pool", "queue_wait", "latent"}
	case Errors:
		s = d.served(inner)
		f.Size, c.Mechanisms = 0.3, []string{"error_rate"}
	case Crash:
		s = d.served(inner)
		f.Size, c.Mechanisms = 1, []string{"error_rate"}
	case BadReplica:
		s = d.served(func(s *Service) bool { return s.Replicas > 1 && s.Replicas < 6 })
		if s != nil {
			f.Replica = d.rng.IntN(s.Replicas)
		}
		f.Size, c.Mechanisms = d.tail*(1+d.rng.Float64()), []string{"latent", "cpu"}
	case Surge:
		f.Size, c.Mechanisms, c.Names = min(15, 1.05/d.busiest()), []string{"traffic"}, []string{"traffic", entry}
	case SlowStore:
		st := &d.Stores[d.rng.IntN(len(d.Stores))]
		for range 10 {
			if st.System != "redis" {
				break
			}
			st = &d.Stores[d.rng.IntN(len(d.Stores))]
		}
		f.Service, f.Size = st.Name, min(1+1.2*d.tail/st.Mean.Seconds(), 0.85*float64(st.Threads)/d.asked(st))
		c.Names, c.Mechanisms = calledStore(st), []string{"latent"}
	case LinkDelay:
		s = d.served(inner)
		if s == nil {
			return false
		}
		callers := d.callers(s.Name)
		if len(callers) == 0 {
			return false
		}
		f.Peer = callers[d.rng.IntN(len(callers))]
		c.Names = []string{s.Name, f.Peer}
		f.Size, c.Mechanisms = d.tail*(1+d.rng.Float64()), []string{"network"}
	case HostHog:
		f.Host = 1 + d.rng.IntN(min(d.Hosts, 3))
		f.Size, c.Mechanisms = 5, []string{"cpu"}
		c.Host = fmt.Sprintf("node-%c%d", 'a'+(f.Host-1)%3, f.Host)
	case Deploy, MemoryRise, Gap, Restart:
		s = d.served(inner)
		f.Size = 0.7
	case Two:
		panic("foreign: two in two")
	default:
		s = d.trouble(&f, &c)
	}
	if s == nil && f.Service == "" && f.Host == 0 && c.Names == nil && c.Host == "" {
		return false
	}
	if s != nil {
		f.Service = s.Name
		if c.Names == nil {
			c.Names = []string{s.Name}
		}
	}
	e.Name = string(k)
	e.Faults = append(e.Faults, f)
	e.Culprits = append(e.Culprits, c)
	return true
}

// beside are the services that use the disks of a service's hosts as well: they are
// hurt as it is.
func (d *draw) beside(name string) (out []string) {
	p := newPlant(d.System, 0, nil)
	on := make(map[*host]bool)
	for _, r := range p.services[name].replicas {
		on[r.host] = true
	}
	for _, s := range p.order {
		for _, r := range s.replicas {
			if on[r.host] && has[Disk](s.Service) && !slices.Contains(out, s.Name) {
				out = append(out, s.Name)
			}
		}
	}
	return out
}

// asked is how many threads of a store are busy.
func (d *draw) asked(st *Store) (busy float64) {
	for i := range d.Users {
		u := &d.Users[i]
		d.visit(u.Service, u.Endpoint, u.Rate, func(_ *Service, e *Endpoint, rate float64) {
			each(e.Steps, func(x Step) {
				if q, ok := x.(Query); ok && q.Store == st.Name {
					busy += rate * st.Mean.Seconds() * max(q.Weight, 1)
				}
			})
		})
	}
	return busy
}

// busiest is the use of whatever computes most: a service that has one thread or a
// quota, or all hosts.
func (d *draw) busiest() (use float64) {
	load, all := make(map[string]float64), 0.0
	for i := range d.Users {
		u := &d.Users[i]
		d.visit(u.Service, u.Endpoint, u.Rate, func(s *Service, e *Endpoint, rate float64) { load[s.Name] += rate * computing(e.Steps) })
	}
	for i := range d.Services {
		s := &d.Services[i]
		has := s.Quota
		if has == 0 && (s.Language == Node || s.Language == Python) {
			has = 1
		}
		all += load[s.Name]
		if has > 0 {
			use = max(use, load[s.Name]/(has*float64(s.Replicas)))
		}
	}
	return max(use, all/float64(d.Hosts*d.Cores))
}

// namespace is the name of the database in a store.
func namespace(s *Store) string { return strings.TrimSuffix(s.Name, "-db") }

// calledStore are the names that calls give a store: by its host, its database, or both,
// and by its kind.
func calledStore(s *Store) []string {
	at, of := s.System+":"+s.Name, s.System+":"+namespace(s)
	return []string{s.Name, of, at, at + "/" + namespace(s), s.System}
}

// busier is by how much a service can compute longer with the CPU that it has.
func (d *draw) busier(s *Service) float64 {
	cpu := 0.0
	for _, e := range s.Endpoints {
		cpu = max(cpu, computing(e.Steps))
	}
	room := 0.7
	if s.Language == Go || s.Language == Java {
		room = 0.4 * float64(d.Cores)
	}
	if s.Quota > 0 {
		room = min(room, 0.7*s.Quota)
	}
	return min(1+2*d.tail/cpu, room/(d.Rate[s.Name]*cpu))
}

// each calls do with all steps, those within others too.
func each(steps []Step, do func(Step)) {
	for _, s := range steps {
		do(s)
		switch s := s.(type) {
		case Parallel:
			each(s, do)
		case Locked:
			each(s.Steps, do)
		case Session:
			each(s.Steps, do)
		case Inner:
			each(s.Steps, do)
		case Query:
			each(s.Miss, do)
		}
	}
}

// computing is the CPU time of steps in seconds.
func computing(steps []Step) (sum float64) {
	each(steps, func(s Step) {
		if c, ok := s.(CPU); ok {
			sum += c.Mean.Seconds()
		}
	})
	return sum
}

// has reports whether an endpoint of s has a step of a type.
func has[T Step](s *Service) (found bool) {
	for _, e := range s.Endpoints {
		each(e.Steps, func(x Step) {
			_, ok := x.(T)
			found = found || ok
		})
	}
	return found
}

// callers are the services on the path that call one.
func (d *draw) callers(name string) (out []string) {
	for i := range d.Services {
		s := &d.Services[i]
		if !d.path(s.Name) {
			continue
		}
		for _, e := range s.Endpoints {
			each(e.Steps, func(x Step) {
				if c, ok := x.(Call); ok && c.Service == name && !slices.Contains(out, s.Name) {
					out = append(out, s.Name)
				}
			})
		}
	}
	return out
}
