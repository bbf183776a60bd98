package rca

import (
	"slices"
	"strings"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// hostSupport is the number of quantiles of its own time, of feature.D, by which a
// neighbour of a culprit must be slower. Nobody has screened it, and on a host with
// many operations one quantile of one of them is always out of its range.
const hostSupport = 2

// waits are parts of the names of metrics that rise where a service waits for a resource
// rather than where it uses more of it.
var waits = [...]string{"pressure", "eventloop", "context_switches", "faults", "paging", "swap", "wait", "pending"}

// blameHost makes a service that is slow for want of a resource of its host a cause of
// kind KindHost, where that is what the host lacks, and not what the service takes:
//
//   - the service's resource is CPU, memory or disk, and a metric of its host says that
//     it is saturated;
//   - nobody there takes it: neither the service nor another one that runs on the host
//     uses more of it than its work explains;
//   - it is not the only one: another service that runs on the host is slower in what it
//     does itself, and nothing of its own explains that otherwise.
//
// One bad replica is that of a bad host, whatever metrics say, where another service has
// its one bad replica there as well, each while no peer that runs there is well: see
// badThere. The service stays the culprit, as whom the host hurts most.
//
// A store that sends no spans is so by what those that run beside it say of the host, also
// where who takes the resource is none that the entry's requests have to do with.
//
// Without names of hosts nothing is known of neighbours, and nothing changes.
// See docs/math.md, 23.
func (d *diagnosis) blameHost(c *Cause) {
	if isUse(c.Metric) {
		return
	}
	m, host := d.shortage(c)
	var neighbours, takers []identity.Service
	if host != "" && d.fares(c, host) {
		takers = d.takers(host, m.mechanism)
		if len(takers) == 0 || c.Kind == KindDependency && d.elsewhere(takers) {
			neighbours = d.neighbours(c.Service, host, m.mechanism)
		}
	}
	if len(neighbours) > 0 {
		if m.key.Name != c.Metric {
			c.use(*m)
		}
	} else if c.Kind == KindInstance {
		host = d.host(c.Service, c.Instance)
		neighbours = d.alsoBad(c, host)
		if m, ok := instanceMetrics(d.in.Snapshot, c.Service, c.Instance, true); ok && len(neighbours) > 0 && c.Mechanism == Latent && ofHosts(m.mechanism) {
			c.useOfInstance(m)
		}
	}
	if len(neighbours) == 0 {
		return
	}
	c.Kind, c.Host, c.Neighbours = KindHost, host, neighbours
	names := make([]string, len(neighbours))
	for i, s := range neighbours {
		names[i] = s.String()
	}
	c.Evidence = slices.Insert(c.Evidence, 0, "on "+host+" "+strings.Join(names, ", ")+" slower too")
	for _, t := range takers[:min(len(takers), maxNames)] {
		c.Evidence = slices.Insert(c.Evidence, 0, "on "+host+" "+t.String()+" takes it: "+d.taken(t, c.Mechanism))
	}
}

// shortage returns the metric by which the host of a cause lacks what makes the cause
// slow, and that host, "" where it is not known; nil where no metric says so. Of a store
// those that run beside it may say it.
func (d *diagnosis) shortage(c *Cause) (*movedMetric, string) {
	if ofHosts(c.Mechanism) {
		moved := d.moved(c.Service) // the most telling first
		for i := range moved {
			if m := &moved[i]; m.ofHost() && m.mechanism == c.Mechanism {
				return m, d.worstHost(c, m.key.Name)
			}
		}
	}
	if c.Kind == KindDependency {
		return d.shortBeside(c)
	}
	return nil, ""
}

// ofHost reports whether a metric says that a host lacks what its services share.
func (m *movedMetric) ofHost() bool {
	mean, host := meaningOf(m.key.Name)
	return host && mean.grade == direct && ofHosts(m.mechanism)
}

// takes reports whether a metric of s itself says that it uses more of a resource.
func (d *diagnosis) takes(s identity.Service, resource Mechanism) bool {
	return d.taken(s, resource) != ""
}

// taken returns the metric of s itself that says so as evidence, "" where none does.
func (d *diagnosis) taken(s identity.Service, resource Mechanism) string {
	for _, m := range d.moved(s) {
		if m.mechanism == resource && isUse(m.key.Name) {
			return m.text()
		}
	}
	return ""
}

// ofHosts reports whether a mechanism is a want of what a host has, and its services share.
func ofHosts(m Mechanism) bool { return m == CPU || m == Memory || m == Disk }

// isUse reports whether a metric, "" for none, says what a service itself does rather than
// what its host does, or for how long it waits.
func isUse(metric string) bool {
	_, host := meaningOf(metric)
	return metric != "" && !host && !slices.ContainsFunc(waits[:], func(w string) bool { return strings.Contains(sense(metric), w) })
}

// worstHost returns the host of the replica whose host says worst of a metric, which of
// a bad replica must be its own; "" where that is not known.
func (d *diagnosis) worstHost(c *Cause, metric string) string {
	host := d.worstOf(c.Service, c.Instance, metric)
	if c.Kind == KindInstance && host != d.host(c.Service, c.Instance) {
		return ""
	}
	return host
}

// worstOf returns the host of the replica of s whose host says worst of a metric; among
// equals that of a replica of which the id is given. Where no host has a point in this
// window, it is the only one that replicas run on.
func (d *diagnosis) worstOf(s identity.Service, id, metric string) string {
	worst, host := 0.0, ""
	mean, _ := meaningOf(metric)
	known := false
	for i := range d.in.Snapshot.Resources {
		r := &d.in.Snapshot.Resources[i]
		if r.Service != s {
			continue
		}
		for _, in := range r.Instances {
			for _, v := range in.Values {
				value := v.Value
				if mean.falls {
					value = -value
				}
				own := in.ID == id
				if v.Metric == metric && (!known || value > worst || value == worst && own) {
					worst, host, known = value, d.host(s, in.ID), true
				}
			}
		}
	}
	if !known {
		host = d.onlyHost(s)
	}
	return host
}

// onlyHost returns the host on which all replicas of a service run that served requests, or
// of which metrics say where they are, "" where there are several, or one is not known.
func (d *diagnosis) onlyHost(s identity.Service) string {
	host, first := "", true
	for i := range d.in.Snapshot.RPCs {
		r := &d.in.Snapshot.RPCs[i]
		if r.Key.Service != s {
			continue
		}
		for _, in := range r.Instances {
			if !first && in.Host != host {
				return ""
			}
			host, first = in.Host, false
		}
	}
	if hosts := d.hostsOf(s); first && len(hosts) == 1 { // it sends no spans
		return hosts[0]
	}
	return host
}

// fares reports whether a cause fares as its host does: a bad replica has no good peer
// on it.
func (d *diagnosis) fares(c *Cause, host string) bool {
	if c.Kind != KindInstance {
		return true
	}
	b, ok := instanceOf(d.in.Snapshot, c.Service, d.usualMedian)
	return ok && d.badThere(b, host)
}

// badThere reports whether a bad replica runs on a host, and none of its peers does,
// which are well.
func (d *diagnosis) badThere(b badInstance, host string) bool {
	if d.host(b.rpc.Service, b.id) != host {
		return false
	}
	for i := range d.in.Snapshot.RPCs {
		r := &d.in.Snapshot.RPCs[i]
		if r.Key != b.rpc {
			continue
		}
		return !slices.ContainsFunc(r.Instances, func(in window.Instance) bool {
			return in.Host == host && in.ID != b.id && oftenSeen(&in)
		})
	}
	return false
}

// neighbours returns the services beside s on a host that are slower in what they do
// themselves, and the stores that take longer, as far as a lack of the host's resource may
// be why.
func (d *diagnosis) neighbours(s identity.Service, host string, lacks Mechanism) []identity.Service {
	var out []identity.Service
	for i := range d.in.Snapshot.RPCs { // sorted
		r := &d.in.Snapshot.RPCs[i]
		t := r.Key.Service
		if slices.Contains(out, t) || !runsOn(r, host) {
			continue
		}
		if t != s && d.v.exclusive(r.Key).support() >= hostSupport && !d.hasOwnReason(t, lacks) {
			out = append(out, t)
		}
	}
	return append(out, d.storesOn(s, host, lacks)...)
}

// hasOwnReason reports whether metrics of s itself say that it is slow for another reason
// than that it lacks a resource.
func (d *diagnosis) hasOwnReason(s identity.Service, lacks Mechanism) bool {
	other := false
	for _, m := range d.moved(s) {
		if m.mechanism == lacks {
			return false
		}
		mean, host := meaningOf(m.key.Name)
		other = other || !host && mean.grade == direct
	}
	return other
}

// alsoBad returns the services beside that of a bad replica that have one bad replica as
// well, on the same host; none where one of those takes more of a resource than its peers.
// Those that call the service are left out: where callers
// prefer a replica nearby, its slowness is theirs.
func (d *diagnosis) alsoBad(c *Cause, host string) []identity.Service {
	if host == "" || !d.fares(c, host) {
		return nil
	}
	callers := callersOf(d.in.Snapshot, c.Service)
	var out []identity.Service
	var last identity.Service
	for i := range d.in.Snapshot.RPCs { // sorted
		t := d.in.Snapshot.RPCs[i].Key.Service
		if callers[t] || t == last {
			continue
		}
		last = t
		b, ok := instanceOf(d.in.Snapshot, t, d.usualMedian)
		if !ok || !d.badThere(b, host) {
			continue
		}
		if m, ok := instanceMetrics(d.in.Snapshot, t, b.id, false); ok && isUse(m.key.Name) {
			return nil
		}
		out = append(out, t)
	}
	return out
}

// callersOf returns s, and the services that call it, over others too.
func callersOf(snap *window.Snapshot, s identity.Service) map[identity.Service]bool {
	by := map[identity.Service][]identity.Service{}
	for i := range snap.Edges {
		e := &snap.Edges[i].Key
		by[e.Callee.Service] = append(by[e.Callee.Service], e.Caller.Service)
	}
	out := map[identity.Service]bool{s: true}
	for queue := []identity.Service{s}; len(queue) > 0; queue = queue[1:] {
		for _, c := range by[queue[0]] {
			if !out[c] {
				out[c] = true
				queue = append(queue, c)
			}
		}
	}
	return out
}
