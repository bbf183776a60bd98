package method

import (
	"slices"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// newMetricGraph lays out traffic, then saturation, then latency:
//
//	load(caller) -> load(callee);  load of what a service serves -> its metrics
//	load(rpc) -> server(rpc);  latencies as in the CBN, quantile by quantile
//	metrics of a service -> server(rpc) of what it serves, as effects only
func newMetricGraph(s *scope, r *reader) *metricGraph {
	g := &metricGraph{}
	at := make(map[cbn.Node][feature.D]int, len(s.nodes)) // latencies
	load := g.addLoads(s, r)
	saturation := g.addMetrics(s, r, load)
	for _, n := range s.nodes {
		node := s.g.Nodes[n]
		var ids [feature.D]int
		for d := range feature.D {
			k := latencyKey(node, d)
			var parents []int
			for _, p := range s.g.Parents[n] {
				parents = append(parents, at[s.g.Nodes[p]][d])
			}
			if node.Class == cbn.ServerNode {
				parents = append(parents, load[node.Edge.Callee])
			}
			ids[d] = g.add(r, k, s.owner(k, all), parents)
			if node.Class == cbn.ServerNode {
				for _, m := range saturation[node.Edge.Callee.Service] {
					g.effects[m] = append(g.effects[m], ids[d])
				}
			}
		}
		at[node] = ids
	}
	return g
}

func (g *metricGraph) add(r *reader, k feature.Key, owner int, parents []int) int {
	g.keys = append(g.keys, k)
	g.owner = append(g.owner, owner)
	g.parents = append(g.parents, parents)
	g.effects = append(g.effects, nil)
	g.values = append(g.values, r.values(k, make([]float64, 0, r.h.Len())))
	return len(g.keys) - 1
}

// addLoads adds the load of every RPC, callers before callees.
func (g *metricGraph) addLoads(s *scope, r *reader) map[identity.RPC]int {
	out := make(map[identity.RPC]int)
	callers := make(map[identity.RPC][]int) // loads, of RPCs to come
	for _, n := range slices.Backward(s.nodes) {
		node := s.g.Nodes[n]
		if node.Class != cbn.ServerNode {
			continue
		}
		at := node.Edge.Callee
		k := loadKey(at)
		out[at] = g.add(r, k, s.owner(k, own), callers[at])
		for _, p := range s.g.Parents[n] {
			if callee := s.g.Nodes[p].Edge.Callee; s.g.Nodes[p].Class != cbn.NetworkNode {
				callers[callee] = append(callers[callee], out[at])
			}
		}
	}
	return out
}

// addMetrics adds the resource metrics of every service, caused by the loads of
// what it serves.
func (g *metricGraph) addMetrics(s *scope, r *reader, load map[identity.RPC]int) map[identity.Service][]int {
	loads := make(map[identity.Service][]int)
	for _, n := range s.nodes {
		if node := s.g.Nodes[n]; node.Class == cbn.ServerNode {
			at := node.Edge.Callee
			loads[at.Service] = append(loads[at.Service], load[at])
		}
	}
	out := make(map[identity.Service][]int)
	for _, k := range r.h.Keys() {
		if k.Kind != feature.Metric {
			continue
		}
		if i := s.owner(k, own); i >= 0 {
			out[k.Service] = append(out[k.Service], g.add(r, k, i, loads[k.Service]))
		}
	}
	return out
}
