package window

import (
	"cmp"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
)

// Share is what one process has seen of a window in a form that can be added to
// what others have seen, in contrast to a Snapshot: sums rather than what follows
// from them. Its slices are sorted by key. The metrics of a window are not in it.
type Share struct {
	Start, End int64 // ns since 1970
	Sampled    Sampled
	RPCs       []RPCShare
	Edges      []EdgeShare
	Replicas   []ReplicaShare // sorted by instance
}

// RPCShare are the served requests of one operation. What is zero, nil or empty adds
// nothing.
type RPCShare struct {
	Key        identity.RPC
	Entries    float64 // weights, as those of an RPC
	Torn       float64 // of Entries that of the requests whose caller's span never came
	Inner      float64 // of Torn that of those whose trace began elsewhere
	Async      float64 // weight of the requests that are messages consumed
	Stream     float64
	Count      float64
	Unseen     float64
	Errors     float64
	ErrorTypes []ErrorWeight // sorted by name
	Latency    *sketch.Sketch
	Exclusive  *sketch.Sketch
	Ending     *sketch.Sketch
	Union, Sum float64
	Instances  []InstanceShare // sorted by ID
	Exemplars  Exemplars
}

// EdgeShare are the calls along one edge. What is zero, nil or empty adds nothing.
type EdgeShare struct {
	Key           identity.Edge
	Answered      bool // of any call a callee was seen
	Waited        bool // of any call the caller waits
	Stream        float64
	Count         float64
	Matched       float64
	Within, Share float64
	Ahead         float64
	Offset        float64
	Errors        float64
	ErrorTypes    []ErrorWeight
	Client        *sketch.Sketch
	Server        *sketch.Sketch
	Network       *sketch.Sketch // as Edge.Network
	Queue         *sketch.Sketch
	Requests      *sketch.Sketch
	Again         *sketch.Sketch
	Callers       []Gap // sorted by ID
	Callees       []Gap // likewise
	// Shown is what exemplars go by, nil where that is Client.
	Shown     *sketch.Sketch
	Exemplars Exemplars
}

// InstanceShare is the part of one replica in an RPCShare.
type InstanceShare struct {
	ID, Version, Host string
	Seen              int64 // time of the request that showed Version and Host, ns since 1970
	Count             float64
	Unseen            float64
	Errors            float64
	Latency           *sketch.Sketch
}

// ErrorWeight is the weight of the errors of one type.
type ErrorWeight struct {
	Type   string
	Weight float64
}

// MaxSample is the number of spans that a sample has at most.
const MaxSample = candidates

// Exemplars are the slowest span, and a sample from which the typical one is chosen
// once all is added up. Without a sample there is no slowest either.
type Exemplars struct {
	Slowest Exemplar
	Sample  []Exemplar // at most MaxSample
}

// Share returns what was gathered. It refers to g, which must not be changed any more.
func (g *Gathering) Share(end int64) *Share {
	s := &Share{Start: g.start, End: end, Sampled: g.sampled, RPCs: make([]RPCShare, 0, len(g.served)), Edges: make([]EdgeShare, 0, len(g.called))}
	for _, r := range g.served { // sorted below
		s.RPCs = append(s.RPCs, RPCShare{
			Key: r.key, Entries: r.entries, Torn: r.torn, Inner: r.inner, Async: r.async, Stream: r.stream, Count: r.count, Unseen: r.unseen,
			Errors: r.errors, ErrorTypes: r.types.list(), Latency: &r.latency, Exclusive: &r.exclusive, Ending: &r.ending,
			Union: r.union, Sum: r.sum, Instances: r.instances.shares(), Exemplars: r.exemplars.list(),
		})
	}
	for _, c := range g.called {
		e := EdgeShare{
			Key: c.key, Answered: c.answered, Waited: c.waited, Stream: c.stream, Count: c.count, Matched: c.matched,
			Within: c.within, Share: c.share, Ahead: c.ahead, Offset: c.offset, Errors: c.errors, ErrorTypes: c.types.list(),
			Client: &c.client, Server: &c.server, Network: &c.network, Queue: &c.queue, Requests: &c.requests, Again: &c.again, Exemplars: c.exemplars.list(),
			Callers: c.callers.list(), Callees: c.callees.list(),
		}
		if c.apart {
			e.Shown = &c.shown
		}
		s.Edges = append(s.Edges, e)
	}
	slices.SortFunc(s.RPCs, func(a, b RPCShare) int { return a.Key.Compare(b.Key) })
	slices.SortFunc(s.Edges, func(a, b EdgeShare) int { return a.Key.Compare(b.Key) })
	return s
}

func (e *errorTypes) list() []ErrorWeight {
	out := make([]ErrorWeight, 0, len(e.weights))
	for n, w := range e.weights { // sorted below
		out = append(out, ErrorWeight{n, w})
	}
	slices.SortFunc(out, func(a, b ErrorWeight) int { return cmp.Compare(a.Type, b.Type) })
	return out
}

func (r *instances) shares() []InstanceShare {
	out := make([]InstanceShare, 0, len(r.byID)+1)
	share := func(id string, s *share) {
		out = append(out, InstanceShare{
			ID: id, Version: s.traits.version, Host: s.traits.host, Seen: s.seen, Count: s.count, Unseen: s.unseen, Errors: s.errors, Latency: &s.latency,
		})
	}
	for id, s := range r.byID { // sorted below
		share(id, s)
	}
	if r.rest != nil {
		share(OtherInstance, r.rest)
	}
	slices.SortFunc(out, func(a, b InstanceShare) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

func (e *exemplars) list() Exemplars {
	if !e.any {
		return Exemplars{}
	}
	out := Exemplars{Slowest: e.slow, Sample: make([]Exemplar, len(e.sample))}
	for i, c := range e.sample {
		out.Sample[i] = c.Exemplar
	}
	return out
}
