package ingest

import (
	"maps"
	"slices"
)

// respelt indexes the catalogue by names in which separators and case do not matter:
// "container-cpu-usage-seconds-total" is what cAdvisor calls
// container_cpu_usage_seconds_total. Of several that come to the same counts the one that is
// written so, or else the first by the alphabet.
var respelt = func() map[string][]row {
	out := make(map[string][]row, len(rowsOf))
	for _, name := range slices.Sorted(maps.Keys(rowsOf)) {
		u := underscored(name)
		if _, taken := out[u]; !taken || u == name {
			out[u] = rowsOf[name]
		}
	}
	return out
}()
