package recorded

import (
	"errors"
	"io/fs"
	"math"
	"net/netip"
	"path/filepath"
	"strings"

	"github.com/sage-rca/sage/internal/identity"
)

// medianFile is source_50.csv or destination_50.csv: a column per link with the
// median latency of its calls in seconds, as the caller or as the callee sees it.
type medianFile struct {
	series
	links map[link]int // column
}

// readMedians reads such a file; nil where there is none. Columns are named
// caller_callee; those that do not name two known services are returned too.
func readMedians(file string, known map[identity.Service]bool) (m *medianFile, unknown []string, err error) {
	t, err := readTable(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	s, _, err := newSeries(t, "", "")
	if err != nil {
		return nil, nil, err
	}
	m = &medianFile{series: s, links: map[link]int{}}
	for i, h := range t.header {
		if strings.EqualFold(h, colTime) || strings.EqualFold(h, "TimeStamp") {
			continue
		}
		if l, ok := splitLink(h, known); ok {
			m.links[l] = i
		} else {
			unknown = append(unknown, h)
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
	if v := cell(row, c); v >= 0 {
		return v * nsPerSecond
	}
	return math.NaN()
}

// readDependencies reads the calls of dependency.csv; none where there is no such
// file. Rows whose target is the address of a node say where pods run.
func readDependencies(dir string, known map[identity.Service]bool) (links []link, unknown []string, err error) {
	t, err := readTable(filepath.Join(dir, "dependency.csv"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	source, target := t.column("Source"), t.column("Target")
	for _, row := range t.rows {
		if source < 0 || target < 0 || len(row) <= max(source, target) {
			continue
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
