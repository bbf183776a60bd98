package recorded

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseTime(t *testing.T) {
	want := time.Date(2022, 8, 22, 3, 51, 19, 0, time.UTC)
	for _, s := range []string{
		"2022-08-22 03:51:19 +0000 UTC m=+0.113112869",
		"2022-08-22 03:51:19 +0000 UTC",
		"2022-08-22 03:51:19",
		"2022-08-22T03:51:19Z",
		"2022-08-22T05:51:19+02:00",
	} {
		got, err := parseTime(s)
		require.NoError(t, err, s)
		assert.Equal(t, want, got, s)
	}
	got, err := parseTime("2022-08-22 03:51:19.607158889 +0000 UTC m=+0.113112869")
	require.NoError(t, err)
	assert.Equal(t, want.Add(607158889), got)
	for _, s := range []string{"", "1661140279", "22.08.2022 03:51"} {
		_, err := parseTime(s)
		require.Error(t, err, s)
	}
}

func TestReadTable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.csv")
	require.NoError(t, os.WriteFile(file, []byte("\ufeffa, b ,C\r\r\n1,NaN,\r\n2\r\n3,x,4,5\n"), 0o600))
	tab, err := readTable(file, notes{})
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b", "C"}, tab.header)
	assert.Equal(t, 2, tab.column("c"))
	assert.Equal(t, -1, tab.column("d"))
	require.Len(t, tab.rows, 3)
	assert.InDelta(t, 1, cell(tab.rows[0], 0), 0)
	assert.InDelta(t, 4, cell(tab.rows[2], 2), 0)
	for _, missing := range []float64{
		cell(tab.rows[0], 1), cell(tab.rows[0], 2), cell(tab.rows[1], 2), cell(tab.rows[2], 1),
		cell(tab.rows[0], -1), cell([]string{"+Inf"}, 0),
	} {
		assert.True(t, math.IsNaN(missing))
	}

	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = readTable(file, notes{})
	require.ErrorContains(t, err, "x.csv: no header")
	require.NoError(t, os.WriteFile(file, []byte("a\n\"b\n"), 0o600))
	_, err = readTable(file, notes{})
	require.ErrorContains(t, err, "x.csv")
}
