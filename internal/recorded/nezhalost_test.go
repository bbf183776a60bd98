package recorded

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLoadNezha_lost reads a day of which something cannot be used: the rest is
// used, and a note says what was not, and where.
func TestLoadNezha_lost(t *testing.T) {
	web := "metric/" + webPod + metricFileName
	put := func(column, value string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			cells(t, dir, web, func(row, _ int, header, cell string) string {
				if row == 2 && header == column {
					return value
				}
				return cell
			})
		}
	}
	remove := func(name string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			require.NoError(t, os.Remove(filepath.Join(dir, filepath.FromSlash(name))))
		}
	}
	rename := func(from, to string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			edit(t, dir, web, func(s string) string { return strings.Replace(s, from, to, 1) })
		}
	}
	faults := func(pod, when string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			write(t, dir, "more_fault_list.json", `[{"inject_time": "`+when+`", "inject_pod": "`+pod+`", "inject_type": "cpu"}]`)
		}
	}
	for name, c := range map[string]struct {
		change func(t *testing.T, dir string)
		noted  string
	}{
		"no number":       {put("CpuUsage(m)", "abc"), `cells that are no number, taken as missing: 1, first ` + webPod + `_metric.csv line 3 column 4 (CpuUsage(m)): "abc"`},
		"infinite":        {put("PodServerLatencyP90(s)", "+Inf"), "cells that are infinite, taken as missing: 1, first " + webPod + "_metric.csv line 3 column 11"},
		"below zero":      {put("PodServerLatencyP90(s)", "-0.1"), "cells below zero, taken as missing: 1"},
		"too large":       {put("PodServerLatencyP90(s)", "1e290"), "cells too large to be true, taken as missing: 1"},
		"no requests":     {put("PodWorkload(Ops)", "-3"), "cells below zero, taken as missing: 1"},
		"no time":         {put("Time", "soon"), `rows without a time: 1, first ` + webPod + `_metric.csv line 3 column 1 (Time): "soon"`},
		"no unit":         {rename("PodServerLatencyP90(s)", "PodServerLatencyP90"), "latencies not read, since their columns have no unit: name it as in PodServerLatencyP99(s): 1, first " + webPod + "_metric.csv column 11 (PodServerLatencyP90)"},
		"less than p99":   {rename("PodServerLatencyP99(s)", "x"), "pods whose latency is recorded up to less than p99: 1, first " + webPod},
		"other column":    {rename("SyscallRead", "Threads"), "columns of pods that are not known, not read: 1, first " + webPod + "_metric.csv column 7 (Threads)"},
		"no workload":     {rename("PodWorkload(Ops)", "Load"), "pods without a column PodWorkload(Ops), whose requests are not known: 1, first " + webPod},
		"column twice":    {rename("SyscallRead", "CpuUsage(m)"), `columns that have the name of one before them, not read: 1, first ` + webPod + `_metric.csv, column 7 "CpuUsage(m)"`},
		"short row":       {rename(",0,25\n", "\n"), "rows shorter than the header, what they lack is missing: 1, first " + webPod + "_metric.csv line 2"},
		"long row":        {rename(",0,25\n", ",0,25,9\n"), "rows longer than the header, what is beyond it is not read: 1, first " + webPod + "_metric.csv line 2"},
		"no medians":      {remove("metric/source_50.csv"), "no source_50.csv: 1"},
		"no medians 2":    {remove("metric/destination_50.csv"), "no destination_50.csv: 1"},
		"no dependencies": {remove("metric/dependency.csv"), "no dependency.csv: 1"},
		"no front":        {remove("metric/front_service.csv"), "no front_service.csv: 1"},
		"no faults":       {remove("fault_list.json"), "no *fault_list.json, so that nothing is known to have been wrong: 1"},
		"unknown pod":     {faults("ghost-5f65-bbbb1", "2022-08-22 03:18:00"), "faults of services without metrics, which nothing can name (ghost-5f65-bbbb1): 1"},
		"next day":        {faults(webPod, "2022-08-23 03:18:00"), "faults left out, since no window is recorded in which they act (are their times UTC?): 1, first 03:18:00 " + webPod + ", windows from 2022-08-22 03:00:19 to 2022-08-22 03:19:19"},
		"at once":         {faults(webPod, "2022-08-22 03:11:00"), "windows in which several faults act, and each has: "},
	} {
		dir := miniature(t)
		c.change(t, dir)
		s, err := LoadNezha(dir)
		require.NoError(t, err, name)
		assert.Contains(t, strings.Join(s.Notes, "\n"), c.noted, name)
		assert.NotEmpty(t, s.Normal, name)
	}
}

// TestLoadNezha_gap reads a day with a gap of five hours, and one whose hours are
// too many to be true.
func TestLoadNezha_gap(t *testing.T) {
	dir := miniature(t)
	later := func(rows string) func(string) string {
		return func(s string) string { return strings.ReplaceAll(s, rows, "2022-08-22 08:1") }
	}
	edit(t, dir, "metric/*.csv", later("2022-08-22 03:1"))
	s, err := LoadNezha(dir)
	require.NoError(t, err)
	assert.Len(t, s.Normal, 20, "none of the gap")
	assert.Contains(t, strings.Join(s.Notes, "\n"), "windows without rows: 300")
	assert.Contains(t, strings.Join(s.Notes, "\n"), "faults left out")

	edit(t, dir, "metric/"+webPod+metricFileName, func(s string) string { return strings.Replace(s, "2022-08-22 03:00", "1999-08-22 03:00", 1) })
	_, err = LoadNezha(dir)
	require.ErrorContains(t, err, "from 1999-08-22 03:00:19 ("+webPod+"_metric.csv line 2) to 2022-08-22 08:19:20 (")
	require.ErrorContains(t, err, "correct these times, or split the recording")
}

// TestLoadNezha_says refuses what cannot be used at all with the place and what is
// wanted.
func TestLoadNezha_says(t *testing.T) {
	for name, c := range map[string]struct{ file, content, want string }{
		"list":         {"fault_list.json", "{\n  \"03\": [,]}", "fault_list.json line 2 column 10: invalid character ','"},
		"shape":        {"fault_list.json", `{"03": 5}`, "want a list of faults, or lists by hour"},
		"time":         {"fault_list.json", `{"03": [{"inject_time": "soon"}]}`, `fault_list.json: fault 1 03: inject_time: "soon" is no time: write it as`},
		"pod":          {"fault_list.json", `[{"inject_time": "2022-08-22 03:10:00"}]`, "fault 1: no inject_pod: name the pod"},
		"causes":       {"root_cause_x.json", `{"web": [1]}`, "root_cause_x.json line 1 column 9"},
		"dependencies": {"metric/dependency.csv", "a,b\n1,2\n", `dependency.csv: no columns Source and Target, of the caller and the callee, among ["a" "b"]`},
		"quote":        {"metric/source_50.csv", "Time,\"a\nb,c\n", "source_50.csv: record on line 1; parse error on line 2, column 5"},
		"empty":        {"metric/" + webPod + metricFileName, "", webPod + "_metric.csv: no header: its first line must name the columns"},
		"semicolons":   {"metric/" + webPod + metricFileName, "Time;PodName\n", `no column Time (as 2006-01-02 15:04:05, in UTC) among ["Time;PodName"]`},
	} {
		dir := miniature(t)
		write(t, dir, c.file, c.content)
		_, err := LoadNezha(dir)
		require.ErrorContains(t, err, c.want, name)
	}
	dir := miniature(t)
	edit(t, dir, "metric/*_metric.csv", func(s string) string { return strings.ReplaceAll(s, "PodWorkload(Ops)", "Load") })
	_, err := LoadNezha(dir)
	require.ErrorContains(t, err, "no service has requests: in")
	require.ErrorContains(t, err, "pods without a column PodWorkload(Ops), whose requests are not known: 3")
}
