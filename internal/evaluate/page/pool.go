package page

import (
	"slices"

	"github.com/sage-rca/sage/internal/evaluate"
)

// allSuites is where the pooled kinds of faults are.
const allSuites = "all suites"

// pooled puts the incidents of each kind of fault together over the simulated
// suites, of those kinds that more than one suite has: a suite alone has a handful
// of a kind, of which one more or less is most of any difference. A method that was
// not asked in each of these suites is left out of that kind. The pooled figures have
// no intervals.
func pooled(r *evaluate.Results) []place {
	kinds := make(map[string][][]evaluate.MethodResult)
	var names []string
	for i := range r.Suites {
		for _, f := range byFault(r.Suites[i].ByFault) {
			kinds[f.name] = append(kinds[f.name], f.methods)
			if !slices.Contains(names, f.name) {
				names = append(names, f.name)
			}
		}
	}
	slices.Sort(names)
	var out []place
	for _, name := range names {
		if len(kinds[name]) > 1 {
			out = append(out, place{where: allSuites, what: name, methods: pool(kinds[name])})
		}
	}
	return out
}

// pool returns the means over all incidents of tables, of the methods in all of
// them.
func pool(tables [][]evaluate.MethodResult) []evaluate.MethodResult {
	var out []evaluate.MethodResult
	for i := range tables[0] {
		sum := evaluate.MethodResult{Name: tables[0][i].Name}
		everywhere := true
		for _, t := range tables {
			m := find(t, sum.Name)
			if m == nil {
				everywhere = false
				break
			}
			n := float64(m.Incidents)
			sum.Incidents += m.Incidents
			sum.Exact += n * m.Exact
			sum.Missed += n * m.Missed
			sum.Wrong += n * m.Wrong
			sum.Top1 += n * m.Top1
		}
		if !everywhere {
			continue
		}
		if n := float64(sum.Incidents); n > 0 {
			sum.Exact, sum.Missed, sum.Wrong, sum.Top1 = sum.Exact/n, sum.Missed/n, sum.Wrong/n, sum.Top1/n
		}
		out = append(out, sum)
	}
	return out
}

// pooledTables are the figures of the pooled kinds, "" where there are none.
func pooledTables(r *evaluate.Results) string {
	var rows []measurement
	for _, p := range pooled(r) {
		rows = append(rows, measurement{p.what, p.methods})
	}
	if len(rows) == 0 {
		return ""
	}
	return "Exact:\n\n" + grid("fault", rows, exact()) + "\nTop-1:\n\n" + grid("fault", rows, top1())
}
