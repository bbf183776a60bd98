package recorded

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// petShop writes a metrics.csv from columns "node|metric|statistic" and rows; a
// row of index names follows the header.
func petShop(columns []string, rows ...string) string {
	var lines [headerRows]string
	for k, title := range [headerRows]string{"microservice", "metric", "statistic"} {
		lines[k] = title
		for _, c := range columns {
			lines[k] += "," + strings.Split(c, "|")[k]
		}
	}
	index := "unix_timestamp" + strings.Repeat(",", len(columns))
	return strings.Join(append(lines[:], append([]string{index}, rows...)...), "\n") + "\n"
}

var fiveColumns = []string{
	"site|latency|Average", "site|latency|p99", "site|latency|p90", "site|latency|p50", "site|requests|Sum", "site|availability|Average",
	"db|latency|p50", "db|latency|p99", "db|requests|Sum", "db|latency|max",
	"jobs|latency|p50", "jobs|requests|Sum",
}

// scenario writes a scenario of three days: site calls db and, without waiting,
// jobs.
func scenario(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "graph.csv", ",site,db,jobs,unseen\nsite,0.0,1.0,1.0,1.0\ndb,0.0,0.0,0.0,0.0\njobs,0,0,0,0\nunseen,0,0,0,0\n")
	write(t, dir, "noissue/metrics.csv", petShop(fiveColumns,
		"864000.0,0.12,0.4,0.2,0.1,300,100.0,0.02,0.06,600,9,8.0,30",
		"864300.0,0.12,0.4,0.2,0.1,300,99.0,0.02,0.06,600,9,8.0,30",
		"864600.0,0.12,0.4,0.2,0.1,300,100.0,,,,,8.0,30", // db was not called
		",,,,,,,,,,,,",
	))
	// Recorded before; the columns are others, in another order.
	write(t, dir, "train/issue_0/metrics.csv", petShop(
		[]string{"db|requests|Sum", "db|latency|p50", "unseen|requests|Sum", "unseen|latency|Average", "site|requests|Sum", "site|latency|p50", "site|latency|p99"},
		"86400.0,600,0.02,,,300,0.1,0.4",
		"86700.0,600,0.02,,,300,0.1,0.4",
		"87000.0,600,0.05,50,0.7,300,0.2,0.8",
		"87300.0,600,0.05,,,300,0.2,0.8",
		"87600.0,600,0.05,,,300,,",
	))
	write(t, dir, "train/issue_0/target.json", `{"target": {"node": "site", "metric": "latency", "agg": "Average", "timestamp": 86850},
		"root_cause": {"node": "db", "metric": null}}`)
	write(t, dir, "test/issue_3/metrics.csv", petShop([]string{"site|availability|Average", "site|requests|Sum", "site|latency|p50"},
		"43200.0,100.0,300,0.1", "43500.0,97.0,300,0.1"))
	write(t, dir, "test/issue_3/target.json", `{"target": {"node": "site", "metric": "availability", "timestamp": 43500.0},
		"root_cause": [{"node": "db"}, {"node": "jobs"}]}`)
	return dir
}

func starts(windows []*window.Snapshot) (out []int64) {
	for _, w := range windows {
		out = append(out, w.Start/int64(time.Second))
	}
	return out
}

func TestLoadPetShop(t *testing.T) {
	s, err := LoadPetShop(scenario(t))
	require.NoError(t, err)
	assert.Equal(t, 5*time.Minute, s.Window)
	assert.Equal(t, operationOf("site"), s.Entry)

	// 864600 + 300 s is set back to before 43200 s: by ten days.
	assert.Equal(t, []int64{0, 300, 600}, starts(s.Normal))
	w := s.Normal[1]
	assert.Equal(t, int64(5*time.Minute), w.End-w.Start)
	site, db := servedBy(w, "site"), servedBy(w, "db")
	assert.InDelta(t, 300, site.Count, 0)
	assert.InDelta(t, 300, site.Entries, 0)
	assert.InDelta(t, 3, site.Errors, 1e-9, "availability of 99 %")
	near(t, 0.1, site.Latency.Quantile(0.5), "p50")
	near(t, 0.2, site.Latency.Quantile(0.9), "p90")
	near(t, 0.4, site.Latency.Quantile(0.99), "p99")
	near(t, 0.06, db.Latency.Quantile(0.99), "max is none of its quantiles")
	near(t, 0.1-2*0.02+0.02, site.Exclusive.Quantile(0.5), "own: one of db's medians within the median")
	assert.Empty(t, w.Resources)

	// Two calls of db for each request, 0.1 of jobs. A tenth of the requests cannot
	// wait for the 8 s of jobs where p95 is less than 0.4 s.
	require.Len(t, w.Edges, 2)
	toDB, toJobs := w.Edges[0], w.Edges[1]
	assert.Equal(t, operationOf("db"), toDB.Key.Callee)
	assert.InDelta(t, 600, toDB.Count, 1e-9)
	assert.False(t, toDB.Async)
	assert.True(t, toJobs.Async)
	o := feature.Structure(w)
	assert.True(t, o.Calls[0].Unseen, "the callee's latency causes its caller's")
	assert.False(t, o.Calls[0].Network)
	assert.Equal(t, []identity.RPC{operationOf("site")}, o.Entries)

	assert.Nil(t, servedBy(s.Normal[2], "db"), "blank")
	assert.Len(t, s.Normal[2].Edges, 1)

	require.Len(t, s.Incidents, 2)
	down, slow := s.Incidents[0], s.Incidents[1] // in order of onset
	assert.Equal(t, []int64{43500}, starts(down.Windows))
	assert.Equal(t, []int64{43200}, starts(down.Before))
	assert.InDelta(t, 9, servedBy(down.Windows[0], "site").Errors, 1e-9)
	down.Windows, down.Before = nil, nil
	assert.Equal(t, Incident{
		Name: "test/issue_3", Fault: "availability", Symptom: Availability, Entry: s.Entry, Quantile: 0.95,
		Services: []identity.Service{{Name: "db"}, {Name: "jobs"}}, Mechanism: "error_rate",
	}, down)

	assert.Equal(t, []int64{87000, 87300, 87600}, starts(slow.Windows))
	assert.Equal(t, []int64{86400}, starts(slow.Before), "the issue sets in within the window of 86700")
	near(t, 0.05, servedBy(slow.Windows[0], "db").Latency.Quantile(0.5), "other columns")
	near(t, 0.7, servedBy(slow.Windows[0], "unseen").Latency.Quantile(0.5), "an average stands in")
	assert.Nil(t, servedBy(slow.Windows[1], "unseen"))
	assert.Zero(t, servedBy(slow.Windows[2], "site").Latency.Count())
	assert.InDelta(t, 300, servedBy(slow.Windows[2], "site").Count, 0)
	assert.Empty(t, slow.Mechanism)
	assert.Equal(t, Latency, slow.Symptom)

	assert.Equal(t, []string{
		"calls that are not waited for (site > jobs): 1",
		"columns that are not read: no latency, requests or availability, or no average and no quantile: 1, first noissue/metrics.csv column 11 (db, latency, max)",
		"days by which the windows without issue are set back: 10",
		"nodes of windows with an average and no quantiles: 1",
		"windows in which an issue sets in: 1",
	}, s.Notes)
}

func TestLoadPetShop_refuses(t *testing.T) {
	_, err := LoadPetShop(t.TempDir())
	require.ErrorContains(t, err, "graph.csv")
	for name, c := range map[string]struct{ file, content, want string }{
		"no nodes":   {"graph.csv", ",a\n", "no nodes"},
		"header":     {"noissue/metrics.csv", "a\nb\n", "2 header rows"},
		"rows":       {"noissue/metrics.csv", petShop(fiveColumns), "no rows"},
		"no columns": {"train/issue_0/metrics.csv", "\"", "issue_0"},
		"target":     {"train/issue_0/target.json", "{", "target.json"},
		"time":       {"train/issue_0/target.json", `{"target": {}, "root_cause": {"node": "db"}}`, "timestamp"},
		"no cause":   {"train/issue_0/target.json", `{"target": {"timestamp": 1}, "root_cause": {}}`, "no node"},
		"bad cause":  {"train/issue_0/target.json", `{"target": {"timestamp": 1}, "root_cause": "db"}`, "root_cause"},
	} {
		dir := scenario(t)
		write(t, dir, c.file, c.content)
		_, err := LoadPetShop(dir)
		require.ErrorContains(t, err, c.want, name)
	}
}

// TestLoadPetShop_onlyCalm reads a scenario without issues, which stays where it
// is in time.
func TestLoadPetShop_onlyCalm(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "graph.csv", ",site\nsite,0\n")
	write(t, dir, "noissue/metrics.csv", petShop(fiveColumns, "864000.0,0.12,0.4,0.2,0.1,300,100.0,,,,,,"))
	s, err := LoadPetShop(dir)
	require.NoError(t, err)
	assert.Equal(t, []int64{864000}, starts(s.Normal))
	assert.Equal(t, 5*time.Minute, s.Window)
	assert.Equal(t, []string{
		"columns that are not read: no latency, requests or availability, or no average and no quantile: 1, first noissue/metrics.csv column 11 (db, latency, max)",
		"no issues (train/issue_0/target.json), so that nothing is known to have been wrong: 1",
	}, s.Notes)
	assert.True(t, s.Entry.IsZero())
}
