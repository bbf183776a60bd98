package recorded

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net/netip"
	"path/filepath"

	"github.com/sage-rca/sage/internal/identity"
)

// medianFile is source_50.csv or destination_50.csv: a column per link with the
// median latency of its calls, as the caller or as the callee sees it.
type medianFile struct {
	series
	links map[link]latencyColumn
}

// readMedians reads such a file; nil where there is none. Columns are named
// caller_callee, in seconds, or caller_callee(ms); those that do not name two known
// services are returned too.
func readMedians(file string, known map[identity.Service]bool, n notes) (m *medianFile, unknown []string, err error) {
	t, err := readTable(file, n)
	if errors.Is(err, fs.ErrNotExist) {
		n.add("no "+filepath.Base(file), 1)
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	s, err := newSeries(t, "", "", n)
	if err != nil {
		return nil, nil, err
	}
	m = &medianFile{series: s, links: map[link]latencyColumn{}}
	for i, h := range t.header {
		if h == "" || plain(h) == plain(colTime) || plain(h) == plain(colTimeStamp) {
			continue
		}
		bare, unit, ok := unitOf(h)
		if !ok {
			bare, unit = h, nsPerSecond
		}
		l, ok := splitLink(bare, known)
		if !ok {
			unknown = append(unknown, h)
			continue
		}
		if _, twice := m.links[l]; !twice { // else it is noted
			m.links[l] = latencyColumn{order: 0.5, at: i, unit: unit}
			m.table.clean([]int{i}, mostLatency/unit, n)
		}
	}
	return m, unknown, nil
}

// splitLink splits caller_callee where both are known, since names may hold
// underscores too.
func splitLink(s string, known map[identity.Service]bool) (link, bool) {
	for i, r := range s {
		if r != '_' {
			continue
		}
		l := link{identity.Service{Name: s[:i]}, identity.Service{Name: s[i+1:]}}
		if known[l.caller] && known[l.callee] {
			return l, true
		}
	}
	return link{}, false
}

// ns returns the median of a link in a row, NaN where there is none.
func (m *medianFile) ns(l link, row []string) float64 {
	c, ok := m.links[l]
	if !ok {
		return math.NaN()
	}
	return cell(row, c.at) * c.unit
}

// readDependencies reads the calls of dependency.csv; none where there is no such
// file. Rows whose target is the address of a node say where pods run.
func readDependencies(dir string, known map[identity.Service]bool, n notes) (links []link, unknown []string, err error) {
	t, err := readTable(filepath.Join(dir, "dependency.csv"), n)
	if errors.Is(err, fs.ErrNotExist) {
		n.add("no dependency.csv", 1)
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	source, target := t.column("Source"), t.column("Target")
	if source < 0 || target < 0 {
		return nil, nil, fmt.Errorf("%s: no columns Source and Target, of the caller and the callee, among %q", t.name, t.header[:min(len(t.header), maxNamed)])
	}
	for _, row := range t.rows {
		if len(row) <= max(source, target) {
			continue // is noted as too short
		}
		if _, err := netip.ParseAddr(row[target]); err == nil {
			continue
		}
		l := link{identity.Service{Name: row[source]}, identity.Service{Name: row[target]}}
		switch {
		case l.caller == l.callee:
		case known[l.caller] && known[l.callee]:
			links = append(links, l)
		default:
			unknown = append(unknown, row[source]+" > "+row[target])
		}
	}
	return links, unknown, nil
}
