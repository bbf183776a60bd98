package rca

import (
	"math"
	"slices"
	"strings"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// diskTraffic is who reads from and writes to disks.
type diskTraffic struct {
	users map[identity.Service]bool
	// sources are the first parts of the names of metrics that say so: those who measure
	// a container's, or a process's, traffic with disks.
	sources map[string]bool
}

// traffic finds out who does anything with a disk in the violated window.
func (m metrics) traffic(v *view) diskTraffic {
	t := diskTraffic{map[identity.Service]bool{}, map[string]bool{}}
	for s, keys := range m { // sets: the order does not matter
		for _, k := range keys {
			if mean, host := meaningOf(k.Name); host || mean.mechanism != Disk || mean.per != perLoad || !(v.at(k).now > 0) {
				continue
			}
			t.users[s] = true
			t.sources[source(k.Name)] = true
		}
	}
	return t
}

func source(metric string) string {
	s, _, _ := strings.Cut(sense(metric), ".")
	return s
}

// diskless reports whether s does nothing with a disk: what measures the traffic of
// others says nothing of its own, as those do of containers that never read or write.
// A busy disk of its host is none of its business then.
func (m metrics) diskless(v *view, t diskTraffic, s identity.Service) bool {
	if t.users[s] {
		return false
	}
	for _, k := range m[s] {
		if t.sources[source(k.Name)] && !math.IsNaN(v.at(k).now) {
			return true
		}
	}
	return false
}

// contained reports whether metrics of the containers or pods of s are known.
func (m metrics) contained(s identity.Service) bool {
	return slices.ContainsFunc(m[s], func(k feature.Key) bool {
		from := source(k.Name)
		return from == "container" || from == "pod"
	})
}
