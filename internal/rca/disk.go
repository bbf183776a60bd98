package rca

import (
	"math"
	"strings"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// sharedDisk leaves, of the services that are slow on one host whose disk is
// saturated, the one to which the disk is slowest: what one of them makes the disk
// do, or what is done to its part of it, the others wait behind. All of their
// requests are slower to who is the cause, and only those that meet a queue to the
// others, so that it is the rise of the median that tells.
func (d *diagnosis) sharedDisk(s scores) scores {
	on := make([][]reading, len(s.suspects))
	for i, u := range s.suspects {
		key := d.r.g.Channels[u.channel]
		if !key.IsNetwork() && d.lacksDisk(key.Service) {
			on[i] = d.hostDisk(key.Service)
		}
	}
	gone := make([]bool, len(s.suspects))
	for i := range s.suspects {
		for j := range s.suspects {
			if i == j || gone[i] || gone[j] || !meet(on[i], on[j]) {
				continue
			}
			if a, b := d.medianRise(&s.suspects[i]), d.medianRise(&s.suspects[j]); a > b || a == b && i < j {
				s.suspects[i].take(&s.suspects[j])
				gone[j] = true
			}
		}
	}
	var left []suspect
	for i, u := range s.suspects {
		if !gone[i] {
			left = append(left, u)
		}
	}
	s.suspects = rankSuspects(left)
	return s
}

// lacksDisk reports whether a metric of the host of s says that its disk is busier
// than usual, and none that s lacks CPU or memory.
func (d *diagnosis) lacksDisk(s identity.Service) bool {
	disk := false
	for _, m := range d.moved(s) {
		switch m.mechanism {
		case CPU, Memory, GC:
			return false
		case Disk:
			disk = disk || strings.HasPrefix(m.key.Name, hostPrefix)
		default:
		}
	}
	return disk
}

// reading is one metric of a host: two services that read the same are on it.
type reading struct {
	metric string
	value  float64
}

// hostDisk returns what the replicas of s say of the disks of their hosts.
func (d *diagnosis) hostDisk(s identity.Service) []reading {
	var out []reading
	for i := range d.in.Snapshot.Resources {
		r := &d.in.Snapshot.Resources[i]
		if r.Service != s {
			continue
		}
		for _, in := range r.Instances {
			for _, v := range in.Values {
				if m, host := meaningOf(v.Metric); host && m.mechanism == Disk && m.grade == direct && v.Value > 0 {
					out = append(out, reading{v.Metric, v.Value})
				}
			}
		}
	}
	return out
}

func meet(a, b []reading) bool {
	for _, x := range a {
		for _, y := range b {
			if x == y {
				return true
			}
		}
	}
	return false
}

// medianRise is the largest rise of the median own time of what a suspect serves,
// in seconds.
func (d *diagnosis) medianRise(u *suspect) float64 {
	most := 0.0
	for _, p := range u.parts {
		if p.rpc.IsZero() {
			continue
		}
		l := d.v.at(feature.Key{Kind: feature.Exclusive, Edge: identity.Edge{Callee: p.rpc}})
		if rise := math.Exp(l.now) - math.Exp(l.usual); rise > most {
			most = rise
		}
	}
	return most
}
