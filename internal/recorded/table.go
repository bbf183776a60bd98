package recorded

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// table is a CSV file with one header line.
type table struct {
	name   string // of the file
	header []string
	rows   [][]string
	lines  []int // in the file, of each row
}

// readTable reads a CSV file. Names in the header may be surrounded by blanks,
// carriage returns or a byte order mark; rows may be shorter or longer than it,
// which is noted.
func readTable(file string, n notes) (*table, error) {
	rows, lines, err := readRows(file)
	if err != nil {
		return nil, err
	}
	name := filepath.Base(file)
	if len(rows) == 0 {
		return nil, fmt.Errorf("%s: no header: its first line must name the columns, separated by commas", name)
	}
	t := &table{name: name, header: rows[0], rows: rows[1:], lines: lines[1:]}
	seen := make(map[string]bool)
	for i, h := range t.header {
		if seen[plain(h)] && h != "" {
			n.at("columns that have the name of one before them, not read", fmt.Sprintf("%s, column %d %q", name, i+1, h))
		}
		seen[plain(h)] = true
	}
	for i, row := range t.rows {
		switch {
		case len(row) < len(t.header):
			n.at("rows shorter than the header, what they lack is missing", t.where(i, -1))
		case len(row) > len(t.header) && strings.Join(row[len(t.header):], "") != "":
			n.at("rows longer than the header, what is beyond it is not read", t.where(i, -1))
		}
	}
	return t, nil
}

// readRows reads all records of a CSV file, without surrounding blanks, and the
// lines that they begin in.
func readRows(file string) (rows [][]string, lines []int, err error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	r := csv.NewReader(bytes.NewReader(withoutMark(raw)))
	r.FieldsPerRecord = -1
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, lines, nil
		}
		if err != nil { // has the line and the column
			return nil, nil, fmt.Errorf("%s: %w: a field with quotes must be in quotes, and they doubled", filepath.Base(file), err)
		}
		for i := range row {
			row[i] = strings.TrimSpace(row[i])
		}
		line, _ := r.FieldPos(0)
		rows, lines = append(rows, row), append(lines, line)
	}
}

// withoutMark returns a text without its byte order mark.
func withoutMark(raw []byte) []byte { return bytes.TrimPrefix(raw, []byte("\ufeff")) }

// plain is a column's name as it is compared: in lower case, without blanks.
func plain(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), "")) }

// column returns the index of a column whatever the case and the blanks of its
// name, -1 where there is none.
func (t *table) column(name string) int {
	for i, h := range t.header {
		if name != "" && plain(h) == plain(name) {
			return i
		}
	}
	return -1
}

// where names a cell, or a row where column is -1.
func (t *table) where(row, column int) string {
	at := fmt.Sprintf("%s line %d", t.name, t.lines[row])
	if column < 0 || column >= len(t.rows[row]) {
		return at
	}
	at += fmt.Sprintf(" column %d", column+1)
	if column < len(t.header) {
		at += fmt.Sprintf(" (%s)", t.header[column])
	}
	return at + fmt.Sprintf(": %q", t.rows[row][column])
}

// take returns the table with some of its rows.
func (t *table) take(rows []int) *table {
	out := &table{name: t.name, header: t.header}
	for _, i := range rows {
		out.rows, out.lines = append(out.rows, t.rows[i]), append(out.lines, t.lines[i])
	}
	return out
}
