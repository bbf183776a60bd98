package rca

import (
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// withoutNeighbours returns metrics of s that moved without the load of its host where that
// is a neighbour's: another service that runs there uses more CPU, or waits for it, while
// what s itself has to do with CPU is measured, and as usual. A load average counts who runs
// and who waits. That CPU is short on the host it does not say, and where a metric that does
// moved all stay.
func (d *diagnosis) withoutNeighbours(s identity.Service, moved []movedMetric) []movedMetric {
	load := func(m movedMetric) bool {
		mean, host := meaningOf(m.key.Name)
		return host && m.mechanism == CPU && mean.grade == indirect
	}
	if !slices.ContainsFunc(moved, load) || !d.measuresCPU(s) ||
		slices.ContainsFunc(moved, func(m movedMetric) bool { return m.mechanism == CPU && !load(m) }) {
		return moved
	}
	for _, t := range d.besides(s) {
		ownCPU := func(m movedMetric) bool {
			_, host := meaningOf(m.key.Name)
			return !host && m.mechanism == CPU
		}
		if slices.ContainsFunc(d.metrics.moved(d.v, t, workOf(d.v, d.r, t), false), ownCPU) {
			return slices.DeleteFunc(slices.Clone(moved), load)
		}
	}
	return moved
}

// measuresCPU reports whether it is known what is usual of the CPU that s itself uses or
// waits for.
func (d *diagnosis) measuresCPU(s identity.Service) bool {
	return slices.ContainsFunc(d.metrics[s], func(k feature.Key) bool {
		mean, host := meaningOf(k.Name)
		l := d.v.at(k)
		return !host && mean.mechanism == CPU && mean.grade == direct && !math.IsNaN(l.now) && l.n >= minBaseline
	})
}

// besides returns the other services with a replica on a host of s, those that send no spans
// included, sorted.
func (d *diagnosis) besides(s identity.Service) []identity.Service {
	hosts := d.hostsOf(s)
	var out []identity.Service
	for in, host := range d.located() { // sorted below
		if in.Service != s && slices.Contains(hosts, host) {
			out = append(out, in.Service)
		}
	}
	slices.SortFunc(out, identity.Service.Compare)
	return slices.Compact(out)
}
