package window

import (
	"cmp"
	"maps"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// Join puts windows that follow each other together to one, as if it had been that long: what
// was counted adds up, distributions are merged, metrics are the mean over the windows that
// have them. What a Snapshot no longer tells is lost: of the types of errors, and of the spans
// that show what is typical, each window has one.
func Join(all ...*Snapshot) *Snapshot {
	if len(all) == 1 {
		return all[0]
	}
	g := NewGathering(all[0].Start)
	seen := withClients(all)
	for _, s := range all {
		g.AddSampled(s.Sampled)
		for i := range s.RPCs {
			r := s.RPCs[i].shareAt(s.Start)
			g.AddRPC(&r)
		}
		for i := range s.Edges {
			e := s.Edges[i]
			if seen[e.Key] {
				e = e.WithoutAround()
			}
			one := e.share()
			g.AddEdge(&one)
		}
	}
	last := all[len(all)-1]
	out := g.Snapshot(last.End, joinResources(all))
	out.Crowded, out.Unread, out.Refused = last.Crowded, last.Unread, last.Refused
	return out
}

// shareAt is an RPC as it can be added to that of other windows, seen at some time.
func (r *RPC) shareAt(seen int64) RPCShare {
	s := RPCShare{
		Key: r.Key, Entries: r.Entries, Torn: r.Torn, Inner: r.Inner, Stream: r.Stream, Count: r.Count, Unseen: r.Unseen,
		Errors: r.Errors, ErrorTypes: []ErrorWeight{{r.ErrorType, r.Errors}},
		Latency: r.Latency, Exclusive: r.Exclusive, Ending: r.Ending, Union: r.Union, Sum: r.Sum,
		Exemplars: exemplarsOf(r.Exemplar, r.Typical),
	}
	if r.Async {
		s.Async = r.Count
	}
	for i := range r.Instances {
		in := &r.Instances[i]
		s.Instances = append(s.Instances, InstanceShare{
			ID: in.ID, Version: in.Version, Host: in.Host, Seen: seen,
			Count: in.Count, Unseen: in.Unseen, Errors: in.Errors, Latency: in.Latency,
		})
	}
	return s
}

// share is an edge as it can be added to that of other windows.
func (e *Edge) share() EdgeShare {
	return EdgeShare{
		Key: e.Key, Answered: !e.Leaf, Waited: !e.Async, Stream: e.Stream, Count: e.Count, Matched: e.Matched,
		Within: e.Within, Share: e.Share, Ahead: e.Ahead, Errors: e.Errors, ErrorTypes: []ErrorWeight{{e.ErrorType, e.Errors}},
		Client: e.Client, Server: e.Server, Network: e.Network, Queue: e.Queue, Requests: e.Requests, Again: e.Again,
		Callers: e.Callers, Callees: e.Callees, Exemplars: exemplarsOf(e.Exemplar, e.Typical),
	}
}

// exemplarsOf are the spans that a snapshot keeps of one window.
func exemplarsOf(slowest, typical Exemplar) Exemplars {
	if slowest.Span == (identity.Span{}) {
		return Exemplars{}
	}
	return Exemplars{Slowest: slowest, Sample: []Exemplar{typical}}
}

// means are means over windows, by metric.
type means map[string]struct{ sum, n float64 }

func (m means) add(all []Value) {
	for _, v := range all {
		x := m[v.Metric]
		x.sum += v.Value
		x.n++
		m[v.Metric] = x
	}
}

// values returns the means, sorted by metric.
func (m means) values() []Value {
	out := make([]Value, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, Value{k, m[k].sum / m[k].n})
	}
	return out
}

// joining are the metrics of one service, or of one replica, over windows.
type joining struct {
	means
	host      string
	instances map[string]*joining
}

func newJoining() *joining { return &joining{means: means{}, instances: map[string]*joining{}} }

func joinResources(all []*Snapshot) []Resource {
	by := make(map[identity.Service]*joining)
	for _, s := range all {
		for i := range s.Resources {
			r := &s.Resources[i]
			x := by[r.Service]
			if x == nil {
				x = newJoining()
				by[r.Service] = x
			}
			x.add(r.Values)
			for j := range r.Instances {
				in := &r.Instances[j]
				y := x.instances[in.ID]
				if y == nil {
					y = newJoining()
					x.instances[in.ID] = y
				}
				y.host = cmp.Or(in.Host, y.host)
				y.add(in.Values)
			}
		}
	}
	var out []Resource
	for _, k := range slices.SortedFunc(maps.Keys(by), identity.Service.Compare) {
		r := Resource{Service: k, Values: by[k].values()}
		for _, id := range slices.Sorted(maps.Keys(by[k].instances)) {
			in := by[k].instances[id]
			r.Instances = append(r.Instances, InstanceValues{ID: id, Host: in.host, Values: in.values()})
		}
		out = append(out, r)
	}
	return out
}
