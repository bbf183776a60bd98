package page

import (
	"maps"
	"slices"

	"github.com/sage-rca/sage/internal/evaluate"
)

// methodTable has a row per method and the best of each column in bold.
func methodTable(methods []evaluate.MethodResult, columns []column) string {
	header := []string{"method"}
	cells := make([][]cell, len(columns))
	for i, c := range columns {
		header = append(header, c.title)
		for j := range methods {
			cells[i] = append(cells[i], c.of(&methods[j]))
		}
		emphasize(cells[i], c.better)
	}
	t := newTable(1, header...)
	for j := range methods {
		row := []string{methods[j].Name}
		for i := range columns {
			row = append(row, cells[i][j].String())
		}
		t.add(row...)
	}
	return t.String()
}

// grid has a row per thing that all methods were measured on (a kind of fault, a
// point of a curve), a column per method, and the best of each row in bold. There
// are more kinds of faults than methods, so this way fits a terminal.
func grid(what string, rows []measurement, f figure) string {
	names := methodNames(rows)
	header := []string{what, "incidents"}
	t := newTable(1, append(header, names...)...)
	for _, r := range rows {
		cells := make([]cell, len(names))
		most := 0
		for i, name := range names {
			cells[i] = missing()
			if m := find(r.methods, name); m != nil {
				cells[i] = f.plain(more).of(m)
				most = max(most, m.Incidents)
			}
		}
		emphasize(cells, more)
		row := []string{r.name, count(most).String()}
		for _, c := range cells {
			row = append(row, c.String())
		}
		t.add(row...)
	}
	return t.String()
}

// measurement is what all methods got on one thing.
type measurement struct {
	name    string
	methods []evaluate.MethodResult
}

// byFault lists the kinds of faults in order of their names.
func byFault(faults map[string][]evaluate.MethodResult) []measurement {
	var out []measurement
	for _, name := range slices.Sorted(maps.Keys(faults)) {
		out = append(out, measurement{name, faults[name]})
	}
	return out
}

// curve lists the points of a curve in their order.
func curve(points []evaluate.Point) []measurement {
	var out []measurement
	for _, p := range points {
		out = append(out, measurement{p.At, p.Methods})
	}
	return out
}

// methodNames lists the methods of all rows as they come.
func methodNames(rows []measurement) []string {
	var out []string
	for _, r := range rows {
		for i := range r.methods {
			if !slices.Contains(out, r.methods[i].Name) {
				out = append(out, r.methods[i].Name)
			}
		}
	}
	return out
}

// find returns the figures of a method, nil where it has none.
func find(methods []evaluate.MethodResult, name string) *evaluate.MethodResult {
	for i := range methods {
		if methods[i].Name == name {
			return &methods[i]
		}
	}
	return nil
}
