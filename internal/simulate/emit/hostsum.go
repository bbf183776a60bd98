package emit

import "github.com/sage-rca/sage/internal/simulate"

// totals are running totals of a host.
type totals struct{ ops, disk, received, faults float64 }

// sums adds what replicas have counted since the last scrape to the host's totals.
// Those that do not report leave a gap that is made up for when they do.
func (m *hostMeter) sums(replicas []simulate.ReplicaState, here []int) totals {
	if m.last == nil {
		m.last = make(map[instance]totals)
	}
	for _, i := range here {
		r := &replicas[i]
		now := totals{r.DiskOps, r.DiskSeconds, r.ReceivedMiB, r.PageFaults}
		key := instance{r.Service, r.Replica}
		before := m.last[key]
		m.last[key] = now
		m.all.ops += increase(before.ops, now.ops)
		m.all.disk += increase(before.disk, now.disk)
		m.all.received += increase(before.received, now.received)
		m.all.faults += increase(before.faults, now.faults)
	}
	return m.all
}

type instance struct{ service, replica int }

// increase of a counter, which begins anew at zero where it falls.
func increase(before, now float64) float64 {
	if now < before {
		return now
	}
	return now - before
}
