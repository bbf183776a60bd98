package rca

import (
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// ruledOut lists the mechanisms on which there is data from services on the path,
// all of it normal, and none that was left out of the record.
func (d *diagnosis) ruledOut(out Verdict) []string {
	seen, abnormal := map[Mechanism]bool{}, map[Mechanism]bool{}
	look := func(m Mechanism, l level, rose bool) {
		if !math.IsNaN(l.now) && l.n >= minBaseline {
			seen[m] = true
			abnormal[m] = abnormal[m] || rose
		}
	}
	for _, c := range out.Candidates {
		abnormal[c.Mechanism] = true
	}
	for _, u := range d.scores.suspects {
		for _, p := range u.parts {
			abnormal[p.mechanism] = true
		}
	}
	for _, c := range d.r.channels {
		s := d.r.g.Channels[c].Service
		for _, m := range d.metrics.has(d.v, s) {
			seen[m] = true
		}
		for _, m := range d.moved(s) {
			abnormal[m.mechanism] = true
		}
		for _, m := range d.unkept(s) {
			abnormal[m] = true // it may be
		}
	}
	load := d.v.at(feature.Key{Kind: feature.Load, Edge: identity.Edge{Callee: d.in.Entry}})
	look(Traffic, load, load.logRose(d.cfg.Suspect))
	for _, n := range d.r.nodes {
		switch node := d.r.g.Nodes[n]; node.Class {
		case cbn.NetworkNode:
			l := d.v.at(feature.Key{Kind: feature.Latency, Node: node})
			look(Network, l, l.logRose(d.cfg.Suspect))
		case cbn.ClientNode:
			l := d.v.at(feature.Key{Kind: feature.Calls, Edge: node.Edge})
			look(Retry, l, l.logRose(d.cfg.Suspect))
		case cbn.ServerNode:
			l := d.v.at(feature.Key{Kind: feature.Errors, Edge: identity.Edge{Callee: node.Edge.Callee}})
			look(ErrorRate, l, l.now-l.usual >= minErrorRise/2)
		case cbn.QueueNode:
			l := d.v.at(feature.Key{Kind: feature.Latency, Node: node})
			look(QueueWait, l, l.logRose(d.cfg.Suspect))
		}
	}
	var names []string
	for _, m := range [...]Mechanism{CPU, Memory, Disk, Network, GC, Pool, QueueWait, Retry, ErrorRate, Traffic} {
		if seen[m] && !abnormal[m] {
			names = append(names, string(m))
		}
	}
	return slices.Clip(names)
}
