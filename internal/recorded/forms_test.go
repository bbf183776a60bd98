package recorded

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// edit changes all files below dir that match a pattern.
func edit(t *testing.T, dir, pattern string, change func(string) string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern)))
	require.NoError(t, err)
	require.NotEmpty(t, files, pattern)
	for _, f := range files {
		raw, err := os.ReadFile(f)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(f, []byte(change(string(raw))), 0o600))
	}
}

// records changes the records of CSV files.
func records(t *testing.T, dir, pattern string, change func([][]string) [][]string) {
	t.Helper()
	edit(t, dir, pattern, func(s string) string {
		r := csv.NewReader(strings.NewReader(s))
		r.FieldsPerRecord = -1
		rows, err := r.ReadAll()
		require.NoError(t, err)
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		require.NoError(t, w.WriteAll(change(rows)))
		return b.String()
	})
}

// cells changes each cell, given its row, column and the header.
func cells(t *testing.T, dir, pattern string, change func(row, column int, header, cell string) string) {
	t.Helper()
	records(t, dir, pattern, func(rows [][]string) [][]string {
		header := slices.Clone(rows[0])
		for i := range rows {
			for k := range rows[i] {
				h := ""
				if k < len(header) {
					h = strings.TrimSpace(header[k])
				}
				rows[i][k] = change(i, k, h, rows[i][k])
			}
		}
		return rows
	})
}

// shuffled returns rows after the first so many in another order.
func shuffled(rows [][]string, head int) [][]string {
	slices.Reverse(rows[head:])
	if n := len(rows); n > head+2 {
		rows[head], rows[n-2] = rows[n-2], rows[head]
	}
	return rows
}

// mirrored returns rows with their columns the other way around.
func mirrored(rows [][]string) [][]string {
	width := 0
	for _, row := range rows {
		width = max(width, len(row))
	}
	for i, row := range rows {
		row = append(row, make([]string, width-len(row))...)
		slices.Reverse(row)
		rows[i] = row
	}
	return rows
}

// sameBut asserts that two sets have nothing different but notes, and which ones
// the second has that the first has not.
func sameBut(t *testing.T, want, got *Set, name string, noted ...string) {
	t.Helper()
	var more []string
	for _, n := range got.Notes {
		if !slices.Contains(want.Notes, n) {
			more = append(more, n)
		}
	}
	require.Len(t, more, len(noted), "%s: %q", name, more)
	for i, n := range noted {
		assert.Contains(t, more[i], n, name)
	}
	a, b := *want, *got
	a.Notes, b.Notes, a.Name, b.Name = nil, nil, "", ""
	assert.Equal(t, a, b, name)
}
