package ingest

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pmetric"
)

// selected is what is known about the metrics of one name, unit, type and scope:
// which features they are.
type selected struct {
	hash              uint64
	name, unit, scope string
	kind              metricKind

	id       uint64 // part of the identity of streams
	subject  subject
	labelled bool // its points may say themselves whom they are about
	inner    bool // it is of the process that sends it
	disk     bool // it is of the disks of a host
	features []selectedFeature
	// durations is what it tells of how long requests take, in so many ns a unit; nil where it
	// does not.
	durations   *durationMetric
	nanoseconds float64
	named       *standing // see choice
	of          scarce
	unread      bool
	sequence
}

// selectedFeature is a feature that a metric is.
type selectedFeature struct {
	row    *row
	factor float64 // by which it comes to base units
	// The name, and that where it is one of a host, with their hashes.
	name, ofHost         string
	nameHash, ofHostHash uint64
}

// metricKind is what of a metric's type decides how it is read.
type metricKind struct {
	kind      pmetric.MetricType
	monotonic bool
}

func metricKindOf(m pmetric.Metric) metricKind {
	k := metricKind{kind: m.Type()}
	k.monotonic = k.kind == pmetric.MetricTypeSum && m.Sum().IsMonotonic()
	return k
}

// maxSelected is the number of metrics of which is remembered whether and how
// they are used.
const maxSelected = 1 << 13

// is reports whether s is what is known about such a metric.
func (s *selected) is(name, unit, scope string, kind metricKind) bool {
	return s.name == name && s.kind == kind && s.unit == unit && s.scope == scope
}

// selectMetric returns what is known about a metric of a scope, which comes after another.
func (i *Ingester) selectMetric(s *scratch, m pmetric.Metric, scope string, after *sequence) *selected {
	name, unit, kind := m.Name(), m.Unit(), metricKindOf(m)
	if next := i.selected.at(after.next.Load()); next != nil && next.is(name, unit, scope, kind) {
		return next
	}
	h := quickHash(quickHash(quickHash(uint64(kind.kind), name), unit), scope)
	set := i.selected.set(h)
	for k := range set {
		if at := set[k].Load(); at != nil && at.hash == h && at.is(name, unit, scope, kind) {
			after.was(i.selected.place(h, k))
			return at
		}
	}
	at := &selected{
		hash: h, name: strings.Clone(name), unit: strings.Clone(unit), scope: strings.Clone(scope), kind: kind,
		id: mix(hashString(hashString(fnvOffset, scope), name)),
	}
	if at.durations = durationsOf(m, i.cfg.Metrics.Exclude); at.durations != nil {
		at.nanoseconds = 1e9 * factorOf(name, unit, at.durations.unit)
	}
	chosen := i.cfg.Metrics.choose(m)
	at.named, at.of, at.unread = chosen.named, chosen.of, chosen.unread
	for _, r := range chosen.rows {
		at.subject, at.labelled = subjectOf(name, r.feature)
		at.inner, at.disk = isInner(r.feature), strings.HasPrefix(r.feature, diskPrefix)
		r.feature = strings.Clone(r.feature)
		f := selectedFeature{row: &r, factor: 1, name: r.feature}
		if r.unit != "" {
			f.factor = factorOf(r.metric, unit, r.unit)
		}
		r.metric = at.name // not the caller's string
		f.ofHost = strings.Clone(hostFeature(r.feature, &s.in))
		f.nameHash, f.ofHostHash = quickHash(0, f.name), quickHash(0, f.ofHost)
		at.features = append(at.features, f)
	}
	if len(name)+len(unit)+len(scope) <= maxKept {
		i.selected.put(h, at, func(*selected) bool { return false })
	}
	return at
}
