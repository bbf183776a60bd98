package durations

import (
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// What is remembered of sampled spans: their shapes over so many of them that few in one
// window move little, and halved when there are more.
const (
	remembered  = 3000 // spans
	learned     = 100  // spans up to which all is learned from
	maxRPCs     = 10_000
	maxEdges    = 40_000
	forgetSpans = 3600_000_000_000 // event time in ns after which what was not seen is forgotten
)

// rpcMemory is what spans show of an RPC, in numbers of spans.
type rpcMemory struct {
	seen               int64 // start of the last window
	count, entries     float64
	stream, union, sum float64
	latency, exclusive dist
	traits             map[string]traits // by replica
	calls              []identity.Edge   // from here that are remembered
	asynchronous       bool
	took, own          level
	strange            bool // not as usual in this window: nothing is learned from such
	fresh              bool // little was known of it before this window
}

// traits are what spans show of a replica.
type traits struct{ version, host string }

// edgeMemory is what spans show of calls along an edge, in numbers of spans.
type edgeMemory struct {
	seen                     int64
	count, matched           float64
	within, share, entering  float64
	offset, clients          float64 // sums, ns
	client, network, request dist
	leaf, async              bool
	told                     bool // of such calls histograms have told
	took                     level
}

// memory is what is remembered, by what it is of.
type memory struct {
	rpcs  map[identity.RPC]*rpcMemory
	edges map[identity.Edge]*edgeMemory
}

// know takes in what the spans of a window show beside durations, and all that those of RPCs show
// of which little is known.
func (m *memory) know(s *window.Snapshot) {
	for i := range s.RPCs {
		m.meet(&s.RPCs[i], s.Start)
	}
	m.learn(s, func(x *rpcMemory) bool { return x.fresh })
}

// learnUsual takes in the spans of a window of those RPCs that are as usual in it.
func (m *memory) learnUsual(s *window.Snapshot) {
	m.learn(s, func(x *rpcMemory) bool { return !x.fresh && !x.strange })
}

func (m *memory) learn(s *window.Snapshot, from func(*rpcMemory) bool) {
	for i := range s.RPCs {
		if x := m.rpcs[s.RPCs[i].Key]; x != nil && from(x) {
			m.learnRPC(x, &s.RPCs[i])
		}
	}
	for i := range s.Edges {
		e := &s.Edges[i]
		if x := m.rpcs[e.Key.Caller]; x != nil && from(x) {
			m.learnEdge(x, e, s.Start, ratioOf(s, e.Key.Caller))
		}
	}
}

// ratioOf is how many spans there are for each request of weight 1 of an RPC.
func ratioOf(s *window.Snapshot, of identity.RPC) float64 {
	if r := findRPC(s, of); r != nil && r.Count > 0 {
		return window.Seen(r.Count, r.Unseen) / r.Count
	}
	return 0
}

// meet takes in who serves an RPC.
func (m *memory) meet(r *window.RPC, start int64) {
	x := m.rpcs[r.Key]
	if x == nil {
		if len(m.rpcs) >= maxRPCs {
			return
		}
		x = &rpcMemory{traits: make(map[string]traits)}
		m.rpcs[r.Key] = x
	}
	x.seen, x.asynchronous = start, r.Async
	for k := range r.Instances {
		in := &r.Instances[k]
		if _, known := x.traits[in.ID]; known || len(x.traits) < window.MaxInstances {
			x.traits[in.ID] = traits{in.Version, in.Host}
		}
	}
	x.fresh, x.strange = x.count < learned, false
}

func (m *memory) learnRPC(x *rpcMemory, r *window.RPC) {
	f := 1.0
	if r.Count > 0 {
		f = window.Seen(r.Count, r.Unseen) / r.Count
	}
	m.halve(x)
	x.count += f * r.Count
	x.entries += f * r.Entries
	x.stream += f * r.Stream
	x.union += f * r.Union
	x.sum += f * r.Sum
	x.latency.addSketch(r.Latency, f)
	x.exclusive.addSketch(r.Exclusive, f)
}

// halve halves what is remembered of an RPC and of its calls, where it is much, before more of the
// two comes: their ratios stay.
func (m *memory) halve(x *rpcMemory) {
	if x.count <= remembered {
		return
	}
	for _, v := range [...]*float64{&x.count, &x.entries, &x.stream, &x.union, &x.sum} {
		*v /= 2
	}
	x.latency.scale(0.5)
	x.exclusive.scale(0.5)
	for _, e := range x.calls {
		if y := m.edges[e]; y != nil {
			y.halve()
		}
	}
}

func (m *memory) learnEdge(caller *rpcMemory, e *window.Edge, start int64, f float64) {
	if f == 0 || e.Around() {
		return
	}
	x := m.edges[e.Key]
	if x == nil {
		if len(m.edges) >= maxEdges {
			return
		}
		x = new(edgeMemory)
		m.edges[e.Key] = x
		caller.calls = append(caller.calls, e.Key)
	}
	x.seen = start
	x.leaf, x.async = e.Leaf && (x.leaf || x.count == 0), e.Async
	x.count += f * e.Count
	x.matched += f * e.Matched
	x.within += f * e.Within
	x.share += f * e.Share
	x.offset += f * e.Offset
	x.entering += f * e.Requests.Count()
	x.clients += f * e.Client.Sum()
	x.client.addSketch(e.Client, f)
	x.network.addSketch(e.Network, f)
	x.request.addSketch(e.Requests, f)
}

func (x *edgeMemory) halve() {
	for _, v := range [...]*float64{&x.count, &x.matched, &x.within, &x.share, &x.entering, &x.offset, &x.clients} {
		*v /= 2
	}
	x.client.scale(0.5)
	x.network.scale(0.5)
	x.request.scale(0.5)
}

// forget forgets what was not seen for long.
func (m *memory) forget(now int64) {
	for k, x := range m.rpcs { // each on its own: the order does not matter
		if now-x.seen > forgetSpans {
			for _, e := range x.calls {
				delete(m.edges, e)
			}
			delete(m.rpcs, k)
		}
	}
}
