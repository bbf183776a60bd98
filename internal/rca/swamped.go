package rca

import (
	"slices"
	"strings"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// swampedGrowth is how many times as many requests as usual explain that a service has all
// that it can serve. What it serves cannot grow by more than what it had left, however many ask.
const swampedGrowth = 1.1

// swamped reports whether a service has all the requests that it can serve: it uses all of
// its CPU, and for each request that it has served not more than usual, by labour. From there
// on requests wait for each other, ever longer.
func (d *diagnosis) swamped(s identity.Service) bool {
	served := workOf(d.v, d.r, s).load / d.v.begun
	return slices.ContainsFunc(d.metrics[s], func(k feature.Key) bool {
		l := d.v.at(k)
		return cpuShare(k.Name, l.now) >= full && l.n >= minBaseline && l.now < labour*max(1, served)*l.usual
	})
}

// percents is from which use of all CPU on a share is taken for one in percent.
const percents = 1.5

// cpuShare is the share of its CPU that a service uses by one of its metrics, 0 where that
// does not say.
func cpuShare(metric string, now float64) float64 {
	mean, _ := meaningOf(metric)
	if mean.mechanism != CPU || mean.grade != direct || mean.per != perLoad || !isUse(metric) {
		return 0
	}
	switch name := sense(metric); {
	case strings.HasSuffix(name, "percent"), strings.HasSuffix(name, "utilization") && now > percents:
		return now / 100
	case strings.HasSuffix(name, "utilization") && !strings.Contains(name, "request"):
		return now
	}
	return 0
}
