package recorded

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	calmFile   = "noissue/metrics.csv"
	issueFile  = "train/issue_0/metrics.csv"
	targetFile = "train/issue_0/target.json"
)

// everyFile changes all three metrics.csv of the scenario.
func everyFile(t *testing.T, dir string, change func([][]string) [][]string) {
	t.Helper()
	records(t, dir, "*/issue_*/metrics.csv", change)
	records(t, dir, calmFile, change)
}

// TestLoadPetShop_forms reads the same scenario in other forms: the same set comes
// out.
func TestLoadPetShop_forms(t *testing.T) {
	want, err := LoadPetShop(scenario(t))
	require.NoError(t, err)
	const inNoOrder = "files whose rows were in no order of time: 3, first noissue/metrics.csv"
	for name, c := range map[string]struct {
		change func(dir string)
		noted  []string
	}{
		"CRLF, byte order mark": {func(dir string) {
			for _, f := range []string{"*/issue_*/metrics.csv", calmFile, "graph.csv"} {
				edit(t, dir, f, func(s string) string { return "\ufeff" + strings.ReplaceAll(s, "\n", "\r\n") })
			}
		}, nil},
		"order of rows": {func(dir string) {
			everyFile(t, dir, func(r [][]string) [][]string { return shuffled(r, headerRows+1) })
		}, []string{inNoOrder}},
		"no name of the index": {func(dir string) {
			everyFile(t, dir, func(r [][]string) [][]string { return append(r[:headerRows:headerRows], r[headerRows+1:]...) })
		}, nil},
		"header: metric, statistic, node": {func(dir string) {
			everyFile(t, dir, func(r [][]string) [][]string { r[0], r[1], r[2] = r[1], r[2], r[0]; return r })
		}, nil},
		"header: statistic, node, metric": {func(dir string) {
			everyFile(t, dir, func(r [][]string) [][]string { r[0], r[1], r[2] = r[2], r[0], r[1]; return r })
		}, nil},
		"time in the last column": {func(dir string) {
			everyFile(t, dir, func(r [][]string) [][]string {
				for i := range r {
					r[i] = append(r[i][1:], r[i][0])
				}
				return r
			})
		}, []string{"columns that are not read: no latency"}},
		"milliseconds": {func(dir string) {
			everyFile(t, dir, func(r [][]string) [][]string {
				for i := headerRows + 1; i < len(r); i++ {
					for k := range r[i] {
						if r[1][k] == "latency" && r[i][k] != "" {
							r[i][k] += "e3"
						}
					}
				}
				for k := range r[1] {
					r[1][k] = strings.ReplaceAll(r[1][k], "latency", "Latency (ms)")
				}
				return r
			})
		}, []string{"columns that are not read: no latency"}},
		"target in a list": {func(dir string) {
			edit(t, dir, targetFile, func(s string) string { return "[" + s + "]" })
		}, nil},
		"time of the target": {func(dir string) {
			edit(t, dir, targetFile, func(s string) string { return strings.Replace(s, "86850", `"86850"`, 1) })
		}, []string{}},
		"graph above": {func(dir string) {
			low := filepath.Join(dir, "low")
			require.NoError(t, os.MkdirAll(low, 0o750))
			for _, d := range []string{"noissue", "train", "test"} {
				require.NoError(t, os.Rename(filepath.Join(dir, d), filepath.Join(low, d)))
			}
		}, nil},
		"requests twice": {func(dir string) {
			records(t, dir, calmFile, func(r [][]string) [][]string {
				for i := range r {
					r[i] = append(r[i], [...]string{"site", "requests", "Average", ""}[min(i, headerRows)])
					if i > headerRows && r[i][0] != "" {
						r[i][len(r[i])-1] = "1"
					}
				}
				return r
			})
		}, []string{"columns of what another column has, not read: 1, first noissue/metrics.csv column 14 (site, requests, Average)"}},
		"row twice": {func(dir string) {
			edit(t, dir, issueFile, func(s string) string { return s + "86400.0,1,9,,,1,9,9\n" })
		}, []string{"files whose rows were in no order of time: 1", "rows in a window that has one: 1, first train/issue_0/metrics.csv line 10 column 1"}},
	} {
		dir := scenario(t)
		c.change(dir)
		if name == "graph above" {
			dir = filepath.Join(dir, "low")
		}
		got, err := LoadPetShop(dir)
		require.NoError(t, err, name)
		sameBut(t, want, got, name, c.noted...)
	}
}

// TestLoadPetShop_lost reads a scenario of which something cannot be used.
func TestLoadPetShop_lost(t *testing.T) {
	replace := func(file, old, by string) func(dir string) {
		return func(dir string) {
			edit(t, dir, file, func(s string) string {
				require.Contains(t, s, old)
				return strings.Replace(s, old, by, 1)
			})
		}
	}
	for name, c := range map[string]struct {
		change func(dir string)
		noted  string
	}{
		"no number":      {replace(calmFile, "99.0", "abc"), `cells that are no number, taken as missing: 1, first noissue/metrics.csv line 6 column 7 (site): "abc"`},
		"below zero":     {replace(calmFile, "0.12", "-1"), "cells below zero, taken as missing: 1"},
		"no time":        {replace(issueFile, "86700.0", "later"), `rows without a time: 1, first train/issue_0/metrics.csv line 6 column 1 (microservice): "later"`},
		"short row":      {replace(issueFile, ",300,,", ""), "rows shorter than the header, what they lack is missing: 1, first train/issue_0/metrics.csv line 9"},
		"idle node":      {replace("graph.csv", "unseen,0", "idle,0"), "nodes of the graph without metrics (idle"},
		"apart":          {replace("graph.csv", ",site,db,jobs,unseen\n", ",site,db,x,unseen\n"), "nodes of the graph without metrics (x): 1"},
		"graph":          {replace("graph.csv", "1.0", "yes"), `cells of the graph that are no number of a column, taken as no call: 1, first graph.csv line 2 column 3 (db): "yes"`},
		"root cause":     {replace(targetFile, `"db"`, `"ghost"`), "root causes without metrics, which nothing can name (train/issue_0: ghost): 1"},
		"target":         {replace(targetFile, `"site"`, `"ghost"`), "targets without metrics (train/issue_0: ghost): 1"},
		"symptom":        {replace(targetFile, `"latency"`, `"requests"`), `issues whose symptom is no latency and no availability, taken as latency: 1, first train/issue_0: "requests"`},
		"onset":          {replace(targetFile, "86850", "1686850000"), "issues left out, without a window after their onset: 1, first train/issue_0: onset 2023-06-15"},
		"steps":          {replace(issueFile, "86700.0", "86400.1"), ""},
		"no metrics.csv": {func(dir string) { require.NoError(t, os.Remove(filepath.Join(dir, filepath.FromSlash(issueFile)))) }, "issues without metrics.csv, left out: 1, first train/issue_0"},
		"no target.json": {func(dir string) { require.NoError(t, os.Remove(filepath.Join(dir, filepath.FromSlash(targetFile)))) }, "issues without target.json, left out: 1, first train/issue_0"},
		"minutes": {func(dir string) {
			write(t, dir, issueFile, petShop([]string{"site|requests|Sum"}, "86400,1", "86460,1", "86520,1", "87000,1", "87060,1"))
		}, "issues whose windows are not as long as those without issue: 1, first train/issue_0: 1m0s and 5m0s"},
	} {
		dir := scenario(t)
		c.change(dir)
		s, err := LoadPetShop(dir)
		require.NoError(t, err, name)
		assert.Contains(t, strings.Join(s.Notes, "\n"), c.noted, name)
		assert.NotEmpty(t, s.Normal, name)
	}
}

// TestLoadPetShop_steps reads windows of one minute, and a scenario with nothing
// but requests and their average latency.
func TestLoadPetShop_steps(t *testing.T) {
	dir := scenario(t)
	write(t, dir, calmFile, petShop([]string{"site|requests|Sum", "site|latency|Average"}, "864000,10,0.1", "864060,10,0.1", "864120,10,0.1"))
	s, err := LoadPetShop(dir)
	require.NoError(t, err)
	assert.Equal(t, int64(60), int64(s.Window.Seconds()))
	near(t, 0.1, servedBy(s.Normal[0], "site").Latency.Quantile(0.99), "the average")

	write(t, dir, calmFile, petShop([]string{"site|availability|Average", "site|latency|p50"}, "864000,100,0.1"))
	_, err = LoadPetShop(dir)
	require.ErrorContains(t, err, "no node has requests in noissue/metrics.csv: want")
	write(t, dir, calmFile, "a,b\nc,d\ne,f\n1,2\n")
	_, err = LoadPetShop(dir)
	require.ErrorContains(t, err, "none of its 3 header rows has the metrics latency, requests or availability")
	require.NoError(t, os.Remove(filepath.Join(dir, "graph.csv")))
	_, err = Load(dir)
	require.ErrorContains(t, err, "graph.csv: file does not exist: want a row per caller")
}
