package window

import (
	"github.com/sage-rca/sage/internal/callgraph"
	"github.com/sage-rca/sage/internal/sketch"
)

// MaxInstances bounds the replicas of an RPC that are told apart in a window;
// the rest are one replica of the name OtherInstance.
const MaxInstances = 64

// OtherInstance stands for the replicas beyond MaxInstances.
const OtherInstance = "other"

// rpcSum sums up the served requests of one RPC.
type rpcSum struct {
	entries, stream, count, errors float64
	union, sum                     float64
	async                          bool
	latency, exclusive             sketch.Sketch
	errorTypes                     errorTypes
	instances                      map[string]*instanceSum
	exemplars                      reservoir
}

// instanceSum sums up the share of one replica.
type instanceSum struct {
	version       string
	versionAt     int64
	count, errors float64
	latency       sketch.Sketch
}

// edgeSum sums up the calls along one edge.
type edgeSum struct {
	leaf, async                    bool
	count, matched, errors         float64
	client, server, network, queue sketch.Sketch
	errorTypes                     errorTypes
	exemplars                      reservoir
}

func (p *Part) served(s *callgraph.Served) {
	r := p.rpcs[s.RPC]
	if r == nil {
		r = &rpcSum{instances: make(map[string]*instanceSum)}
		p.rpcs[s.RPC] = r
	}
	if s.Entry {
		r.entries += s.Weight
	}
	r.async = r.async || s.Async
	if s.Stream {
		r.stream += s.Weight
		return
	}
	r.count += s.Weight
	r.latency.Add(s.Duration, s.Weight)
	r.exclusive.Add(s.Exclusive, s.Weight)
	r.union += float64(s.Duration-s.Exclusive) * s.Weight
	r.sum += float64(s.ChildSum) * s.Weight
	r.exemplars.offer(Exemplar{Span: s.Span, Duration: s.Duration})
	in := r.instance(s.Instance)
	in.count += s.Weight
	in.latency.Add(s.Duration, s.Weight)
	if s.Time > in.versionAt || s.Time == in.versionAt && s.Version > in.version {
		in.version, in.versionAt = s.Version, s.Time
	}
	if s.Error {
		r.errors += s.Weight
		in.errors += s.Weight
		r.errorTypes.add(s.ErrorType, s.Weight)
	}
}

// instance returns the sum of a replica.
func (r *rpcSum) instance(id string) *instanceSum {
	in := r.instances[id]
	if in == nil && len(r.instances) >= MaxInstances {
		id = OtherInstance
		in = r.instances[id]
	}
	if in == nil {
		in = &instanceSum{}
		r.instances[id] = in
	}
	return in
}

func (p *Part) called(c *callgraph.Call) {
	e := p.edges[c.Edge]
	if e == nil {
		e = &edgeSum{leaf: true}
		p.edges[c.Edge] = e
	}
	e.leaf = e.leaf && c.Leaf
	e.async = e.async || c.Async
	e.count += c.Weight
	if c.Error {
		e.errors += c.Weight
		e.errorTypes.add(c.ErrorType, c.Weight)
	}
	if c.Queue >= 0 {
		e.queue.Add(c.Queue, c.Weight)
	}
	if c.Stream {
		return
	}
	if c.Client >= 0 {
		e.client.Add(c.Client, c.Weight)
		e.exemplars.offer(Exemplar{Span: c.Span, Duration: c.Client})
	}
	if c.Client >= 0 && c.Server >= 0 && !c.Async {
		e.matched += c.Weight
		e.server.Add(c.Server, c.Weight)
		e.network.Add(c.Client-c.Server, c.Weight)
	}
}

// maxErrorTypes bounds the error types that are told apart in a window.
const maxErrorTypes = 16

// errorTypes weighs errors by type. The zero value is ready to use.
type errorTypes map[string]float64

func (t *errorTypes) add(name string, weight float64) {
	if *t == nil {
		*t = make(errorTypes)
	}
	if _, ok := (*t)[name]; ok || len(*t) < maxErrorTypes {
		(*t)[name] += weight
	}
}

// top returns the type of the most weight, the least name among equals.
func (t errorTypes) top() string {
	best, most := "", 0.0
	for name, w := range t {
		if w > most || w == most && name < best {
			best, most = name, w
		}
	}
	return best
}
