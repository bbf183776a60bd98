package method

import (
	"cmp"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// world is an application of single requests: every service serves one RPC, which
// works for own seconds, and waits for its calls, one after the other or all at
// once. Durations are log-normal around these values.
type world struct {
	entry    string
	own      map[string]float64
	parallel map[string]bool
	links    []*link
	metrics  map[string]map[string]float64 // by service
	requests int                           // of the entry, per window
	bare     bool                          // exclusive time is not measured
	rng      *rand.Rand
}

// link is n calls a request that take gap seconds on the way; of a service that
// sends no spans, leaf seconds as the caller sees them.
type link struct {
	from, to  string
	n         int
	gap, leaf float64
	failing   float64 // share of the calls
}

const (
	cpuMetric = "container.cpu.utilization"
	memMetric = "container.memory.working_set"
	second    = int64(time.Second)
	size      = 30 * second
	healthy   = 60
)

// newWorld is front > mid > back > db, and front > side beside mid.
func newWorld() *world {
	w := &world{
		entry: "front", requests: 100, parallel: map[string]bool{},
		own: map[string]float64{"front": 0.005, "mid": 0.010, "back": 0.020, "side": 0.008},
		links: []*link{
			{from: "front", to: "mid", n: 1, gap: 0.002},
			{from: "front", to: "side", n: 1, gap: 0.002},
			{from: "mid", to: "back", n: 1, gap: 0.002},
			{from: "back", to: "db", n: 1, leaf: 0.010},
		},
		metrics: map[string]map[string]float64{},
	}
	for s := range w.own {
		w.metrics[s] = map[string]float64{cpuMetric: 0.3, memMetric: 2e8}
	}
	return w
}

func (w *world) link(from, to string) *link {
	return w.links[slices.IndexFunc(w.links, func(l *link) bool { return l.from == from && l.to == to })]
}

// clone returns a copy with every value off by about share.
func (w *world) clone(share float64) *world {
	f := func(v float64) float64 { return v * math.Exp(share*w.rng.NormFloat64()) }
	c := *w
	c.own, c.metrics, c.links = map[string]float64{}, map[string]map[string]float64{}, nil
	for _, s := range slices.Sorted(maps.Keys(w.own)) {
		c.own[s] = f(w.own[s])
	}
	for _, s := range slices.Sorted(maps.Keys(w.metrics)) {
		c.metrics[s] = map[string]float64{}
		for _, m := range slices.Sorted(maps.Keys(w.metrics[s])) {
			c.metrics[s][m] = f(w.metrics[s][m])
		}
	}
	for _, l := range w.links {
		d := *l
		d.gap, d.leaf = f(l.gap), f(l.leaf)
		c.links = append(c.links, &d)
	}
	c.requests = int(f(float64(w.requests)))
	return &c
}

func service(name string) identity.Service { return identity.Service{Name: name} }
func rpc(name string) identity.RPC         { return identity.RPC{Service: service(name), Operation: "op"} }

func edge(from, to string) identity.Edge { return identity.Edge{Caller: rpc(from), Callee: rpc(to)} }

// play is the requests of one window.
type play struct {
	w     *world
	rpcs  map[string]*window.RPC
	edges map[*link]*window.Edge
}

// snapshot plays window i.
func (w *world) snapshot(i int) *window.Snapshot {
	p := play{w, map[string]*window.RPC{}, map[*link]*window.Edge{}}
	for range w.requests {
		p.serve(w.entry)
	}
	p.rpcs[w.entry].Entries = p.rpcs[w.entry].Count
	s := &window.Snapshot{Start: int64(i+1) * size, End: int64(i+2) * size}
	for _, r := range p.rpcs {
		s.RPCs = append(s.RPCs, *r)
	}
	for _, e := range p.edges {
		s.Edges = append(s.Edges, *e)
	}
	slices.SortFunc(s.RPCs, func(a, b window.RPC) int { return a.Key.Compare(b.Key) })
	slices.SortFunc(s.Edges, func(a, b window.Edge) int { return a.Key.Compare(b.Key) })
	for _, name := range slices.Sorted(maps.Keys(w.metrics)) {
		r := window.Resource{Service: service(name)}
		for m, v := range w.metrics[name] {
			r.Values = append(r.Values, window.Value{Metric: m, Value: v})
		}
		slices.SortFunc(r.Values, func(a, b window.Value) int { return cmp.Compare(a.Metric, b.Metric) })
		s.Resources = append(s.Resources, r)
	}
	return s
}

func (p *play) about(v float64) float64 { return v * math.Exp(0.2*p.w.rng.NormFloat64()) }

func ns(seconds float64) int64 { return int64(seconds * 1e9) }

func (p *play) serve(name string) float64 {
	r := p.rpcs[name]
	if r == nil {
		r = &window.RPC{Key: rpc(name), Latency: &sketch.Sketch{}, Exclusive: &sketch.Sketch{}}
		p.rpcs[name] = r
	}
	own := p.about(p.w.own[name])
	sum, longest := 0.0, 0.0
	for _, l := range p.w.links {
		if l.from != name {
			continue
		}
		wait := 0.0
		for range l.n {
			wait += p.call(l)
		}
		sum += wait
		longest = math.Max(longest, wait)
		p.edges[l].Within += 1e9 * wait
		p.edges[l].Share += 1e9 * wait
	}
	union := sum
	if p.w.parallel[name] {
		union = longest
	}
	r.Count++
	r.Latency.Add(ns(own+union), 1)
	if !p.w.bare {
		r.Exclusive.Add(ns(own), 1)
	}
	r.Union += 1e9 * union
	r.Sum += 1e9 * sum
	return own + union
}

func (p *play) call(l *link) float64 {
	e := p.edges[l]
	if e == nil {
		e = &window.Edge{
			Key: edge(l.from, l.to), Leaf: l.leaf > 0,
			Client: &sketch.Sketch{}, Server: &sketch.Sketch{}, Network: &sketch.Sketch{}, Queue: &sketch.Sketch{},
		}
		p.edges[l] = e
	}
	e.Count++
	e.Errors += l.failing
	if l.leaf > 0 {
		d := p.about(l.leaf)
		e.Client.Add(ns(d), 1)
		return d
	}
	server, gap := p.serve(l.to), p.about(l.gap)
	e.Matched++
	e.Client.Add(ns(server+gap), 1)
	e.Server.Add(ns(server), 1)
	e.Network.Add(ns(gap), 1)
	return server + gap
}

// incident plays healthy windows of w and then so many with the fault.
func incident(w *world, windows int, fault func(*world)) rca.Input {
	w.rng = rand.New(rand.NewPCG(7, 11))
	h := feature.NewHistory(time.Duration(size), 2*healthy, 5000)
	b := cbn.NewBuilder(100)
	var in rca.Input
	for i := range healthy + windows {
		now := w.clone(0.03)
		if i >= healthy {
			fault(now)
		}
		in.Snapshot = now.snapshot(i)
		in.Graph = b.Update(feature.Structure(in.Snapshot))
		h.Append(in.Snapshot)
		h.SetHealth(i, feature.Healthy)
		if i >= healthy {
			h.SetHealth(i, feature.Violated)
		}
	}
	in.History, in.Entry, in.Quantile = h, rpc(w.entry), 0.99
	in.Onset = h.Start(healthy)
	usual := h.Baseline(latencyKey(cbn.Server(in.Entry), 2), in.Onset).Median
	in.Threshold = 1.5 * math.Exp(usual)
	return in
}

// named lists the services of candidates.
func named(cs []Candidate) []string {
	out := []string{}
	for _, c := range cs {
		out = append(out, c.Service.Name)
	}
	return out
}
