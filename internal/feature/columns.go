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

// minRequests is the weight of requests under which a quantile of a window is
// missing, by index in Quantiles: the median of two requests says nothing. Tail
// quantiles of few requests are near their maximum, and say no more than that.
var minRequests = [D]float64{3, 5, 5}

// columns calls put for every value that s contributes, in the order of s:
//
//	Latency    server: of an RPC; client, network, queue: of a call; each quantile. Where callers
//	           have no CLIENT spans network is the time around calls, of which there is no node
//	Exclusive  of an RPC, each quantile
//	Load       log(1 + (requests + streams) / seconds of the window)
//	Overlap    of an RPC: log(union/sum) over its callees, where it called any;
//	           of a call: log(share/within), of the calls of a request to one callee
//	Errors     share of the requests of an RPC, of the calls along an edge
//	Calls      log(calls / requests of the caller), where there were any
//	Metric     as the resources say
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
	if e.Share > 0 && e.Within > 0 {
		put(Key{Kind: Overlap, Edge: e.Key}, math.Log(e.Share/e.Within))
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
		if s.Count() >= minRequests[i] {
			put(i, LogSeconds(s.Quantile(q)))
		}
	}
}

// LogSeconds returns the natural logarithm of a latency of ns nanoseconds in
// seconds, that of a microsecond for what is shorter.
func LogSeconds(ns float64) float64 { return math.Log(max(ns, minLatency) / 1e9) }
