package foreign

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// Drawn is an application drawn at random: 12 to 40 services in layers, of several
// languages, some calls in parallel, some retried; how it is observed is drawn as well.
func Drawn(seed uint64) *System {
	r := rand.New(rand.NewPCG(seed, 77))
	n := 12 + r.IntN(29)
	s := &System{
		Name: fmt.Sprintf("drawn-%d", seed), Hosts: 3 + n/6, Cores: 4, Wire: time.Duration(150+r.IntN(500)) * time.Microsecond,
		Telemetry: observed(r),
	}
	for i, system := range []string{"postgresql", "redis", "mysql", "mongodb", "elasticsearch"}[:2+r.IntN(4)] {
		mean := time.Duration(2+r.IntN(10)) * ms
		if system == "redis" {
			mean = 400 * time.Microsecond
		}
		s.Stores = append(s.Stores, Store{fmt.Sprintf("%s-%d", []string{"main", "hot", "side", "docs", "index"}[i], seed), system, 5000 + i, 32, mean, 0.5 + 0.4*r.Float64()})
	}
	layers := 3 + r.IntN(4)
	layer := make([][]int, layers)
	for i := range n {
		l := 1 + i%(layers-1)
		if i == 0 {
			l = 0
		}
		layer[l] = append(layer[l], i)
	}
	words := []string{"auth", "basket", "billing", "booking", "claims", "depot", "events", "fleet", "gifts", "hotel"}
	for i := range n {
		s.Services = append(s.Services, Service{
			Name: fmt.Sprintf("%s-%d", words[i%len(words)], i), Replicas: 1 + r.IntN(4), Language: Language(r.IntN(4)), Version: fmt.Sprintf("1.%d", r.IntN(30)),
			Heap: 256 << r.IntN(3), Workers: []int{0, 20, 50, 200}[r.IntN(4)],
		})
	}
	for l := layers - 1; l >= 0; l-- {
		for _, i := range layer[l] {
			s.Services[i].Endpoints = endpoints(r, s, i, l, layer)
		}
	}
	s.Users = []Users{{Service: s.Services[0].Name, Endpoint: "a", Rate: 12 + 10*r.Float64()}, {Service: s.Services[0].Name, Endpoint: "b", Rate: 5 + 5*r.Float64()}}
	s.provide()
	return s
}

// provide sees to it that nothing is short of anything: at most 400 requests a second
// are served, one thread has a quarter of a core to do, a disk, a store and a core a third.
func (s *System) provide() {
	served, disk, all := 0.0, 0.0, 0.0
	load := make(map[string]float64) // CPU seconds per second
	count := func(each func(svc *Service, e *Endpoint, rate float64)) {
		for i := range s.Users {
			s.visit(s.Users[i].Service, s.Users[i].Endpoint, s.Users[i].Rate, each)
		}
	}
	count(func(_ *Service, _ *Endpoint, rate float64) { served += rate })
	for i := range s.Users {
		s.Users[i].Rate = max(4, s.Users[i].Rate*min(1, 400/served))
	}
	count(func(svc *Service, e *Endpoint, rate float64) {
		load[svc.Name] += rate * computing(e.Steps)
		each(e.Steps, func(x Step) {
			switch x := x.(type) {
			case Disk:
				disk += rate * x.Mean.Seconds()
			case Query:
				load[x.Store] += rate * s.store(x.Store).Mean.Seconds()
			}
		})
	})
	for i := range s.Services {
		svc := &s.Services[i]
		svc.Replicas = max(svc.Replicas, int(math.Ceil(load[svc.Name]/0.25)))
		all += load[svc.Name]
	}
	for i := range s.Stores {
		s.Stores[i].Threads = max(s.Stores[i].Threads, int(math.Ceil(3*load[s.Stores[i].Name])))
	}
	s.Hosts = max(s.Hosts, int(math.Ceil(all/(0.3*float64(s.Cores)))), int(math.Ceil(disk/0.15)))
}

func (s *System) store(name string) *Store {
	for i := range s.Stores {
		if s.Stores[i].Name == name {
			return &s.Stores[i]
		}
	}
	panic("foreign: no store " + name)
}

// visit follows the calls of an endpoint at a rate, retries left out.
func (s *System) visit(service, endpoint string, rate float64, at func(svc *Service, e *Endpoint, rate float64)) {
	for i := range s.Services {
		svc := &s.Services[i]
		for k := range svc.Endpoints {
			if svc.Name == service && svc.Endpoints[k].Name == endpoint {
				at(svc, &svc.Endpoints[k], rate)
				each(svc.Endpoints[k].Steps, func(x Step) {
					if c, ok := x.(Call); ok {
						share := c.Share
						if share == 0 {
							share = 1
						}
						s.visit(c.Service, c.Endpoint, rate*share, at)
					}
				})
			}
		}
	}
}

// endpoints draws those of service i, which may call what lies in the layer below.
func endpoints(r *rand.Rand, s *System, i, l int, layer [][]int) (out []Endpoint) {
	grpc := i > 0 && r.IntN(2) == 0
	for _, name := range []string{"a", "b"} {
		e := Endpoint{Name: name, Method: []string{"GET", "POST"}[r.IntN(2)], Route: fmt.Sprintf("/%s/%s/{id}", s.Services[i].Name, name)}
		if grpc {
			e = Endpoint{Name: name, Service: "acme." + s.Services[i].Name, Route: "Do" + name}
		}
		work := time.Duration(1+r.IntN(6)) * ms
		e.Steps = append(e.Steps, CPU{work, 0.4 + 0.5*r.Float64()})
		e.Steps = append(e.Steps, calls(r, s, l, layer)...)
		if l > 0 && r.IntN(2) == 0 {
			e.Steps = append(e.Steps, asks(r, s, "SELECT t"+s.Services[i].Name))
		}
		switch r.IntN(8) {
		case 0:
			e.Steps = append(e.Steps, Disk{2 * ms})
		case 1:
			e.Steps = append(e.Steps, Locked{"state", []Step{CPU{ms, 0.5}}})
		case 2:
			e.Steps = append(e.Steps, Inner{"compute", []Step{CPU{2 * ms, 0.5}}})
		}
		out = append(out, e)
	}
	return out
}

// calls draws what a service of layer l calls, one after another or all at once.
func calls(r *rand.Rand, s *System, l int, layer [][]int) (out []Step) {
	if l+1 >= len(layer) {
		return nil
	}
	fan := 1 + r.IntN(5)/3
	if l == 0 {
		fan = 2 + r.IntN(3)
	}
	for range fan {
		k := layer[l+1][r.IntN(len(layer[l+1]))]
		c := Call{Service: s.Services[k].Name, Endpoint: []string{"a", "b"}[r.IntN(2)]}
		switch r.IntN(6) {
		case 0:
			c.Share = 0.3 + 0.6*r.Float64()
		case 1:
			c.Timeout, c.Retries = 2*time.Second, 2
		}
		out = append(out, c)
	}
	if r.IntN(3) == 0 {
		return []Step{Parallel(out)}
	}
	return out
}

// asks draws how a service asks a store: through a cache, in a session, or simply.
func asks(r *rand.Rand, s *System, statement string) Step {
	st := &s.Stores[r.IntN(len(s.Stores))]
	q := Query{Store: st.Name, Statement: statement}
	switch {
	case st.System == "redis":
		return Query{Store: st.Name, Statement: "GET", Hit: 0.8, Miss: []Step{Query{Store: s.Stores[0].Name, Statement: statement}}}
	case r.IntN(2) == 0:
		return Session{st.Name, []Step{q, CPU{ms, 0.5}, q}}
	default:
		return q
	}
}

// observed draws a way of being observed that hangs together.
func observed(r *rand.Rand) Telemetry {
	t := Telemetry{
		Old: r.IntN(2) == 0, Names: Names(r.IntN(3)), Mute: r.IntN(4) == 0, Links: r.IntN(2) == 0,
		Lost: 0.004 * r.Float64(), Skew: time.Duration(r.IntN(200)) * ms, Every: []time.Duration{10 * time.Second, 15 * time.Second, 30 * time.Second}[r.IntN(3)],
	}
	switch t.Resource = Resource(r.IntN(4)); t.Resource {
	case Kubernetes:
		t.Meters = []Meter{Kubelet, Runtime}[:1+r.IntN(2)]
	case Docker:
		t.Meters = []Meter{DockerAPI}
	case Process:
		t.Meters = []Meter{Hosts, Runtime}[:1+r.IntN(2)]
	case Bare:
	}
	return t
}
