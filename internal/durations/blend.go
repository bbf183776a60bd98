package durations

import (
	"maps"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// Blender puts what histograms tell in the place of what sampled spans show. It is not safe
// for concurrent use.
type Blender struct {
	memory
	shares map[identity.RPC]*share
}

// NewBlender returns a Blender that remembers nothing.
func NewBlender() *Blender {
	return &Blender{
		memory: memory{rpcs: make(map[identity.RPC]*rpcMemory), edges: make(map[identity.Edge]*edgeMemory)},
		shares: make(map[identity.RPC]*share),
	}
}

// share is how many spans of an RPC were seen, of how many requests that histograms have counted,
// in how many windows; what is long ago counts less and less.
type share struct{ seen, told, windows float64 }

const (
	sampledBelow = 0.8  // share of requests of which spans are seen, where they are sampled,
	clearlyBelow = 0.5  // or this in the first windows
	firstWindows = 3    // in which histograms may tell of more requests than have ended in them
	fade         = 0.95 // each window
)

func (x *share) sampled() bool {
	return x != nil && (x.seen < clearlyBelow*x.told || x.windows >= firstWindows-1 && x.seen < sampledBelow*x.told)
}

// blending is the work of one window.
type blending struct {
	*Blender
	told     *telling
	snapshot *window.Snapshot
	rpcs     map[identity.RPC]*requests
	order    []*requests
	edges    map[identity.Edge]*window.Edge // that replace those of the snapshot
}

// Blend changes a snapshot to what was told of its window, where its spans are clearly fewer
// than the requests that histograms have counted; else it leaves it as it is. It changes no
// sketch of the snapshot.
func (b *Blender) Blend(s *window.Snapshot, told []Told) {
	if len(told) == 0 && len(b.shares) == 0 {
		return
	}
	b.know(s)
	b.forget(s.Start)
	w := &blending{Blender: b, told: newTelling(told), snapshot: s, rpcs: make(map[identity.RPC]*requests), edges: make(map[identity.Edge]*window.Edge)}
	b.count(s, w.told)
	w.find()
	w.call()
	for _, r := range w.order {
		r.divide()
	}
	b.learnUsual(s)
	if len(w.order) > 0 {
		w.write()
	}
}

// count compares spans with what histograms have counted.
func (b *Blender) count(s *window.Snapshot, t *telling) {
	for _, x := range b.shares {
		x.seen, x.told, x.windows = fade*x.seen, fade*x.told, fade*x.windows
	}
	for k, of := range t.served { // each on its own: the order does not matter
		x := b.shares[k]
		if x == nil {
			x = new(share)
			b.shares[k] = x
		}
		x.told += of.Count
		x.windows++
		if r := findRPC(s, k); r != nil {
			x.seen += window.Seen(r.Count, r.Unseen)
		}
	}
	maps.DeleteFunc(b.shares, func(_ identity.RPC, x *share) bool { return x.told < 1e-3 })
}

// find finds the RPCs of which histograms are to count.
func (w *blending) find() {
	for k, of := range w.told.served {
		m := w.memory.rpcs[k]
		if m == nil || !(m.count >= 1) || m.asynchronous || m.stream > maxStream*m.count || !w.shares[k].sampled() {
			continue
		}
		r := &requests{key: k, memory: m, told: of, latency: of.hist.refine(m.latency, true)}
		w.rpcs[k] = r
		w.order = append(w.order, r)
	}
	slices.SortFunc(w.order, func(a, b *requests) int { return a.key.Compare(b.key) })
}

// maxStream is the share of requests that wait rather than work above which histograms, which
// have those too, do not count.
const maxStream = 0.02

// write puts the results into the snapshot.
func (w *blending) write() {
	s := w.snapshot
	var unseen []window.RPC // apart from those that are searched until all are found
	for _, r := range w.order {
		if at := findRPC(s, r.key); at != nil {
			r.write(at)
			continue
		}
		x := window.RPC{Key: r.key}
		r.write(&x)
		unseen = append(unseen, x)
	}
	s.RPCs = append(s.RPCs, unseen...)
	slices.SortFunc(s.RPCs, func(a, b window.RPC) int { return a.Key.Compare(b.Key) })
	for i := range s.Edges {
		if e := w.edges[s.Edges[i].Key]; e != nil {
			s.Edges[i] = *e
			delete(w.edges, e.Key)
		}
	}
	for _, e := range w.edges { // sorted below
		s.Edges = append(s.Edges, *e)
	}
	slices.SortFunc(s.Edges, func(a, b window.Edge) int { return a.Key.Compare(b.Key) })
}

// findRPC returns the RPC of a snapshot, or nil.
func findRPC(s *window.Snapshot, k identity.RPC) *window.RPC {
	at, ok := slices.BinarySearchFunc(s.RPCs, k, func(r window.RPC, k identity.RPC) int { return r.Key.Compare(k) })
	if !ok {
		return nil
	}
	return &s.RPCs[at]
}

// findEdge returns the edge of a snapshot, or nil.
func findEdge(s *window.Snapshot, k identity.Edge) *window.Edge {
	at, ok := slices.BinarySearchFunc(s.Edges, k, func(e window.Edge, k identity.Edge) int { return e.Key.Compare(k) })
	if !ok {
		return nil
	}
	return &s.Edges[at]
}
