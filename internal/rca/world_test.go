package rca

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// world is an application whose latencies follow from arithmetic that one can do
// by hand: a request takes its own time and waits for its calls,
//
//	server = own + U(calls),  client = server + network,
//
// with U of concurrency.go, quantile by quantile.
type world struct {
	rpcs    []identity.RPC // callees before callers; the last one is the entry
	own     map[identity.RPC]float64
	lambda  map[identity.RPC]float64
	edges   []identity.Edge
	calls   map[identity.Edge]float64
	network map[identity.Edge]float64
	leaf    map[identity.Edge]float64
	metric  map[feature.Key]float64
	errors  map[identity.RPC]float64
	load    float64
	unseen  map[identity.Edge]bool // calls that only the callee has a span of; nil: none
}

// spread makes three quantiles of one duration.
var spread = [feature.D]float64{1, 1.3, 1.6}

func svc(name string) identity.Service { return identity.Service{Name: name} }
func op(name string) identity.RPC      { return identity.RPC{Service: svc(name), Operation: "GET /" + name} }

func newWorld() *world {
	return &world{
		own: map[identity.RPC]float64{}, lambda: map[identity.RPC]float64{},
		calls: map[identity.Edge]float64{}, network: map[identity.Edge]float64{}, leaf: map[identity.Edge]float64{},
		metric: map[feature.Key]float64{}, errors: map[identity.RPC]float64{}, load: 20,
	}
}

// serve adds an RPC with its own time in seconds; its callees must stand already.
func (w *world) serve(name string, own float64, lambda float64) *world {
	w.rpcs = append(w.rpcs, op(name))
	w.own[op(name)], w.lambda[op(name)], w.errors[op(name)] = own, lambda, 0
	w.metric[cpu(name)], w.metric[mem(name)] = 0.4, 0.5
	return w
}

func cpu(name string) feature.Key {
	return feature.Key{Kind: feature.Metric, Service: svc(name), Name: "process.cpu.utilization"}
}

func mem(name string) feature.Key {
	return feature.Key{Kind: feature.Metric, Service: svc(name), Name: "process.memory.utilization"}
}

func edge(caller, callee string) identity.Edge {
	return identity.Edge{Caller: op(caller), Callee: op(callee)}
}

// call adds n calls a request with a network gap in seconds.
func (w *world) call(caller, callee string, n, network float64) *world {
	e := edge(caller, callee)
	w.edges = append(w.edges, e)
	w.calls[e], w.network[e] = n, network
	return w
}

// query adds n calls a request of a leaf that answers in so many seconds.
func (w *world) query(caller, leaf string, n, latency float64) *world {
	e := edge(caller, leaf)
	w.edges = append(w.edges, e)
	w.calls[e], w.leaf[e] = n, latency
	return w
}

// chain is front > mid > back > db, back serving in 20 ms and db in 30 ms.
func chain() *world {
	return newWorld().
		serve("back", 0.020, 1).serve("mid", 0.010, 1).serve("front", 0.005, 1).
		query("back", "db", 1, 0.030).call("mid", "back", 1, 0.002).call("front", "mid", 1, 0.002)
}

// fanout is front > {a, b, c in parallel, a > db}, and audit, which nobody waits for.
func fanout() *world {
	return newWorld().
		serve("a", 0.020, 1).serve("b", 0.040, 1).serve("c", 0.050, 1).serve("audit", 0.010, 1).serve("front", 0.005, 0.1).
		query("a", "db", 2, 0.010).
		call("front", "a", 1, 0.002).call("front", "b", 1, 0.002).call("front", "c", 1, 0.002)
}

// listing is mid with a second operation, which alone calls a store, in 10 ms.
func listing() (w *world, list identity.RPC, toStore identity.Edge) {
	list = identity.RPC{Service: svc("mid"), Operation: "GET /list"}
	toStore = identity.Edge{Caller: list, Callee: op("store")}
	w = newWorld()
	w.rpcs, w.own[list], w.lambda[list] = append(w.rpcs, list), 0.005, 1
	w.edges, w.calls[toStore], w.leaf[toStore] = append(w.edges, toStore), 1, 0.010
	return w.serve("mid", 0.010, 1), list, toStore
}

// workers is front that calls worker ten times a request, nearly in parallel.
func workers() *world {
	return newWorld().serve("worker", 0.030, 1).serve("front", 0.005, 0.15).call("front", "worker", 10, 0.001)
}

func (w *world) clone() *world {
	c := newWorld()
	c.rpcs, c.edges, c.load = slices.Clone(w.rpcs), slices.Clone(w.edges), w.load
	for k, v := range w.own {
		c.own[k], c.lambda[k], c.errors[k] = v, w.lambda[k], w.errors[k]
	}
	for k, v := range w.calls {
		c.calls[k] = v
	}
	for k, v := range w.network {
		c.network[k] = v
	}
	for k, v := range w.leaf {
		c.leaf[k] = v
	}
	for k, v := range w.metric {
		c.metric[k] = v
	}
	return c
}

func (w *world) observation() cbn.Observation {
	o := cbn.Observation{RPCs: w.rpcs, Entries: w.rpcs[len(w.rpcs)-1:]}
	for _, e := range w.edges {
		_, leaf := w.leaf[e]
		o.Calls = append(o.Calls, cbn.Call{Edge: e, Leaf: leaf, Network: !leaf && !w.unseen[e], Unseen: w.unseen[e]})
	}
	return o
}

func (w *world) entry() identity.RPC { return w.rpcs[len(w.rpcs)-1] }

// jitter returns the world with every duration and metric off by about 3 %.
func (w *world) jitter(rng *rand.Rand) *world {
	c := w.clone()
	f := func(v float64) float64 { return v * math.Exp(0.03*rng.NormFloat64()) }
	for _, r := range w.rpcs {
		c.own[r] = f(w.own[r])
	}
	for _, e := range w.edges {
		if _, ok := w.leaf[e]; ok {
			c.leaf[e] = f(w.leaf[e])
		} else {
			c.network[e] = f(w.network[e])
		}
		c.calls[e] = w.calls[e] * math.Exp(0.01*rng.NormFloat64())
	}
	for _, k := range w.metricKeys() {
		c.metric[k] = f(w.metric[k])
	}
	c.load = f(w.load)
	return c
}

func (w *world) metricKeys() []feature.Key {
	var ks []feature.Key
	for k := range w.metric {
		ks = append(ks, k)
	}
	slices.SortFunc(ks, func(a, b feature.Key) int {
		if c := a.Service.Compare(b.Service); c != 0 {
			return c
		}
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return ks
}

// row computes the columns of one window.
func (w *world) row() map[feature.Key]float64 {
	out := map[feature.Key]float64{}
	latency := func(class cbn.Class, e identity.Edge, q [feature.D]float64) {
		for d := range q {
			out[feature.Key{Kind: feature.Latency, Node: cbn.Node{Class: class, Edge: e}, Quantile: d}] = math.Log(q[d])
		}
	}
	times := func(v float64) (q [feature.D]float64) {
		for d := range q {
			q[d] = v * spread[d]
		}
		return q
	}
	server := map[identity.RPC][feature.D]float64{}
	for _, r := range w.rpcs {
		var n []float64
		var callees []identity.Edge
		var each [][feature.D]float64
		for _, e := range w.edges {
			if e.Caller != r {
				continue
			}
			n = append(n, w.calls[e])
			callees = append(callees, e)
			out[feature.Key{Kind: feature.Calls, Edge: e}] = math.Log(w.calls[e])
			if l, ok := w.leaf[e]; ok {
				each = append(each, times(l))
				latency(cbn.ClientNode, e, times(l))
				continue
			}
			gap, client := times(w.network[e]), server[e.Callee]
			for d := range client {
				client[d] += gap[d]
			}
			each = append(each, client)
			latency(cbn.NetworkNode, e, gap)
			latency(cbn.ClientNode, e, client)
		}
		q := times(w.own[r])
		for d := range q {
			out[feature.Key{Kind: feature.Exclusive, Edge: identity.Edge{Callee: r}, Quantile: d}] = math.Log(q[d])
		}
		mean := calls{n: n}
		for i, l := range each {
			mean.each = append(mean.each, meanOf(l))
			// As many at a time as lambda stands for, of one callee as of several.
			self := 1.0
			if n[i] > 1 {
				self = (1 + w.lambda[r]*(n[i]-1)) / n[i]
			}
			mean.self = append(mean.self, self)
			out[feature.Key{Kind: feature.Overlap, Edge: callees[i]}] = math.Log(self)
		}
		if len(n) > 0 {
			o := mean.overlap(w.lambda[r])
			out[feature.Key{Kind: feature.Overlap, Edge: identity.Edge{Callee: r}}] = o
			for d := range q {
				s := calls{n: n, self: mean.self}
				for _, l := range each {
					s.each = append(s.each, l[d])
				}
				q[d] += math.Exp(o) * s.sum()
			}
		}
		server[r] = q
		latency(cbn.ServerNode, identity.Edge{Callee: r}, q)
		out[feature.Key{Kind: feature.Load, Edge: identity.Edge{Callee: r}}] = math.Log1p(w.load)
		out[feature.Key{Kind: feature.Errors, Edge: identity.Edge{Callee: r}}] = w.errors[r]
	}
	for _, e := range w.edges {
		out[feature.Key{Kind: feature.Errors, Edge: e}] = 0
	}
	for k, v := range w.metric {
		out[k] = v
	}
	return out
}

// table is a record of rows.
type table []map[feature.Key]float64

func (t table) Len() int { return len(t) }

func (t table) Start(row int) int64 { return int64(row) }

func (t table) Value(k feature.Key, row int) float64 {
	if v, ok := t[row][k]; ok {
		return v
	}
	return math.NaN()
}

func (t table) Keys() []feature.Key {
	keys := map[feature.Key]bool{}
	for _, row := range t {
		for k := range row {
			keys[k] = true
		}
	}
	return slices.SortedFunc(maps.Keys(keys), feature.Key.Compare)
}

// Baseline takes row i to start at i.
func (t table) Baseline(k feature.Key, before int64) feature.Robust {
	vs := t.normal(k, before)
	if len(vs) == 0 {
		return feature.Robust{Median: math.NaN(), Spread: math.NaN()}
	}
	return feature.Robust{Median: rank(vs, 0.5), Spread: math.Max(0.01, (rank(vs, 0.75)-rank(vs, 0.25))/1.349), N: len(vs)}
}

func (t table) Normal(k feature.Key, before int64, q float64) float64 {
	vs := t.normal(k, before)
	if len(vs) == 0 {
		return math.NaN()
	}
	return rank(vs, q)
}

// normal returns the values of the rows before before, sorted.
func (t table) normal(k feature.Key, before int64) []float64 {
	var vs []float64
	for i := range t {
		if v := t.Value(k, i); int64(i) < before && !math.IsNaN(v) {
			vs = append(vs, v)
		}
	}
	slices.Sort(vs)
	return vs
}

// healthyRows is the number of normal windows before the fault.
const healthyRows = 60

// incident returns a record of healthy windows of w and, last, one after fault.
func incident(w *world, fault func(*world)) (Input, table) {
	rng := rand.New(rand.NewPCG(1, 2))
	var t table
	for range healthyRows {
		t = append(t, w.jitter(rng).row())
	}
	bad := w.jitter(rng)
	fault(bad)
	t = append(t, bad.row())
	entry := feature.Key{Kind: feature.Latency, Node: cbn.Node{Edge: identity.Edge{Callee: w.entry()}}, Quantile: 2}
	return Input{
		Graph: cbn.NewBuilder(10).Update(w.observation()),
		Snapshot: &window.Snapshot{
			Start: healthyRows, End: healthyRows + 1,
			RPCs: []window.RPC{{Key: op("back"), Count: 412}, {Key: w.entry(), Count: 400}},
		},
		Entry: w.entry(), Quantile: 0.99, Threshold: 1.5 * math.Exp(t.Baseline(entry, healthyRows).Median),
		Onset: healthyRows,
	}, t
}
