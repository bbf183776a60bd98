package recorded

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// anyOperation is the operation of every RPC: the recordings tell services apart
// and not what is asked of them.
const anyOperation = "all"

func rpc(s identity.Service) identity.RPC {
	return identity.RPC{Service: s, Operation: anyOperation}
}

// link is a caller and a callee.
type link struct{ caller, callee identity.Service }

func (l link) edge() identity.Edge {
	return identity.Edge{Caller: rpc(l.caller), Callee: rpc(l.callee)}
}

func (l link) compare(o link) int {
	return cmp.Or(l.caller.Compare(o.caller), l.callee.Compare(o.callee))
}

// served is what a window holds of the requests of a service.
type served struct {
	count     float64 // requests, NaN where not recorded
	errors    float64 // share of failed requests, 0 where not recorded
	latency   quantiles
	instances []instance // sorted by id
}

// instance is one replica.
type instance struct {
	id      string
	count   float64
	errors  float64
	latency quantiles
	values  []window.Value // sorted by metric
}

// called is what a window holds of the calls along a link.
type called struct {
	client quantiles // as the caller sees it
	server quantiles // as the callee does
	gap    quantiles // of one call, client less server
	traced *window.Edge
	loose  bool // of both sides nothing but the median is recorded
}

// frame is one window of a recording before it is a snapshot.
type frame struct {
	start, end int64 // ns since 1970
	served     map[identity.Service]*served
	called     map[link]*called
}

func newFrame(start, end int64) *frame {
	return &frame{start: start, end: end, served: map[identity.Service]*served{}, called: map[link]*called{}}
}

// system is what a recording holds of its structure.
type system struct {
	links      []link           // sorted
	perRequest map[link]float64 // calls per request of the caller
	detached   map[link]bool    // nobody waits for these calls
	usual      usual
}

// callers returns the links into each service.
func (y *system) callers() map[identity.Service][]link {
	out := make(map[identity.Service][]link)
	for _, l := range y.links {
		out[l.callee] = append(out[l.callee], l)
	}
	return out
}

// calls returns how many calls a window holds per link. A recording counts the
// requests of a callee and not who sent them: they are shared out among its
// callers in proportion to what these would call at their usual calls per request.
func (y *system) calls(f *frame) map[link]float64 {
	out := make(map[link]float64, len(y.links))
	for callee, links := range y.callers() {
		s := f.served[callee]
		if s == nil || !(s.count > 0) {
			continue
		}
		expected := 0.0
		for _, l := range links {
			if c := f.served[l.caller]; c != nil && c.count > 0 {
				out[l] = c.count * y.perRequest[l]
				expected += out[l]
			}
		}
		for _, l := range links {
			if v, ok := out[l]; ok {
				out[l] = s.count * v / expected
			}
		}
	}
	return out
}

// snapshot turns a window into what the methods read.
func (y *system) snapshot(f *frame) *window.Snapshot {
	s := &window.Snapshot{Start: f.start, End: f.end}
	callers := y.callers()
	for _, service := range slices.SortedFunc(maps.Keys(f.served), identity.Service.Compare) {
		v := f.served[service]
		if resource, ok := v.resource(service); ok {
			s.Resources = append(s.Resources, resource)
		}
		if math.IsNaN(v.count) {
			continue
		}
		r := window.RPC{
			Key: rpc(service), Count: v.count, Errors: v.errors * v.count,
			Latency: v.latency.sketch(v.count), Exclusive: y.exclusive(f, service).sketch(v.count),
		}
		if len(callers[service]) == 0 {
			r.Entries = v.count
		}
		for _, in := range v.instances {
			if in.count > 0 {
				r.Instances = append(r.Instances, window.Instance{
					ID: in.id, Count: in.count, Errors: in.errors * in.count, Latency: in.latency.sketch(in.count),
				})
			}
		}
		s.RPCs = append(s.RPCs, r)
	}
	calls := y.calls(f)
	for _, l := range y.links {
		if n := calls[l]; n > 0 {
			s.Edges = append(s.Edges, y.edge(f, l, n))
		}
	}
	return s
}

// edge turns n calls along a link into what the methods read. A call of which
// neither side is recorded has no latency of its own: its callee's is all that is
// known of it.
func (y *system) edge(f *frame, l link, n float64) window.Edge {
	e := window.Edge{
		Key: l.edge(), Count: n, Async: y.detached[l],
		Client: new(sketch.Sketch), Server: new(sketch.Sketch), Network: new(sketch.Sketch), Queue: new(sketch.Sketch), Requests: new(sketch.Sketch), Again: new(sketch.Sketch),
	}
	c := f.called[l]
	if c == nil || e.Async {
		return e
	}
	if c.traced != nil {
		e.Client, e.Server, e.Network = c.traced.Client, c.traced.Server, c.traced.Network
		e.Matched = math.Min(n, c.traced.Matched)
		return e
	}
	e.Client, e.Server, e.Network = c.client.sketch(n), c.server.sketch(n), c.gap.sketch(n)
	if len(c.gap) > 0 {
		e.Matched = n
	}
	return e
}

// resource returns the metrics of a service, if there are any.
func (v *served) resource(s identity.Service) (window.Resource, bool) {
	r := window.Resource{Service: s}
	sums, counts := map[string]float64{}, map[string]float64{}
	for _, in := range v.instances {
		if len(in.values) == 0 {
			continue
		}
		r.Instances = append(r.Instances, window.InstanceValues{ID: in.id, Values: in.values})
		for _, m := range in.values {
			sums[m.Metric] += m.Value
			counts[m.Metric]++
		}
	}
	for _, m := range slices.Sorted(maps.Keys(sums)) {
		r.Values = append(r.Values, window.Value{Metric: m, Value: sums[m] / counts[m]})
	}
	return r, len(r.Values) > 0
}
