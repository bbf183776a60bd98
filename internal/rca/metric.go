package rca

import (
	"cmp"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// movedMetric is a resource metric that left its normal range in the harmful
// direction, by more than the work that the service does explains.
type movedMetric struct {
	key       feature.Key
	mechanism Mechanism
	score     float64
	z         float64
	now       float64
	usual     float64
	filled    float64 // of its limit, in one, see filled and limitedCPU; NaN where that is not known
	young     bool    // too little was seen before to say what is usual
}

// What ranks metrics against each other: z is capped, since beyond it only says
// how quiet the metric used to be.
const (
	maxMetricZ     = 30
	indirectWeight = 0.5 // of a use against a saturation
	hostWeight     = 0.7 // of the host's metric against the service's own
)

// hostRise stands in for minRise with metrics of the host: what else runs there
// makes them move without hurting anybody.
const hostRise = 1.5

// priority breaks ties between mechanisms: earlier ones cause later ones. Who pages for want
// of memory is busy with that, and nobody pages because others are busy.
var priority = []Mechanism{Memory, CPU, GC, Disk, Pool, QueueWait, Network}

// metrics indexes the metric columns of a record by service.
type metrics map[identity.Service][]feature.Key

func newMetrics(rec record) metrics {
	m := metrics{}
	for _, k := range rec.Keys() { // sorted
		if k.Kind == feature.Metric {
			m[k.Service] = append(m[k.Service], k)
		}
	}
	return m
}

// work is by how much more a service has to do than usual, as factors of at least 1.
type work struct{ load, running float64 }

// workOf compares requests per second, and requests at once (Little's law: rate
// x latency), over the RPCs that the service serves on the way to the entry. Of requests that
// have not ended yet it has done its part, or waits for it.
// See docs/math.md, 23.
func workOf(v *view, r *reach, s identity.Service) work {
	var rate, usualRate, running, usualRunning float64
	for _, p := range r.rpcs {
		if p.key.Service != s {
			continue
		}
		load := v.at(feature.Key{Kind: feature.Load, Edge: identity.Edge{Callee: p.key}})
		if math.IsNaN(load.now) || load.n < minBaseline {
			continue
		}
		lat := v.latency(r.g.Nodes[p.node])
		rate += v.begun * math.Expm1(load.now)
		usualRate += math.Expm1(load.usual)
		running += math.Expm1(load.now) * meanOf(lat.now)
		usualRunning += math.Expm1(load.usual) * meanOf(lat.usual)
	}
	return work{load: growth(rate, usualRate), running: growth(running, usualRunning)}
}

// of is by how much more a metric is for more work.
func (w work) of(p per) float64 {
	switch p {
	case perLoad:
		return w.load
	case perRunning:
		return w.running
	case perNothing:
	}
	return 1
}

func growth(now, usual float64) float64 {
	if f := now / usual; f > 1 && !math.IsInf(f, 1) {
		return f
	}
	return 1
}

// moved returns the metrics of s that moved, the most telling first. A metric
// counts when, less what work explains, its robust z is at least that of a
// suspect, it rose by a fifth (one of the host's by half), and by enough to hurt. The
// host's disk does not count for who has nothing to do with it. Where too little was seen
// before, a share of what there is that is as good as all of it counts.
func (m metrics) moved(v *view, s identity.Service, w work, diskless bool) []movedMetric {
	var out []movedMetric
	known := m.catalogued(v, s)
	limit := v.at(feature.Key{Kind: feature.Metric, Service: s, Name: memoryLimit}).now
	limited := m.limitedCPU(v, s)
	for _, k := range m[s] {
		mean, host := meaningOf(k.Name)
		if isNamed(k.Name) && known[side{mean.mechanism, host}] >= mean.grade {
			continue
		}
		if mean.grade == ignored || diskless && host && mean.mechanism == Disk {
			continue
		}
		l := v.at(k)
		if l.n < minBaseline {
			if x, ok := shortYoung(k, l.now, limit); ok {
				x.score, x.z = v.suspect, v.suspect
				out = append(out, x)
			}
			continue
		}
		now, usual := l.now/w.of(mean.per), l.usual
		sign := 1.0
		if mean.falls {
			sign = -1
		}
		now, usual = sign*now, sign*usual
		z := (level{now: now, usual: usual, spread: l.spread, n: l.n}).z()
		rise := now - usual
		factor := minRise
		if host {
			factor = hostRise
		}
		if !(z >= v.suspect) || rise < (factor-1)*math.Abs(usual) || rise < v.leastRise(k, mean, usual) || idleLoop(k.Name, l.now) {
			continue
		}
		if v.harmlessly(k, s, usual, rise, sign) {
			continue
		}
		score := math.Min(z, maxMetricZ)
		if mean.grade == indirect {
			score *= indirectWeight
		}
		if host {
			score *= hostWeight
		}
		share := filled(k.Name, l.now, limit)
		if mean.mechanism == CPU && isUse(k.Name) {
			share = limited
		}
		out = append(out, movedMetric{key: k, mechanism: mean.mechanism, score: score, z: z, now: l.now, usual: l.usual, filled: share})
	}
	slices.SortFunc(out, func(a, b movedMetric) int {
		return cmp.Or(
			-cmp.Compare(a.score, b.score),
			cmp.Compare(slices.Index(priority, a.mechanism), slices.Index(priority, b.mechanism)),
			cmp.Compare(a.key.Name, b.key.Name),
		)
	})
	return out
}

// shortYoung returns a metric of which too little is known to say what is usual, where a share
// of what there is says that all of it is taken.
func shortYoung(k feature.Key, now, limit float64) (movedMetric, bool) {
	mean, host := meaningOf(k.Name)
	share := cpuShare(k.Name, now)
	if mean.mechanism == Memory {
		share = filled(k.Name, now, limit)
	}
	return movedMetric{key: k, mechanism: mean.mechanism, now: now, filled: share, young: true}, !host && share >= full
}

// monitors reports whether any metric of s is known that tells of a resource.
func (m metrics) monitors(s identity.Service) bool {
	return slices.ContainsFunc(m[s], func(k feature.Key) bool { return MechanismOf(k.Name) != "" })
}

// has lists the mechanisms on which s has metrics with a normal value.
func (m metrics) has(v *view, s identity.Service) []Mechanism {
	var out []Mechanism
	for _, k := range m[s] {
		mean, _ := meaningOf(k.Name)
		if l := v.at(k); mean.grade != ignored && !math.IsNaN(l.now) && l.n >= minBaseline {
			out = append(out, mean.mechanism)
		}
	}
	return out
}
