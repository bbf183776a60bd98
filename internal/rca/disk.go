package rca

import (
	"math"
	"slices"
	"strings"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// sharedDisk leaves, of the services that are slow on one host whose disk is
// saturated, the one to which the disk is slowest: what one of them makes the disk
// do, or what is done to its part of it, the others wait behind. All of their
// requests are slower to who is the cause, and only those that meet a queue to the
// others, so that it is the rise of the median that tells. Who asks more of the disk,
// as after the collapse of a cache, is the cause whatever the others lose by it.
//
// Of a leaf the host, or what its disk does, is often not known. What the disk does the
// services say that run beside it, see diskBeside. That it is on the host with the saturated
// disk, where it is not known to be elsewhere, is likelier than that two things broke at once; but
// a leaf of which no container is measured, as those of others are, is outside of all of this.
func (d *diagnosis) sharedDisk(s scores) scores {
	on := make([]disk, len(s.suspects))
	for i := range s.suspects {
		on[i] = d.diskOf(&s.suspects[i])
	}
	gone := make([]bool, len(s.suspects))
	for again := true; again; { // who is taken may say where the one that takes it is
		again = false
		for i := range s.suspects {
			for j := range s.suspects {
				if i == j || gone[i] || gone[j] || !on[i].meets(on[j]) || !on[i].before(on[j], i < j) {
					continue
				}
				s.suspects[i].take(&s.suspects[j])
				on[i].host = append(on[i].host, on[j].host...)
				gone[j], again = true, true
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

// disk is what is known of the disk of a suspect that may be slow for it.
type disk struct {
	host    []reading // of saturated disks
	unknown bool      // a leaf of which nobody knows what the disk of its host does
	on      []string  // the hosts of a leaf, as far as they are known
	inside  bool      // metrics of its container are known
	asks    bool      // of leaves more than usual
	takes   bool      // a leaf of which a metric says that it uses more of the disk itself
	rise    float64   // of the median, seconds
	tail    float64   // the same of p95
}

// diskOf returns the zero disk for a suspect that something else makes slow.
func (d *diagnosis) diskOf(u *suspect) disk {
	key := d.r.g.Channels[u.channel]
	if key.IsNetwork() || u.parts[0].mechanism != Latent || d.badReplica(key.Service) {
		return disk{}
	}
	out := disk{inside: d.metrics.contained(key.Service), rise: d.quantileRise(u, 0), tail: d.quantileRise(u, 1), asks: u.parts[0].metric == CallsMetric || slices.ContainsFunc(u.absorbed, d.leaf)}
	if d.leaf(u.channel) {
		out.takes = d.takes(key.Service, Disk)
		out.asks = out.asks || out.takes
		out.on = d.hostsOf(key.Service)
		if out.host = d.diskBeside(key.Service); len(out.host) > 0 {
			return out
		}
	}
	switch {
	case d.leaf(u.channel) && len(d.hostDisk(key.Service)) == 0:
		out.unknown = true
	case d.lacksDisk(key.Service):
		out.host = d.hostDisk(key.Service)
	default:
		out.unknown = out.asks
	}
	return out
}

// badReplica reports whether one replica of s is slow, and the disk of its host not
// busier than those of its peers.
func (d *diagnosis) badReplica(s identity.Service) bool {
	bad, ok := instanceOf(d.in.Snapshot, s, d.usualMedian)
	if !ok {
		return false
	}
	for i := range d.in.Snapshot.Resources {
		r := &d.in.Snapshot.Resources[i]
		if r.Service != s {
			continue
		}
		for _, in := range r.Instances {
			for _, v := range in.Values {
				m, host := meaningOf(v.Metric)
				peer, ok := highestPeer(r.Instances, bad.id, v.Metric)
				if in.ID == bad.id && host && m.mechanism == Disk && m.grade == direct && ok && v.Value > hostRise*peer {
					return false
				}
			}
		}
	}
	return true
}

// leaf reports whether a channel is that of a service without spans of its own.
func (d *diagnosis) leaf(channel int) bool {
	key := d.r.g.Channels[channel]
	return !key.IsNetwork() && d.r.g.Leaves[key.Service]
}

// meets reports whether two disks are one.
func (a disk) meets(b disk) bool {
	switch saturated := func(d disk) bool { return len(d.host) > 0 }; {
	case a.unknown && b.unknown: // one has taken another, and so its host
		return saturated(a) && b.mayBeBeside(a) || saturated(b) && a.mayBeBeside(b) || (a.takes || b.takes) && a.beside(b)
	case a.unknown:
		return saturated(b) && a.mayBeBeside(b)
	case b.unknown:
		return saturated(a) && b.mayBeBeside(a)
	default:
		return meet(a.host, b.host)
	}
}

// mayBeBeside reports whether a leaf may run on one of the hosts of b, as far as names tell. Where
// the container of b is measured and none of the leaf, that runs where nobody measures any.
func (a disk) mayBeBeside(b disk) bool {
	if len(a.on) == 0 {
		return a.inside || !b.inside
	}
	return slices.ContainsFunc(b.host, func(r reading) bool { return r.host == "" || slices.Contains(a.on, r.host) })
}

// beside reports whether two leaves are known to run on one host.
func (a disk) beside(b disk) bool {
	return slices.ContainsFunc(a.on, func(host string) bool { return slices.Contains(b.on, host) })
}

// Ratios between what one queue makes two of its users wait.
const (
	sameWait = 2    // largest between medians
	sameTail = 1.25 // and between p95s, where one of them is not known to be in that queue at all
)

// before reports whether a is the cause of what b loses; first settles ties. Who asks
// more of a disk waits in its queue as long as the others do. A leaf that may be anywhere is not the
// cause of what makes others wait longer than itself.
func (a disk) before(b disk, first bool) bool {
	if a.takes != b.takes {
		return a.takes
	}
	if a.asks != b.asks {
		return a.asks && b.rise <= sameWait*a.rise
	}
	if a.unknown && !b.unknown && b.tail > sameTail*a.tail {
		return false
	}
	return a.rise > b.rise || a.rise == b.rise && first
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

// hostsOf returns the hosts of the replicas of s that are known, sorted.
func (d *diagnosis) hostsOf(s identity.Service) []string {
	var out []string
	for in, host := range d.located() { // sorted below
		if in.Service == s {
			out = append(out, host)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// reading is one metric of a host, "" where its name is not known.
type reading struct {
	host   string
	metric string
	value  float64
}

// same reports whether two readings are of one host: of one name or, where not both
// names are known, of one value, which two hosts hardly ever have.
func (a reading) same(b reading) bool {
	if a.host != "" && b.host != "" {
		return a.host == b.host
	}
	return a.metric == b.metric && a.value == b.value
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
					out = append(out, reading{d.host(s, in.ID), v.Metric, v.Value})
				}
			}
		}
	}
	return out
}

func meet(a, b []reading) bool {
	for _, x := range a {
		for _, y := range b {
			if x.same(y) {
				return true
			}
		}
	}
	return false
}

// quantileRise is the largest rise of a quantile of the own time of what a suspect serves, of
// a leaf of the time of a call, in seconds.
func (d *diagnosis) quantileRise(u *suspect, quantile int) float64 {
	most := 0.0
	for _, p := range u.parts {
		k := feature.Key{Kind: feature.Exclusive, Edge: identity.Edge{Callee: p.rpc}, Quantile: quantile}
		if p.kind == KindDependency {
			k = feature.Key{Kind: feature.Latency, Node: d.r.g.Nodes[p.node], Quantile: quantile}
		} else if p.rpc.IsZero() {
			continue
		}
		l := d.v.at(k)
		if rise := math.Exp(l.now) - math.Exp(l.usual); rise > most {
			most = rise
		}
	}
	return most
}
