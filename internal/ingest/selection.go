package ingest

import (
	"fmt"
	"path"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sage-rca/sage/internal/window"
)

// MetricRules say which metrics are features, and whose they are.
type MetricRules struct {
	// Include are globs (* and ?) of the names of metrics that are used although
	// the catalogue does not have them. Each becomes a feature of the same name.
	Include []string
	// Exclude are globs of the names of metrics that are not used, which
	// overrides everything else.
	Exclude []string
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

// rowsFor appends to dst the features that the metric m is, none if no rule wants it.
func (r *MetricRules) rowsFor(dst []row, m pmetric.Metric) []row {
	name := m.Name()
	if matchesAny(r.Exclude, name) {
		return dst
	}
	if rows, ok := rowsOf[name]; ok {
		return append(dst, rows...)
	}
	if matchesAny(r.Include, name) {
		return append(dst, included(m))
	}
	return dst
}

// included returns the row of a metric that only the configuration knows: its
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
	return true
}
