package rca

import (
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// Rules of the instance cause.
const (
	instanceRatio    = 2.0 // median of the bad replica against that of its peers
	instancePeers    = 1.5 // largest median of a peer against what is usual
	instanceRequests = 5   // requests seen below which a replica's median says nothing
)

// badInstance is a replica that stands apart from its peers.
type badInstance struct {
	id           string
	rpc          identity.RPC
	median, peer float64 // seconds
}

// instanceOf returns the one replica of s whose median latency is at least twice
// that of the others while those are as usual; usual gives the normal median of
// an RPC in seconds, NaN where there is none. The RPC with most requests that
// shows it decides.
func instanceOf(snap *window.Snapshot, s identity.Service, usual func(identity.RPC) float64) (badInstance, bool) {
	var best badInstance
	most := 0.0
	for i := range snap.RPCs {
		r := &snap.RPCs[i]
		if r.Key.Service != s || r.Count <= most {
			continue
		}
		if b, ok := standsApart(r, usual(r.Key)); ok {
			best, most = b, r.Count
		}
	}
	return best, most > 0
}

// oftenSeen reports whether so much was seen of a replica that its median says something.
func oftenSeen(in *window.Instance) bool {
	return window.Seen(in.Count, in.Unseen) >= instanceRequests
}

func standsApart(r *window.RPC, usual float64) (badInstance, bool) {
	type replica struct {
		id     string
		median float64
	}
	var all []replica
	for _, in := range r.Instances {
		if !oftenSeen(&in) || in.ID == "" || in.ID == window.OtherInstance {
			continue
		}
		if m := in.Latency.Quantile(0.5) / 1e9; !math.IsNaN(m) {
			all = append(all, replica{in.ID, m})
		}
	}
	if len(all) < 2 {
		return badInstance{}, false
	}
	slices.SortStableFunc(all, func(a, b replica) int {
		switch {
		case a.median > b.median:
			return -1
		case a.median < b.median:
			return 1
		}
		return 0
	})
	worst, peer := all[0], all[1]
	if worst.median < instanceRatio*peer.median || !(peer.median <= instancePeers*usual) {
		return badInstance{}, false
	}
	return badInstance{id: worst.id, rpc: r.Key, median: worst.median, peer: peer.median}, true
}

// instanceMetrics compares the metrics of one replica, or of its host, with those of its
// peers and returns the one that says most of a mechanism, where any is half as high
// again as the highest of them.
func instanceMetrics(snap *window.Snapshot, s identity.Service, id string, ofHost bool) (movedMetric, bool) {
	var best movedMetric
	for _, res := range snap.Resources {
		if res.Service != s {
			continue
		}
		for _, in := range res.Instances {
			if in.ID != id {
				continue
			}
			for _, v := range in.Values {
				mean, host := meaningOf(v.Metric)
				peer, ok := highestPeer(res.Instances, id, v.Metric)
				if mean.grade != direct || mean.falls || host != ofHost || !ok || !(v.Value > 1.5*peer) || v.Value-peer < mean.least {
					continue
				}
				if score := math.Min(v.Value/peer, maxMetricZ); score > best.score {
					best = movedMetric{mechanism: mean.mechanism, score: score, now: v.Value, usual: peer}
					best.key.Service, best.key.Name = s, v.Metric
				}
			}
		}
	}
	return best, best.score > 0
}

func highestPeer(all []window.InstanceValues, id, metric string) (float64, bool) {
	peer, ok := 0.0, false
	for _, in := range all {
		if in.ID == id {
			continue
		}
		for _, v := range in.Values {
			if v.Metric == metric {
				peer, ok = math.Max(peer, v.Value), true
			}
		}
	}
	return peer, ok
}
