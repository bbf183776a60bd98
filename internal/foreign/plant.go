package foreign

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// plant is a system at work.
type plant struct {
	*System
	clock      *clock
	rng        *rand.Rand // of what happens to requests
	ids        *rand.Rand
	arrivals   *rand.Rand
	names      *rand.Rand
	post       *rand.Rand // of what happens to telemetry
	hosts      []*host
	services   map[string]*service
	order      []*service
	stores     map[string]*store
	storeNames []string
	links      map[[2]string]int64
	surge      float64
	silent     bool
	over       bool
	sink       Sink
	meter      *meter
	counted    Counts
}

// Counts are sums over a run.
type Counts struct {
	Requests, Answered, Failed int
	Spans, Lost                int
	Served                     map[string]int     // requests by service
	Busy                       map[string]float64 // seconds that they took, by service
}

// end is where messages come from and go to.
type end struct {
	host  *host // nil: outside
	name  string
	delay int64
	loss  float64
}

type service struct {
	*Service
	replicas  []*replica
	endpoints map[string]*Endpoint
	version   string
	turn      int
	messages  gate
}

type replica struct {
	end
	service *service
	group   *group
	pod     string
	uid     string
	ip      string
	version string
	// deployment is the name of what keeps it running.
	deployment string
	workers    gate
	pools      map[string]*gate
	locks      map[string]*gate
	down       bool
	fail       float64
	work       float64 // times the usual CPU time
	wait       int64   // of every request
	hold       int64   // of every lock
	connect    int64   // of half of the calls
	cold       int64   // when its caches were empty
	warm       int64   // when they are full
	keep       int64   // of every connection after its use
	heap       float64 // MiB
	live       float64
	taken      float64 // MiB that others in its container have
	young      float64 // allocated since the last collection
	thrash     bool    // memory is reclaimed while it is used
	faults     int64   // major page faults
	// Sums and states that metrics tell.
	pauses    int64
	pauseTime int64
	sent      int64 // bytes
	received  int64
	active    int
	buffer    []span
	flushing  bool
	pauseLog  []int64
}

type store struct {
	end
	*Store
	threads   gate
	slow      float64
	fail      float64
	handshake int64 // of new connections
}

// Sink takes what a run tells, in order of arrival.
type Sink interface {
	Export
	// User is the answer that a user got.
	User(u *Users, start, end time.Duration, failed bool)
}

func room(n int) int {
	if n == 0 {
		return math.MaxInt32
	}
	return n
}

func (s *Service) pool(name string) int {
	if n := s.Pools[name]; n > 0 {
		return n
	}
	return 64
}

func newPlant(s *System, seed uint64, sink Sink) *plant {
	p := &plant{
		System: s, clock: &clock{}, sink: sink, surge: 1,
		rng: rand.New(rand.NewPCG(seed, 1)), ids: rand.New(rand.NewPCG(seed, 2)),
		arrivals: rand.New(rand.NewPCG(seed, 3)), names: rand.New(rand.NewPCG(seed, 4)), post: rand.New(rand.NewPCG(seed, 6)),
		services: make(map[string]*service), stores: make(map[string]*store), links: make(map[[2]string]int64),
	}
	p.counted.Served = make(map[string]int)
	p.counted.Busy = make(map[string]float64)
	for i := range s.Hosts {
		h := &host{clock: p.clock, name: fmt.Sprintf("node-%c%d", 'a'+i%3, i+1), cores: s.Cores}
		h.skew = int64(float64(s.Skew) * (2*p.names.Float64() - 1))
		p.hosts = append(p.hosts, h)
	}
	for i := range s.Stores {
		d := &s.Stores[i]
		st := &store{Store: d, end: end{host: &host{name: d.Name}, name: d.Name}, slow: 1}
		st.threads.room = d.Threads
		p.stores[d.Name] = st
		p.storeNames = append(p.storeNames, d.Name)
	}
	at := 0
	for i := range s.Services {
		d := &s.Services[i]
		svc := &service{Service: d, endpoints: make(map[string]*Endpoint), version: d.Version}
		svc.messages.room = 4 * d.Replicas
		for k := range d.Endpoints {
			svc.endpoints[d.Endpoints[k].Name] = &d.Endpoints[k]
		}
		for range d.Replicas {
			h := p.hosts[at%len(p.hosts)]
			if d.Pinned > 0 {
				h = p.hosts[d.Pinned-1]
			} else {
				at++
			}
			svc.replicas = append(svc.replicas, p.replica(svc, h))
		}
		p.services[d.Name] = svc
		p.order = append(p.order, svc)
	}
	return p
}

// replica is a new one of a service on a host.
func (p *plant) replica(svc *service, h *host) *replica {
	d := svc.Service
	limit := 0
	if d.Language == Node || d.Language == Python {
		limit = 1
	}
	r := &replica{
		end: end{host: h, name: d.Name}, service: svc, group: h.add(d.Quota, limit), version: svc.version, deployment: d.Name,
		pools: make(map[string]*gate), locks: make(map[string]*gate), work: 1, heap: float64(max(d.Heap, 256)),
	}
	r.live = r.heap * (0.3 + 0.1*p.names.Float64())
	r.workers.room = room(d.Workers)
	p.renew(r)
	return r
}

// renew gives a replica a new identity, as a pod that is made anew has.
func (p *plant) renew(r *replica) {
	const letters = "bcdfghjklmnpqrstvwxz2456789"
	suffix := make([]byte, 5)
	for i := range suffix {
		suffix[i] = letters[p.names.IntN(len(letters))]
	}
	p.flush(r)
	r.pod = fmt.Sprintf("%s-%08x-%s", r.service.Name, p.names.Uint32(), suffix)
	r.uid = fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", p.names.Uint32(), p.names.IntN(1<<16), p.names.IntN(1<<12), p.names.IntN(1<<12), p.names.Int64N(1<<48))
	r.ip = fmt.Sprintf("10.%d.%d.%d", 1+p.names.IntN(4), p.names.IntN(255), 1+p.names.IntN(250))
}

// spread is a log-normal time of that mean, of which few are much longer.
func (p *plant) spread(mean, sigma float64) float64 {
	d := mean * math.Exp(sigma*p.rng.NormFloat64()-sigma*sigma/2)
	if p.rng.Float64() < 0.002 {
		d *= 1 + 4*p.rng.ExpFloat64()
	}
	return d
}

// retransmit is how long TCP waits before it sends again.
const retransmit = int64(200e6)

// send brings a message from one end to another.
func (p *plant) send(from, to *end, bytes float64, done func()) {
	wire := float64(p.Wire)
	if from.host != nil && from.host == to.host {
		wire /= 3
	}
	d := int64(p.spread(wire, 0.4)) + from.delay + p.links[[2]string{from.name, to.name}] + int64(bytes*8)
	if from.delay > 0 {
		d += int64(float64(from.delay) * 0.1 * p.rng.NormFloat64())
	}
	for wait := retransmit; p.rng.Float64() < from.loss && wait < 4e9; wait *= 2 {
		d += wait
	}
	p.clock.after(d, done)
}

// Run plays a system for d and returns what was counted.
func Run(s *System, episodes []Episode, seed uint64, d time.Duration, sink Sink) Counts {
	p := newPlant(s, seed, sink)
	for i := range s.Users {
		if u := &s.Users[i]; u.Rate > 0 {
			p.arrive(u)
			p.burst(u)
		}
	}
	p.meter = newMeter(p)
	for i := range episodes {
		e := &episodes[i]
		p.clock.after(int64(e.Start), func() {
			for _, f := range e.Faults {
				mend := p.begin(f)
				p.clock.after(int64(e.End-e.Start), mend)
			}
		})
	}
	p.clock.until(int64(d))
	p.over = true // what is under way goes on untold until the last batches have arrived
	for _, svc := range p.order {
		for _, r := range svc.replicas {
			p.flush(r)
		}
	}
	p.clock.until(int64(d) + arrival)
	return p.counted
}

// arrive schedules the users of one kind: Poisson with a rate that swings by a
// quarter within half an hour.
func (p *plant) arrive(u *Users) {
	swing := 1 + 0.25*math.Sin(2*math.Pi*float64(p.clock.now)/1800e9)
	gap := p.arrivals.ExpFloat64() / (u.Rate * swing * p.surge)
	p.clock.after(nanos(gap), func() {
		if p.over {
			return
		}
		p.request(u)
		p.arrive(u)
	})
}

// burst schedules those who come together.
func (p *plant) burst(u *Users) {
	if u.Burst == 0 || p.over {
		return
	}
	p.clock.after(60e9, func() {
		for range u.Burst {
			p.request(u)
		}
		p.burst(u)
	})
}

// consumed tells those who wait for messages.
func (p *plant) consumed(s *service, w *span) {
	for i := range p.Users {
		if u := &p.Users[i]; u.Endpoint == Consume && u.Service == s.Name && !p.over {
			p.sink.User(u, time.Duration(w.start), time.Duration(w.end), w.failed)
		}
	}
}
