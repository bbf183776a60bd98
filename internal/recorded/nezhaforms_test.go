package recorded

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var beijing = time.FixedZone("CST", 8*60*60)

// TestLoadNezha_forms reads the same day in other forms: the same set comes out.
func TestLoadNezha_forms(t *testing.T) {
	const pods, all = "metric/*_metric.csv", "metric/*.csv"
	want, err := LoadNezha(miniature(t))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		change func(dir string)
		noted  []string
	}{
		"CRLF": {func(dir string) {
			edit(t, dir, all, func(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "\r", ""), "\n", "\r\n") })
		}, nil},
		"byte order mark": {func(dir string) {
			edit(t, dir, all, func(s string) string { return "\ufeff" + s })
			edit(t, dir, "*.json", func(s string) string { return "\ufeff" + s })
		}, nil},
		"quoted": {func(dir string) {
			edit(t, dir, pods, func(s string) string {
				line, rest, _ := strings.Cut(s, "\n")
				return `"` + strings.ReplaceAll(line, ",", `","`) + "\"\n" + rest
			})
		}, nil},
		"blanks and case": {func(dir string) {
			cells(t, dir, pods, func(row, _ int, _, cell string) string {
				if row == 0 {
					cell = strings.ToUpper(strings.ReplaceAll(cell, "(", " ( "))
				}
				return " " + cell + " "
			})
		}, nil},
		"order of columns": {func(dir string) { records(t, dir, all, mirrored) }, nil},
		"order of rows": {
			func(dir string) { records(t, dir, all, func(r [][]string) [][]string { return shuffled(r, 1) }) },
			[]string{"files whose rows were in no order of time: 6, first big_store-579f59597d-wc2lz_metric.csv"},
		},
		"milliseconds": {func(dir string) {
			cells(t, dir, pods, func(row, _ int, header, cell string) string {
				if !strings.HasPrefix(header, serverLatency) {
					return cell
				}
				if row == 0 {
					return strings.ReplaceAll(cell, "(s)", "(ms)")
				}
				v, err := strconv.ParseFloat(cell, 64)
				require.NoError(t, err)
				return strconv.FormatFloat(v*1e3, 'g', -1, 64)
			})
		}, nil},
		"rows twice": {
			func(dir string) {
				edit(t, dir, "metric/front_service.csv", func(s string) string { return s + s[strings.LastIndex(s[:len(s)-1], "\n")+1:] })
			},
			[]string{"rows in a window that has one: 1, first front_service.csv line 22"},
		},
		"Beijing": {func(dir string) {
			cells(t, dir, pods, func(row, _ int, header, cell string) string {
				if header != colTime || row == 0 {
					return cell
				}
				when, err := parseTime(cell)
				require.NoError(t, err)
				return when.In(beijing).Format("2006-01-02 15:04:05.999999999 -0700 MST")
			})
		}, nil},
		"TimeStamp": {
			func(dir string) {
				cells(t, dir, pods, func(row, _ int, header, cell string) string {
					switch {
					case header == colTime && row == 0:
						return "TimeStamp"
					case header == colTimeStamp && row == 0:
						return "Other"
					case header == colTime:
						when, err := parseTime(cell)
						require.NoError(t, err)
						return strconv.FormatInt(when.UnixNano(), 10)
					}
					return cell
				})
			},
			[]string{"columns of pods that are not known, not read: 3, first", "files without a time in Time, of which TimeStamp is read: 3"},
		},
		"other words for missing": {func(dir string) {
			edit(t, dir, pods, func(s string) string { return strings.ReplaceAll(s, "NaN", "null") })
		}, nil},
		"pods of a service in one file": {func(dir string) {
			second := "metric/" + storePod2 + metricFileName
			rows := ""
			edit(t, dir, second, func(s string) string { _, rows, _ = strings.Cut(s, "\n"); return s })
			edit(t, dir, "metric/"+storePod+metricFileName, func(s string) string { return s + rows })
			edit(t, dir, second, func(string) string { return podHeader })
		}, []string{"files without rows: 1", "pods whose success is not recorded: 4"}},
		"list of faults": {func(dir string) {
			write(t, dir, "fault_list.json", `[{"type": "network_delay", "service": "big_store", "TIME": "2022-08-22T11:10:00+08:00"}]`)
			edit(t, dir, "fault_list.json", func(s string) string { return strings.ReplaceAll(s, `"big_store"`, `"`+storePod+`"`) })
		}, nil},
		"faults in two lists": {func(dir string) {
			write(t, dir, "2022-08-22-fault_list.json", `{"03": [{"inject_timestamp": 1661137800, "inject_pod": "`+storePod+`", "inject_type": "network_delay"}]}`)
		}, []string{"faults that are listed twice: 1", "faults without inject_time, of which inject_timestamp is read: 1, first fault 1 03"}},
	} {
		dir := miniature(t)
		c.change(dir)
		got, err := LoadNezha(dir)
		require.NoError(t, err, name)
		if name == "pods of a service in one file" {
			for i := range got.Normal { // a file without rows is a pod that never ran
				require.Len(t, got.Normal[i].RPCs, len(want.Normal[i].RPCs), name)
			}
		}
		sameBut(t, want, got, name, c.noted...)
	}
}
