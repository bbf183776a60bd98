package recorded

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/sage-rca/sage/internal/identity"
)

// findAdjacency returns the graph.csv of a scenario, which may be that of the
// directory above it.
func findAdjacency(dir string) (string, error) {
	for _, d := range [...]string{dir, filepath.Dir(dir)} {
		if file := filepath.Join(d, "graph.csv"); isFile(file) {
			return file, nil
		}
	}
	return "", fmt.Errorf("%s: %w: want a row per caller, a column per callee, and 1 where one calls the other", filepath.Join(dir, "graph.csv"), fs.ErrNotExist)
}

// readAdjacency reads graph.csv: a row per caller, a column per callee, and a
// number other than zero where one calls the other. It returns the nodes too.
func readAdjacency(file string, n notes) (links []link, nodes []string, err error) {
	rows, lines, err := readRows(file)
	if err != nil {
		return nil, nil, err
	}
	if len(rows) < 2 {
		return nil, nil, errors.New("graph.csv: no nodes: want a row per caller, and a column per callee")
	}
	t := &table{name: filepath.Base(file), header: rows[0], rows: rows[1:], lines: lines[1:]}
	nodes = append(nodes, t.header[min(1, len(t.header)):]...)
	for i, row := range t.rows {
		nodes = append(nodes, row[0])
		for k := 1; k < len(row); k++ {
			if blank(row[k]) {
				continue
			}
			v, err := strconv.ParseFloat(row[k], 64)
			if k >= len(t.header) || err != nil {
				n.at("cells of the graph that are no number of a column, taken as no call", t.where(i, k))
				continue
			}
			l := link{identity.Service{Name: row[0]}, identity.Service{Name: t.header[k]}}
			if v != 0 && l.caller != l.callee {
				links = append(links, l)
			}
		}
	}
	slices.Sort(nodes)
	slices.SortFunc(links, link.compare)
	return slices.Compact(links), slices.Compact(nodes), nil
}
