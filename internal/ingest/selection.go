package ingest

import (
	"fmt"
	"path"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/window"
)

// MetricRules say which metrics are features, and whose they are.
type MetricRules struct {
	// Include are globs (* and ?) of the names of metrics that are used although
	// the catalogue does not have them. Each becomes a feature of the same name, or, where
	// that tells of a resource, of what it tells (feature.NamedMetric).
	Include []string
	// Exclude are globs of the names of metrics that are not used, which
	// overrides everything else.
	Exclude []string
	// ByName has metrics used that nothing else knows, where their names tell of a resource:
	// of each of a service's, and of its host's, the first maxPerScarce.
	ByName bool
	// JoinKeys are the sets of resource attributes, in the order tried, by which
	// metrics of processes, containers and pods join replicas of services, at
	// most 4 attributes each. DefaultJoinKeys returns the usual ones. Points of exporters
	// may have them in place of the resource, see spellings; maxLabels of them count.
	JoinKeys [][]string
	// HostKeys are those by which metrics of hosts join all replicas on a host.
	// DefaultHostKeys returns the usual ones.
	HostKeys [][]string
}

func (r *MetricRules) validate() (errs []error) {
	for _, glob := range append(r.Include[:len(r.Include):len(r.Include)], r.Exclude...) {
		if _, err := path.Match(glob, ""); err != nil {
			errs = append(errs, fmt.Errorf("ingest: glob %q of metric names: %w", glob, err))
		}
	}
	for _, keys := range [...][][]string{r.JoinKeys, r.HostKeys} {
		for _, set := range keys {
			if len(set) == 0 || len(set) > maxKeyAttributes {
				errs = append(errs, fmt.Errorf("ingest: join key %q must have 1 to %d attributes", set, maxKeyAttributes))
			}
		}
	}
	return errs
}

// choice says how a metric is used.
type choice struct {
	rows   []row     // the features that it is
	named  *standing // where they are used by its name alone, unless others stand before it
	of     scarce    // what they are of then
	unread bool      // it is no feature, and nobody can tell that it should not be
}

// choose says how the metric m is used, if any rule wants it.
func (r *MetricRules) choose(m pmetric.Metric) choice {
	name := m.Name()
	if matchesAny(r.Exclude, name) {
		return choice{}
	}
	if rows, ok := rowsOf[name]; ok {
		return choice{rows: rows}
	}
	if rows, ok := respelt[underscored(name)]; ok {
		return choice{rows: rows}
	}
	is := tellName(name)
	byName, ok := is.row(m)
	switch {
	case ok && matchesAny(r.Include, name):
		return choice{rows: []row{byName}}
	case matchesAny(r.Include, name):
		return choice{rows: []row{included(m)}}
	case ok && r.ByName:
		return choice{rows: []row{byName}, of: is.aspect.of, named: &standing{used: !is.aspect.short, words: is.words, name: byName.feature}}
	}
	return choice{unread: !is.symptom && !is.setting}
}

// row returns the row of a metric whose name tells of a resource, false where its type does not
// fit.
func (h *hearsay) row(m pmetric.Metric) (row, bool) {
	if !h.known {
		return row{}, false
	}
	r := included(m)
	r.unit = "" // shown as it comes
	r.feature = feature.NamedMetric(h.aspect.name, r.feature)
	if h.host {
		r.feature = hostPrefix + r.feature
	}
	switch h.aspect.of {
	case cpus:
		r.filter = working
	case memories, disks:
		r.filter = used
	default:
	}
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		if h.aspect.going == growing {
			r.reading = rate
		}
	case pmetric.MetricTypeSum:
		return r, r.reading == level || h.aspect.going != levels
	case pmetric.MetricTypeHistogram, pmetric.MetricTypeExponentialHistogram, pmetric.MetricTypeSummary:
		if h.aspect.going == growing { // how long in all
			r.reading, r.fold = total, window.FoldSum
		}
	case pmetric.MetricTypeEmpty:
		return row{}, false
	}
	return r, true
}

// included returns the row of a metric that the catalogue does not know: its
// type says how it is to be read.
func included(m pmetric.Metric) row {
	r := row{metric: m.Name(), unit: "1", feature: clean(m.Name()), fold: window.FoldMean}
	switch m.Type() {
	case pmetric.MetricTypeSum:
		if m.Sum().IsMonotonic() {
			r.reading, r.fold = rate, window.FoldSum
		}
	case pmetric.MetricTypeHistogram, pmetric.MetricTypeExponentialHistogram, pmetric.MetricTypeSummary:
		r.reading = mean
	case pmetric.MetricTypeGauge, pmetric.MetricTypeEmpty:
	}
	return r
}

func matchesAny(globs []string, name string) bool {
	for _, glob := range globs {
		if ok, _ := path.Match(glob, name); ok { // the pattern was checked by validate
			return true
		}
	}
	return false
}

// passes reports whether a point with the attributes m is selected.
func (f *filter) passes(m pcommon.Map) bool {
	for _, key := range f.keys {
		v, ok := m.Get(key)
		if !ok {
			continue
		}
		s := text(v)
		for _, e := range f.except {
			if s == e {
				return false
			}
		}
		for _, o := range f.only {
			if s == o {
				return true
			}
		}
		return len(f.only) == 0
	}
	return !f.told
}
