package recorded

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sage-rca/sage/internal/identity"
)

// petShopQuantile is the quantile of the objective of PetShop's sets. The symptom
// is recorded of averages, which follow what a tenth of the requests do.
const petShopQuantile = 0.95

// petShopStep is the length of a window where a file has a single row.
const petShopStep = 5 * time.Minute

// headerRows is the number of header rows: node, metric, statistic. A row that
// names the index of the others may follow.
const headerRows = 3

// petShopColumn is a column of a file of PetShop's format.
type petShopColumn struct{ node, metric, statistic string }

// petShopFile is a metrics.csv: for each window the columns that it has.
type petShopFile struct {
	columns []petShopColumn
	rows    [][]string
	starts  []int64 // ns since 1970
}

// readPetShop reads a metrics.csv. Columns differ between files and cells may be
// blank; rows without a time are left out.
func readPetShop(file string) (*petShopFile, error) {
	rows, err := readRows(file)
	if err != nil {
		return nil, err
	}
	if len(rows) < headerRows {
		return nil, fmt.Errorf("%s: %d header rows, want %d", filepath.Base(file), len(rows), headerRows)
	}
	p := &petShopFile{}
	for i := range rows[0] {
		var c petShopColumn
		for k, to := range [headerRows]*string{&c.node, &c.metric, &c.statistic} {
			if i < len(rows[k]) {
				*to = rows[k][i]
			}
		}
		p.columns = append(p.columns, c)
	}
	for _, row := range rows[headerRows:] {
		if len(row) == 0 {
			continue
		}
		seconds, err := strconv.ParseFloat(row[0], 64)
		if err != nil { // blank, or the name of the index
			continue
		}
		p.rows = append(p.rows, row)
		p.starts = append(p.starts, int64(math.Round(seconds*nsPerSecond)))
	}
	if len(p.rows) == 0 {
		return nil, fmt.Errorf("%s: no rows", filepath.Base(file))
	}
	return p, nil
}

// step returns the median distance of rows that follow each other.
func (p *petShopFile) step() int64 {
	var gaps []int64
	for i := 1; i < len(p.starts); i++ {
		gaps = append(gaps, p.starts[i]-p.starts[i-1])
	}
	if len(gaps) == 0 {
		return int64(petShopStep)
	}
	return middle(gaps)
}

// petShopNode is what a row holds of one node.
type petShopNode struct {
	pairs                           []quantile
	average, requests, availability float64
}

// frames returns the windows of the file, in order of time. A node without
// requests in a window is missing in it.
func (p *petShopFile) frames(step int64, n notes) []*frame {
	var out []*frame
	for i, row := range p.rows {
		nodes := make(map[string]*petShopNode)
		for k := 1; k < len(p.columns); k++ {
			c := p.columns[k]
			v := cell(row, k)
			if c.node == "" || math.IsNaN(v) {
				continue
			}
			if nodes[c.node] == nil {
				nodes[c.node] = &petShopNode{average: math.NaN(), requests: math.NaN(), availability: math.NaN()}
			}
			nodes[c.node].put(c, v)
		}
		f := newFrame(p.starts[i], p.starts[i]+step)
		for name, node := range nodes {
			if s := node.served(n); s != nil {
				f.served[identity.Service{Name: name}] = s
			}
		}
		out = append(out, f)
	}
	slices.SortStableFunc(out, func(a, b *frame) int { return cmp.Compare(a.start, b.start) })
	return out
}

// put takes in one cell. Statistics of latency that are no quantiles but the
// average are left out.
func (n *petShopNode) put(c petShopColumn, v float64) {
	switch strings.ToLower(c.metric) {
	case "latency":
		if strings.EqualFold(c.statistic, "Average") {
			n.average = v * nsPerSecond
			return
		}
		if order, err := strconv.ParseFloat(strings.TrimLeft(c.statistic, "pP"), 64); err == nil && order > 0 && order < percent {
			n.pairs = append(n.pairs, quantile{order / percent, v * nsPerSecond})
		}
	case "requests":
		n.requests = v
	case "availability":
		n.availability = v
	}
}

// served returns what the node served, nil where that is nothing. The average
// stands in for quantiles that are missing.
func (n *petShopNode) served(seen notes) *served {
	slices.SortFunc(n.pairs, func(a, b quantile) int { return cmp.Compare(a.order, b.order) })
	latency := newQuantiles(n.pairs...)
	if len(latency) == 0 && !math.IsNaN(n.average) {
		latency = newQuantiles(quantile{0.5, n.average})
		seen.add("nodes of windows with an average and no quantiles", 1)
	}
	switch {
	case math.IsNaN(n.requests) && len(latency) > 0:
		seen.add("nodes of windows with a latency and no number of requests", 1)
		return nil
	case math.IsNaN(n.requests):
		seen.add("nodes of windows without requests", 1)
		return nil
	}
	s := &served{count: n.requests, latency: latency}
	if !math.IsNaN(n.availability) && n.requests > 0 {
		s.errors = math.Min(1, math.Max(0, 1-n.availability/percent))
	}
	return s
}

// readAdjacency reads graph.csv: a row per caller, a column per callee, and a
// number other than zero where one calls the other.
func readAdjacency(file string) ([]link, error) {
	rows, err := readRows(file)
	if err != nil {
		return nil, err
	}
	if len(rows) < 2 {
		return nil, errors.New("graph.csv: no nodes")
	}
	var links []link
	for _, row := range rows[1:] {
		for k := 1; k < len(row) && k < len(rows[0]); k++ {
			l := link{identity.Service{Name: row[0]}, identity.Service{Name: rows[0][k]}}
			if v := cell(row, k); v != 0 && !math.IsNaN(v) && l.caller != l.callee {
				links = append(links, l)
			}
		}
	}
	slices.SortFunc(links, link.compare)
	return slices.Compact(links), nil
}
