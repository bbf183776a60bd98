package rca

import (
	"math"
	"slices"
	"strings"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// cpuCounts are the metrics that say how many cores a host has, each beside the one that says
// how many of them are in use. Those of time are the time in all states per second, idle too.
var cpuCounts = [...]struct{ use, count string }{
	{"host.cpu.usage", "host.cpu.time_count"},
	{"host.cpu.exporter_usage", "host.cpu.exporter_count"},
	{"host.cpu.usage", "host.cpu.count"},
	{"host.cpu.node_usage", "host.cpu.count"},
	{"host.cpu.node_time", "host.cpu.count"},
}

// withoutIdleHosts returns metrics of s that moved without the use of CPU of its hosts, and
// their load, where it is known that most of the cores of all of them are idle: ten times as
// much as usual of what nobody lacks makes nobody wait. Pressure, which says that somebody
// waits, stays.
func (d *diagnosis) withoutIdleHosts(s identity.Service, moved []movedMetric) []movedMetric {
	if !slices.ContainsFunc(moved, usesHostCPU) || !(d.busiest(s) < idleCPU) {
		return moved
	}
	return slices.DeleteFunc(slices.Clone(moved), usesHostCPU)
}

// usesHostCPU reports whether a metric says what CPU of a host is in use or asked for.
func usesHostCPU(m movedMetric) bool {
	mean, host := meaningOf(m.key.Name)
	return host && m.mechanism == CPU && mean.per == perLoad && !strings.Contains(m.key.Name, "switches")
}

// busiest is the largest share of its cores that a host of s has in use; NaN where that of a
// replica's host is not known.
func (d *diagnosis) busiest(s identity.Service) float64 {
	most, n := math.NaN(), 0
	for i := range d.in.Snapshot.Resources {
		r := &d.in.Snapshot.Resources[i]
		if r.Service != s {
			continue
		}
		for _, in := range r.Instances {
			share := coresInUse(func(metric string) float64 { return d.plausible(s, metric, valueOf(in.Values, metric)) })
			switch {
			case !math.IsNaN(share) && !(share <= most):
				most = share
			case math.IsNaN(share) && slices.ContainsFunc(in.Values, func(v window.Value) bool { return strings.HasPrefix(v.Metric, hostPrefix+"cpu.") }):
				return math.NaN()
			}
			n++
		}
	}
	if n <= 1 { // a point that is not of this window counts too
		return coresInUse(func(metric string) float64 {
			return d.plausible(s, metric, d.v.at(feature.Key{Kind: feature.Metric, Service: s, Name: metric}).now)
		})
	}
	return most
}

// manyCores is how many times as many cores as usual no host has: a total of idle time that went back a
// little, as those of Linux do, counts as one that began anew.
const manyCores = 4

// plausible returns a value of a metric of the hosts of s, NaN for a number of cores that is none.
func (d *diagnosis) plausible(s identity.Service, metric string, value float64) float64 {
	usual := d.v.at(feature.Key{Kind: feature.Metric, Service: s, Name: metric})
	if strings.HasSuffix(metric, "count") && usual.n >= minBaseline && value > manyCores*usual.usual {
		return math.NaN()
	}
	return value
}

// coresInUse is the share of the cores of a host that are in use, the most that any pair of
// metrics says; NaN where none does.
func coresInUse(value func(metric string) float64) float64 {
	most := math.NaN()
	for _, c := range cpuCounts {
		if share := value(c.use) / value(c.count); share >= 0 && !(share <= most) {
			most = share
		}
	}
	return most
}

// valueOf returns the value of a metric, NaN where it is not among some.
func valueOf(values []window.Value, metric string) float64 {
	for _, v := range values {
		if v.Metric == metric {
			return v.Value
		}
	}
	return math.NaN()
}
