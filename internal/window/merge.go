package window

import (
	"cmp"
	"maps"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
)

func sortParts(parts []*Part) {
	slices.SortFunc(parts, func(a, b *Part) int { return cmp.Compare(a.Start, b.Start) })
}

// Merge combines the parts of one window (and the metrics of it) into a
// snapshot. The order of parts does not matter but for rounding of weights that
// are not whole. It panics where a part is of another window.
func Merge(start, end int64, parts []*Part, resources []Resource) *Snapshot {
	rpcs := make(map[identity.RPC][]*rpcSum)
	edges := make(map[identity.Edge][]*edgeSum)
	for _, p := range parts {
		if p.Start != start {
			panic("window: part of another window")
		}
		for k, v := range p.rpcs {
			rpcs[k] = append(rpcs[k], v)
		}
		for k, v := range p.edges {
			edges[k] = append(edges[k], v)
		}
	}
	s := &Snapshot{Start: start, End: end, Resources: resources}
	for _, k := range slices.SortedFunc(maps.Keys(rpcs), identity.RPC.Compare) {
		s.RPCs = append(s.RPCs, mergeRPC(k, rpcs[k]))
	}
	for _, k := range slices.SortedFunc(maps.Keys(edges), identity.Edge.Compare) {
		s.Edges = append(s.Edges, mergeEdge(k, edges[k]))
	}
	return s
}

func mergeRPC(key identity.RPC, sums []*rpcSum) RPC {
	r := RPC{Key: key, Latency: &sketch.Sketch{}, Exclusive: &sketch.Sketch{}}
	var types errorTypes
	var exemplars reservoir
	instances := make(map[string]*instanceSum)
	for _, s := range sums {
		r.Entries += s.entries
		r.Async = r.Async || s.async
		r.Stream += s.stream
		r.Count += s.count
		r.Errors += s.errors
		r.Union += s.union
		r.Sum += s.sum
		r.Latency.Merge(&s.latency)
		r.Exclusive.Merge(&s.exclusive)
		types.merge(s.errorTypes)
		exemplars.merge(&s.exemplars)
		for id, in := range s.instances {
			mergeInstance(instances, id, in)
		}
	}
	r.ErrorType = types.top()
	r.Exemplar, r.Typical = exemplars.slow, exemplars.typical(r.Latency.Quantile(0.5))
	r.Instances = boundInstances(instances)
	return r
}

func mergeInstance(all map[string]*instanceSum, id string, in *instanceSum) {
	t := all[id]
	if t == nil {
		t = &instanceSum{}
		all[id] = t
	}
	t.count += in.count
	t.errors += in.errors
	t.latency.Merge(&in.latency)
	if in.versionAt > t.versionAt || in.versionAt == t.versionAt && in.version > t.version {
		t.version, t.versionAt = in.version, in.versionAt
	}
}

// boundInstances returns the replicas sorted by id, those of least requests
// beyond MaxInstances combined into one.
func boundInstances(all map[string]*instanceSum) []Instance {
	ids := slices.Sorted(maps.Keys(all))
	if len(ids) > MaxInstances {
		slices.SortStableFunc(ids, func(a, b string) int { return cmp.Compare(all[b].count, all[a].count) })
		for _, id := range ids[MaxInstances-1:] {
			if id != OtherInstance {
				mergeInstance(all, OtherInstance, all[id])
				delete(all, id)
			}
		}
		ids = slices.Sorted(maps.Keys(all))
	}
	out := make([]Instance, 0, len(ids))
	for _, id := range ids {
		in := all[id]
		out = append(out, Instance{ID: id, Version: in.version, Count: in.count, Errors: in.errors, Latency: &in.latency})
	}
	return out
}

func mergeEdge(key identity.Edge, sums []*edgeSum) Edge {
	e := Edge{
		Key: key, Leaf: true,
		Client: &sketch.Sketch{}, Server: &sketch.Sketch{}, Network: &sketch.Sketch{}, Queue: &sketch.Sketch{},
	}
	var types errorTypes
	var exemplars reservoir
	for _, s := range sums {
		e.Leaf = e.Leaf && s.leaf
		e.Async = e.Async || s.async
		e.Count += s.count
		e.Matched += s.matched
		e.Errors += s.errors
		e.Client.Merge(&s.client)
		e.Server.Merge(&s.server)
		e.Network.Merge(&s.network)
		e.Queue.Merge(&s.queue)
		types.merge(s.errorTypes)
		exemplars.merge(&s.exemplars)
	}
	e.ErrorType = types.top()
	e.Exemplar, e.Typical = exemplars.slow, exemplars.typical(e.Client.Quantile(0.5))
	return e
}

func (t *errorTypes) merge(o errorTypes) {
	for name, w := range o {
		if *t == nil {
			*t = make(errorTypes)
		}
		(*t)[name] += w
	}
}
