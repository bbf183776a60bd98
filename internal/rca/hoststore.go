package rca

import (
	"slices"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/identity"
)

// shortBeside returns the metric by which a host of a store lacks what may make it slow, as
// the services that run beside it say, and the host: of the metrics of its
// host a store that sends no spans has those of the disk alone. Of several it is the one that says most. A store of which
// a metric says what it lacks is slow for that alone.
func (d *diagnosis) shortBeside(c *Cause) (*movedMetric, string) {
	if c.Mechanism != Latent && !ofHosts(c.Mechanism) {
		return nil, ""
	}
	var best *movedMetric
	at := ""
	for _, host := range d.hostsOf(c.Service) {
		for _, t := range d.on(host) {
			moved := d.ofHosts(t)
			for i := range moved {
				m := &moved[i]
				if (c.Mechanism == Latent || m.mechanism == c.Mechanism) && (best == nil || m.score > best.score) && d.worstOf(t, "", m.key.Name) == host {
					best, at = m, host
				}
			}
		}
	}
	return best, at
}

// ofHosts returns the metrics that say what hosts of s lack, also of the disk, which s may
// have nothing to do with.
func (d *diagnosis) ofHosts(s identity.Service) []movedMetric {
	out, ok := d.short[s]
	if !ok {
		out = d.withoutIdleHosts(s, d.metrics.moved(d.v, s, workOf(d.v, d.r, s), false))
		out = slices.DeleteFunc(slices.Clone(out), func(m movedMetric) bool { return !m.ofHost() })
		if d.short == nil {
			d.short = map[identity.Service][]movedMetric{}
		}
		d.short[s] = out
	}
	return out
}

// on returns the services with a replica on a host, sorted.
func (d *diagnosis) on(host string) []identity.Service {
	var out []identity.Service
	for in, at := range d.located() { // sorted below
		if at == host {
			out = append(out, in.Service)
		}
	}
	slices.SortFunc(out, identity.Service.Compare)
	return slices.Compact(out)
}

// storesOn returns the stores beside s that run on a host and take longer, for no reason of
// their own.
func (d *diagnosis) storesOn(s identity.Service, host string, lacks Mechanism) []identity.Service {
	return slices.DeleteFunc(d.on(host), func(t identity.Service) bool {
		return t == s || !d.r.g.Leaves[t] || d.slowerStore(t) < hostSupport || d.hasOwnReason(t, lacks)
	})
}

// slowerStore returns by how many quantiles calls to a store take longer, those of the kind
// of which most do.
func (d *diagnosis) slowerStore(s identity.Service) int {
	most := 0
	for _, n := range d.r.g.Nodes {
		if n.Class == cbn.ClientNode && n.Edge.Callee.Service == s {
			most = max(most, d.v.latency(n).support())
		}
	}
	return most
}

// diskBeside returns what the disks of the hosts of a store do, where services that run
// beside it, or metrics of its own, say that they are busier than usual.
func (d *diagnosis) diskBeside(s identity.Service) []reading {
	var out []reading
	for _, host := range d.hostsOf(s) {
		for _, t := range d.on(host) {
			for _, m := range d.ofHosts(t) {
				if m.mechanism == Disk && d.worstOf(t, "", m.key.Name) == host {
					out = append(out, reading{host, m.key.Name, m.now})
				}
			}
		}
	}
	return out
}

// takers returns who runs on a host and uses more of a resource than its work explains, those
// that send no spans included, sorted.
func (d *diagnosis) takers(host string, resource Mechanism) []identity.Service {
	return slices.DeleteFunc(d.on(host), func(s identity.Service) bool { return !d.takes(s, resource) })
}

// elsewhere reports whether none of some services is a suspect: the entry's requests have
// nothing to do with them.
func (d *diagnosis) elsewhere(takers []identity.Service) bool {
	return !slices.ContainsFunc(d.scores.suspects, func(u suspect) bool {
		key := d.r.g.Channels[u.channel]
		return !key.IsNetwork() && slices.Contains(takers, key.Service)
	})
}
