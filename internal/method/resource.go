package method

import (
	"math"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/window"
)

// highestZ bounds the z of metrics, beyond which it only says how quiet one was.
const highestZ = 100

// mechanism is the resource of service number i of the scope.
func (b *books) mechanism(i int) rca.Mechanism {
	a := &b.accounts[i]
	m, found := b.metric(b.s.services[i])
	switch {
	case a.calls > a.own+a.gap && a.failing:
		return rca.Retry
	case a.gap >= a.own && !(found && m == rca.CPU && a.own > 0):
		return rca.Network
	case found:
		return m
	}
	return rca.Latent
}

// metric returns what the metric of a service that rose most says, false where
// none left its normal range. The spread is at least the standard deviation, so
// that a metric which is zero most of the time is judged by its bursts.
func (b *books) metric(at identity.Service) (rca.Mechanism, bool) {
	var best rca.Mechanism
	most := 0.0
	for _, k := range b.r.h.Keys() {
		if k.Kind != feature.Metric || k.Service != at {
			continue
		}
		m := rca.MechanismOf(k.Name)
		l := b.r.level(k)
		if m == "" || !l.known || l.now-l.usual < (bars[0].factor-1)*math.Abs(l.usual) {
			continue
		}
		if _, sd := meanAndSD(b.r.base); sd > l.spread {
			l.spread = sd
		}
		if z := math.Min(l.z(), highestZ); z >= bars[0].z && z > most {
			best, most = m, z
		}
	}
	return best, most > 0
}

// Rules of the bad replica.
const (
	replicaRatio    = 2.0 // median latency against that of the slowest other
	replicaRequests = 5   // that were seen
)

// replica returns the one replica of a service whose median latency is at least
// twice that of all others, in the RPC with most requests that has several; "" where
// there is none.
func replica(snap *window.Snapshot, at identity.Service) string {
	id, most := "", 0.0
	for i := range snap.RPCs {
		r := &snap.RPCs[i]
		if r.Key.Service != at || r.Count <= most {
			continue
		}
		worst, second, name, n := 0.0, 0.0, "", 0
		for j := range r.Instances {
			in := &r.Instances[j]
			if window.Seen(in.Count, in.Unseen) < replicaRequests || in.ID == window.OtherInstance {
				continue
			}
			n++
			if m := in.Latency.Quantile(0.5); m > worst {
				worst, second, name = m, worst, in.ID
			} else {
				second = math.Max(second, m)
			}
		}
		if n < 2 {
			continue
		}
		most = r.Count
		if id = ""; worst >= replicaRatio*second && second > 0 {
			id = name
		}
	}
	return id
}
