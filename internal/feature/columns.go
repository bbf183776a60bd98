package feature

import (
	"math"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// minLatency is the shortest latency told apart, in ns: shorter ones, and the
// networks that are faster than clocks can tell, count as this.
const minLatency = 1e3

// MinRequests is the weight of requests under which a window's latency
// quantiles are missing, by index in Quantiles: the median of two requests says
// nothing. Tail quantiles of few requests are close to their maximum.
var MinRequests = [D]float64{3, 5, 5}

// minShare is the share of requests without a known caller from which on an RPC
// is an entry: fewer of them are traces that were lost in part.
const minShare = 0.5

// entries returns the RPCs of s that are reached from outside: at least half of
// their requests have no caller, or have one that is only the sending side of a
// client outside of any request, such as a load generator.
func entries(s *window.Snapshot) map[identity.RPC]bool {
	outside := make(map[identity.RPC]float64)
	for i := range s.Edges {
		if e := &s.Edges[i]; e.Key.Caller.Operation == "" && !e.Leaf && !e.Async {
			outside[e.Key.Callee] += e.Count
		}
	}
	out := make(map[identity.RPC]bool)
	for i := range s.RPCs {
		r := &s.RPCs[i]
		if n := r.Entries + outside[r.Key]; n > 0 && n >= minShare*(r.Count+r.Stream) && !r.Async {
			out[r.Key] = true
		}
	}
	return out
}

// Structure returns what s shows of the causal graph. A call has a network node
// where both of its sides were seen.
func Structure(s *window.Snapshot) cbn.Observation {
	var o cbn.Observation
	isEntry := entries(s)
	for i := range s.RPCs {
		key := s.RPCs[i].Key
		o.RPCs = append(o.RPCs, key)
		if isEntry[key] {
			o.Entries = append(o.Entries, key)
		}
	}
	for i := range s.Edges {
		e := &s.Edges[i]
		o.Calls = append(o.Calls, cbn.Call{Edge: e.Key, Leaf: e.Leaf, Async: e.Async, Network: e.Matched > 0})
	}
	return o
}

// columns calls put for every value that s contributes, in the order of s.
func columns(s *window.Snapshot, put func(Key, float64)) {
	seconds := float64(s.End-s.Start) / 1e9
	counts := make(map[identity.RPC]float64, len(s.RPCs))
	for i := range s.RPCs {
		r := &s.RPCs[i]
		counts[r.Key] = r.Count
		rpcColumns(r, seconds, put)
	}
	for i := range s.Edges {
		e := &s.Edges[i]
		edgeColumns(e, counts[e.Key.Caller], put)
	}
	for i := range s.Resources {
		for _, v := range s.Resources[i].Values {
			put(Key{Kind: Metric, Service: s.Resources[i].Service, Name: v.Metric}, v.Value)
		}
	}
}

func rpcColumns(r *window.RPC, seconds float64, put func(Key, float64)) {
	at := identity.Edge{Callee: r.Key}
	put(Key{Kind: Load, Edge: at}, math.Log1p((r.Count+r.Stream)/seconds))
	if r.Count <= 0 {
		return
	}
	put(Key{Kind: Errors, Edge: at}, r.Errors/r.Count)
	quantiles(r.Latency, func(q int, v float64) {
		put(Key{Kind: Latency, Node: cbn.Server(r.Key), Quantile: q}, v)
	})
	quantiles(r.Exclusive, func(q int, v float64) {
		put(Key{Kind: Exclusive, Edge: at, Quantile: q}, v)
	})
	if r.Sum > 0 && r.Union > 0 {
		put(Key{Kind: Overlap, Edge: at}, math.Log(r.Union/r.Sum))
	}
}

func edgeColumns(e *window.Edge, parents float64, put func(Key, float64)) {
	if e.Count <= 0 {
		return
	}
	put(Key{Kind: Errors, Edge: e.Key}, e.Errors/e.Count)
	if parents > 0 {
		put(Key{Kind: Calls, Edge: e.Key}, math.Log(e.Count/parents))
	}
	for _, n := range [...]struct {
		class  cbn.Class
		sketch *sketch.Sketch
	}{{cbn.ClientNode, e.Client}, {cbn.NetworkNode, e.Network}, {cbn.QueueNode, e.Queue}} {
		quantiles(n.sketch, func(q int, v float64) {
			put(Key{Kind: Latency, Node: cbn.Node{Class: n.class, Edge: e.Key}, Quantile: q}, v)
		})
	}
}

// quantiles calls put with the log seconds of each quantile that s can tell.
func quantiles(s *sketch.Sketch, put func(q int, logSeconds float64)) {
	if s == nil {
		return
	}
	for i, q := range Quantiles {
		if s.Count() >= MinRequests[i] {
			put(i, LogSeconds(s.Quantile(q)))
		}
	}
}

// LogSeconds returns the natural logarithm of a latency of ns nanoseconds in
// seconds, that of a microsecond for what is shorter.
func LogSeconds(ns float64) float64 { return math.Log(max(ns, minLatency) / 1e9) }
