package recorded

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// table is a CSV file with one header line.
type table struct {
	name   string // of the file
	header []string
	rows   [][]string
}

// readTable reads a CSV file. Names in the header may be surrounded by blanks,
// carriage returns or a byte order mark; rows may be shorter or longer than it.
func readTable(file string) (*table, error) {
	rows, err := readRows(file)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%s: no header", filepath.Base(file))
	}
	return &table{name: filepath.Base(file), header: rows[0], rows: rows[1:]}, nil
}

func readRows(file string) ([][]string, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\ufeff"))))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(file), err)
	}
	for _, row := range rows {
		for i := range row {
			row[i] = strings.TrimSpace(row[i])
		}
	}
	return rows, nil
}

// column returns the index of a column whatever the case of its name, -1 where
// there is none.
func (t *table) column(name string) int {
	for i, h := range t.header {
		if strings.EqualFold(h, name) {
			return i
		}
	}
	return -1
}

// cell returns a number, NaN where there is none: a blank, "NaN", a short row, a
// column -1.
func cell(row []string, column int) float64 {
	if column < 0 || column >= len(row) {
		return math.NaN()
	}
	v, err := strconv.ParseFloat(row[column], 64)
	if err != nil || math.IsInf(v, 0) {
		return math.NaN()
	}
	return v
}

// parseTime reads a time as the recordings write it: UTC, with or without a
// fraction, a zone and what Go prints of a monotonic clock.
func parseTime(s string) (time.Time, error) {
	s, _, _ = strings.Cut(s, " m=")
	for _, layout := range []string{"2006-01-02 15:04:05 -0700 MST", time.RFC3339, "2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil { // a fraction is accepted by all
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time", s)
}
