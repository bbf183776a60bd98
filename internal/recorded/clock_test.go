package recorded

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseClock(t *testing.T) {
	want := time.Date(2022, 8, 22, 3, 51, 19, 0, time.UTC)
	for _, s := range []string{
		"2022-08-22 03:51:19 +0000 UTC m=+0.113112869",
		"2022-08-22 11:51:19 +0800 CST",
		"2022-08-22 11:51:19 +0800",
		"2022-08-22 05:51:19+02:00",
		"2022-08-22T03:51:19",
		"2022-08-22T05:51:19+0200",
		"2022/08/22 03:51:19",
		"1661140279", "1661140279.0", "1661140279000", "1661140279000000", "1661140279000000000",
	} {
		got, err := parseClock(s)
		require.NoError(t, err, s)
		assert.Equal(t, want, got, s)
	}
	got, err := parseClock("1661140279.25")
	require.NoError(t, err)
	assert.Equal(t, want.Add(250*time.Millisecond), got)
	for _, s := range []string{"", "soon", "-5", "NaN", "Inf", "1e300", "22.08.2022 03:51", "0001-01-01 00:00:00", "9999-01-01 00:00:00"} {
		_, err := parseClock(s)
		require.ErrorContains(t, err, "write it as", s)
	}
}

func TestClockColumn(t *testing.T) {
	for name, c := range map[string]struct {
		header []string
		row    []string
		want   int
		noted  bool
	}{
		"Time":                {[]string{"a", "Time", "TimeStamp"}, []string{"", "2022-08-22 03:51:19", "1861140279"}, 1, false},
		"Time after":          {[]string{"TimeStamp", "time"}, []string{"1861140279", "2022-08-22 03:51:19"}, 1, false},
		"no Time":             {[]string{"PodName", "TimeStamp"}, []string{"x", "1661140279"}, 1, true},
		"Time without a time": {[]string{"Time", "TimeStamp"}, []string{"NaN", "1661140279"}, 1, true},
		"Time alone":          {[]string{"Time"}, []string{"NaN"}, 0, false},
	} {
		n := notes{}
		got, err := (&table{name: "x.csv", header: c.header, rows: [][]string{c.row}}).clockColumn(n)
		require.NoError(t, err, name)
		assert.Equal(t, c.want, got, name)
		assert.Equal(t, c.noted, len(n) > 0, name)
	}
	_, err := (&table{name: "x.csv", header: []string{"a;Time"}}).clockColumn(notes{})
	require.ErrorContains(t, err, `x.csv: no column Time (as 2006-01-02 15:04:05, in UTC) among ["a;Time"]`)
}
