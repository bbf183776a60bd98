package rca

import "math"

// lateHalf is the share of what the entry's tail lost from which on a single call is late enough
// to be what it lost, and minRare how many such calls there are at least: few may be strays.
const lateHalf, minRare = 0.5, 3

// rare returns what single calls lose on the way, by link, where what moved a quantile explains too
// little of what the entry's tail lost: messages that are lost at one service are few at each of its
// links, too few for a quantile of any, but all of them make up the entry's tail. They do where the
// requests with such a call are at least as many as the objective leaves out. What a link lost is its
// part of the tail. See docs/math.md, 15.
func (d *diagnosis) rare(s scores) []part {
	lost := d.factual - d.usual
	if s.traffic != nil || s.explained >= minCoverage*lost {
		return nil
	}
	var out []part
	total, single := 0.0, 0.0 // share of the entry's requests, and calls
	for _, p := range d.r.rpcs {
		for _, c := range p.calls {
			if c.network < 0 {
				continue
			}
			late, calls := d.v.outliers(c.edge, lateHalf*lost)
			now, usual := d.v.longest(c.edge)
			if late < 1 || usual >= lateHalf*lost {
				continue
			}
			share := late / calls * math.Min(1, d.d.visits[c.network])
			total, single = total+share, single+late
			out = append(out, part{
				channel: d.r.owner[c.network], kind: KindEdge, mechanism: Network, metric: networkMetric, edge: c.edge,
				node: c.network, excess: share * lost, z: d.v.suspect, support: 1, rise: lateHalf * lost,
				observed: now, usual: usual,
				text: c.edge.Caller.Service.String() + ">" + c.edge.Callee.Service.String() + " network: " +
					number(late) + " of " + number(calls) + " calls are late by " + seconds(lateHalf*lost) + " or more",
			})
		}
	}
	if total < 1-d.in.Quantile || single < minRare {
		return nil
	}
	for i := range out {
		out[i].excess /= total
	}
	return out
}
