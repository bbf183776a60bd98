package ingest

import "strings"

// exported returns the rows of catalogue as exporters for Prometheus name them: dots are
// underscores, the unit of a metric follows, and _total that of a counter. Which of these were
// written depends on the exporter, so that all are there. So it is with attributes.
func exported(rows []row) map[string][]row {
	units := map[string][]string{
		"s": {"_seconds"}, "ms": {"_milliseconds"}, "ns": {"_nanoseconds"}, "By": {"_bytes"}, "1": {"_ratio"}, "%": {"_percent"},
	}
	out := make(map[string][]row)
	for _, r := range rows {
		if !strings.Contains(r.metric, ".") {
			continue
		}
		stem := strings.ReplaceAll(r.metric, ".", "_")
		r.filter.keys = withUnderscores(r.filter.keys)
		names := []string{stem}
		for _, unit := range units[r.unit] {
			if !strings.HasSuffix(stem, unit) {
				names = append(names, stem+unit)
			}
		}
		for _, name := range names {
			out[name] = append(out[name], r)
			if r.reading == rate && !strings.HasSuffix(name, "_total") {
				out[name+"_total"] = append(out[name+"_total"], r)
			}
		}
	}
	return out
}

func withUnderscores(keys []string) []string {
	out := make([]string, 0, 2*len(keys))
	for _, k := range keys {
		out = append(out, k)
		if u := strings.ReplaceAll(k, ".", "_"); u != k {
			out = append(out, u)
		}
	}
	return out
}
