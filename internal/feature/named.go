package feature

import "strings"

// Metrics are Named that no catalogue knows, and of which their own name tells what they are
// of: "named.<aspect>.<name>", with "host." before where they are of a host. An aspect is
// of what, and how: "cpu", "memory_free", "disk_wait". It has no dot.
const (
	named  = "named."
	ofHost = "host."
)

// NamedMetric returns the name of the feature of a metric with an aspect, of a service itself.
func NamedMetric(aspect, metric string) string { return named + aspect + "." + metric }

// SplitNamed returns what NamedMetric was given, false where a feature is none such. Whether
// it is of a host is not its matter.
func SplitNamed(feature string) (aspect, metric string, ok bool) {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(feature, ofHost), named)
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, ".")
}

// ShownMetric returns the name of a feature as a person is to see it: that of the metric
// alone where it is Named.
func ShownMetric(feature string) string {
	_, metric, ok := SplitNamed(feature)
	switch {
	case !ok:
		return feature
	case strings.HasPrefix(feature, ofHost):
		return ofHost + metric
	}
	return metric
}
