package recorded

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// petShopStep is the length of a window where a file has a single row.
const petShopStep = 5 * time.Minute

// headerRows is the number of header rows: node, metric, statistic, in any order. A
// row that names the index of the others may follow.
const headerRows = 3

// petShopColumn is a column of a file of PetShop's format; node is empty in those
// that are not read.
type petShopColumn struct {
	node, metric, statistic string
	unit                    float64 // of a latency, in ns
}

// petShopFile is a metrics.csv: for each window the columns that it has.
type petShopFile struct {
	table
	columns []petShopColumn
	starts  []int64 // ns since 1970, ascending
}

// readPetShop reads the metrics.csv of name, a path below dir. Columns differ between files and cells may be
// blank; rows are in any order, and those without a time are left out.
func readPetShop(dir, name string, n notes) (*petShopFile, error) {
	rows, lines, err := readRows(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	p := &petShopFile{table: table{name: name}}
	if len(rows) < headerRows {
		return nil, fmt.Errorf("%s: %d header rows, want %d: node, metric, statistic", p.name, len(rows), headerRows)
	}
	head := headerOrder(rows[:headerRows])
	if !slices.ContainsFunc(head[1], isMetric) {
		return nil, fmt.Errorf("%s: none of its %d header rows has the metrics latency, requests or availability", p.name, headerRows)
	}
	at := clockIndex(rows)
	for i := range max(len(head[0]), len(head[1]), len(head[2])) {
		var c petShopColumn
		if i != at {
			c = p.column(head, i, n)
		}
		p.columns = append(p.columns, c)
	}
	p.header = head[0]
	for i, row := range rows[headerRows:] {
		if strings.Join(row, "") == "" {
			continue
		}
		p.rows, p.lines = append(p.rows, row), append(p.lines, lines[headerRows+i])
	}
	p.choose(n)
	p.tidy(n)
	if err := p.order(at, n); err != nil {
		return nil, err
	}
	return p, nil
}

// column is what the header says of a column.
func (p *petShopFile) column(head [headerRows][]string, i int, n notes) petShopColumn {
	text := func(k int) string {
		if i < len(head[k]) {
			return head[k][i]
		}
		return ""
	}
	bare, unit, ok := unitOf(text(1))
	if !ok {
		bare, unit = text(1), nsPerSecond
	}
	c := petShopColumn{node: text(0), metric: plain(bare), statistic: text(2), unit: unit}
	_, quantile := statisticOrder(c.statistic)
	switch {
	case c.node == "" && c.metric == "" && c.statistic == "":
	case c.node == "", !isMetric(bare), c.metric == Latency && !quantile && !isAverage(c.statistic):
		n.at("columns that are not read: no latency, requests or availability, or no average and no quantile",
			fmt.Sprintf("%s column %d (%s, %s, %s)", p.name, i+1, c.node, text(1), c.statistic))
		c.node = ""
	}
	return c
}

// choose leaves one column of each statistic of latency, and one of requests and
// availability: of requests the sum, of others the first.
func (p *petShopFile) choose(n notes) {
	taken := make(map[petShopColumn]int)
	for i := range p.columns {
		c := &p.columns[i]
		if c.node == "" {
			continue
		}
		key := petShopColumn{node: c.node, metric: c.metric}
		if c.metric == Latency {
			key.statistic = plain(c.statistic)
		}
		was, twice := taken[key]
		if !twice {
			taken[key] = i
			continue
		}
		lost := i
		if c.metric == "requests" && strings.EqualFold(c.statistic, "sum") && !strings.EqualFold(p.columns[was].statistic, "sum") {
			taken[key], lost = i, was
		}
		d := &p.columns[lost]
		n.at("columns of what another column has, not read", fmt.Sprintf("%s column %d (%s, %s, %s)", p.name, lost+1, d.node, d.metric, d.statistic))
		d.node = ""
	}
}

// tidy makes cells that cannot be used missing.
func (p *petShopFile) tidy(n notes) {
	for i := range p.columns {
		switch c := &p.columns[i]; {
		case c.node == "":
		case c.metric == Latency:
			p.clean([]int{i}, mostLatency/c.unit, n)
		default:
			p.clean([]int{i}, mostNumber, n)
		}
	}
	for i, row := range p.rows {
		if len(row) < len(p.columns) && i > 0 { // the first may name the index
			n.at("rows shorter than the header, what they lack is missing", p.where(i, -1))
		}
	}
}

// order sorts the rows by the time in a column, and drops those without one and
// those of a time that there is a row of.
func (p *petShopFile) order(at int, n notes) error {
	type row struct {
		index int
		start int64
	}
	var rows []row
	for i := range p.rows {
		if at >= len(p.rows[i]) || p.rows[i][at] == "" {
			n.at("rows without a time", p.where(i, -1))
			continue
		}
		when, err := parseClock(p.rows[i][at])
		if err != nil {
			if i > 0 { // else the name of the index
				n.at("rows without a time", p.where(i, at))
			}
			continue
		}
		rows = append(rows, row{i, when.UnixNano()})
	}
	if len(rows) == 0 {
		return fmt.Errorf("%s: no rows with a time in column %d: seconds since 1970, or 2006-01-02 15:04:05 in UTC", p.name, at+1)
	}
	later := func(a, b row) int { return cmp.Compare(a.start, b.start) }
	if !slices.IsSortedFunc(rows, later) {
		n.at("files whose rows were in no order of time", p.name)
		slices.SortStableFunc(rows, later)
	}
	var keep []int
	for i, r := range rows {
		if i > 0 && r.start == rows[i-1].start {
			n.at("rows in a window that has one", p.where(r.index, at))
			continue
		}
		keep = append(keep, r.index)
		p.starts = append(p.starts, r.start)
	}
	p.table = *p.take(keep)
	return nil
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
