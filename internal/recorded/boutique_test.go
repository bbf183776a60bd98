package recorded

import (
	"encoding/csv"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sage-rca/sage/internal/ingest"
	"github.com/sage-rca/sage/internal/window"
)

// recordings returns the directory of a recording, or skips where what it must
// hold is not there. It is looked for in $SAGE_DATA, else in shared/data beside the
// repository.
func recordings(t *testing.T, name, holds string) string {
	t.Helper()
	data := os.Getenv("SAGE_DATA")
	if data == "" {
		root, err := os.Getwd()
		require.NoError(t, err)
		for {
			if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
				break
			}
			up := filepath.Dir(root)
			require.NotEqual(t, root, up, "no go.mod above the test")
			root = up
		}
		data = filepath.Join(root, "..", "shared", "data")
	}
	dir := filepath.Join(data, filepath.FromSlash(name))
	if _, err := os.Stat(filepath.Join(dir, holds)); err != nil {
		t.Skipf("skipped: no recording in %s (set SAGE_DATA to the directory that holds %s)", dir, name)
	}
	return dir
}

// boutique returns the directory of the recording of Online Boutique, or skips.
func boutique(t *testing.T) string {
	t.Helper()
	return recordings(t, "nezha-online-boutique", "trace")
}

type edge struct{ caller, callee string }

// published returns the calls between services that the recording says there
// are: the rows of dependency.csv whose target is no address of a node.
func published(t *testing.T, dir string) map[edge]bool {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "metric", "dependency.csv"))
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	out := make(map[edge]bool)
	for _, row := range rows[1:] {
		if _, err := netip.ParseAddr(row[1]); err != nil {
			out[edge{row[0], row[1]}] = true
		}
	}
	return out
}

// census counts what is in the recording, by itself.
type census struct {
	service    map[nezhaID]string
	parents    map[nezhaID]nezhaID
	spans      int
	duplicates int
}

func (c *census) calls() map[edge]int {
	out := make(map[edge]int)
	for id, parent := range c.parents {
		if above, ok := c.service[parent]; ok && above != c.service[id] {
			out[edge{above, c.service[id]}]++
		}
	}
	return out
}

// lost counts what the ingester did not take as it came.
type lost struct {
	used           int
	refused, noted map[string]int
	windows        int
}

func (l *lost) SpansUsed(n int)              { l.used += n }
func (l *lost) SpansRefused(r string, n int) { l.refused[r] += n }
func (l *lost) SpansNoted(r string, n int)   { l.noted[r] += n }
func (l *lost) PointsUsed(int)               {}
func (l *lost) PointsRefused(string, int)    {}
func (l *lost) WindowRefused()               { l.windows++ }

// TestBoutique sends every recorded span through the ingester, and compares the
// calls between services that come out with those that the recording's authors
// published.
func TestBoutique(t *testing.T) {
	dir := boutique(t)
	want := published(t, dir)
	require.NotEmpty(t, want)

	// differences explains, edge by edge, what differs from dependency.csv. Each
	// reason is checked against the spans below.
	differences := map[edge]string{
		{"checkoutservice", "currencyservice"}: "no recorded span of the callee has its parent in the caller: " +
			"the caller's spans around these calls end there, so the calls were made but not recorded",
	}

	obs := &lost{refused: map[string]int{}, noted: map[string]int{}}
	got := make(map[edge]float64)
	entries := make(map[string]float64)
	served, snaps := 0.0, 0
	i, err := ingest.New(ingest.Config{
		Window: 30 * time.Second, Lateness: 10 * time.Second, MaxAge: time.Minute, Forget: time.Hour,
		Guard: ingest.DefaultGuard(),
		Limits: ingest.Limits{
			Services: 100, OperationsPerService: 100, PendingSpans: 200_000, TraceSpans: 10_000,
			Producers: 10_000, Instances: 1000, MetricStreams: 1000,
		},
		MaxPending: 1000,
	}, obs, func(s *window.Snapshot) bool {
		snaps++
		for _, e := range s.Edges {
			assert.False(t, e.Leaf, "%s", e.Key)
			got[edge{e.Key.Caller.Service.Name, e.Key.Callee.Service.Name}] += e.Count
		}
		for _, r := range s.RPCs {
			served += r.Count
			if r.Entries > 0 {
				entries[r.Key.Service.Name] += r.Entries
			}
		}
		return true
	})
	require.NoError(t, err)
	i.Start()

	c := census{service: make(map[nezhaID]string), parents: make(map[nezhaID]nezhaID)}
	for td, err := range NezhaTraces(filepath.Join(dir, "trace"), 1000) {
		require.NoError(t, err)
		td.MarkReadOnly()
		for _, rs := range td.ResourceSpans().All() {
			service, _ := rs.Resource().Attributes().Get("service.name")
			for _, s := range rs.ScopeSpans().At(0).Spans().All() {
				c.spans++
				id := nezhaID{s.TraceID(), s.SpanID()}
				if _, ok := c.service[id]; ok {
					c.duplicates++
				}
				c.service[id] = service.Str()
				if s.ParentSpanID() != (pcommon.SpanID{}) {
					c.parents[id] = nezhaID{s.TraceID(), s.ParentSpanID()}
				}
			}
		}
		i.Traces(td, time.Now()) // the recording is of 2022
	}
	require.NoError(t, i.Close(t.Context()))

	t.Logf("%d spans (%d of them twice), %d windows, %.0f requests served, entries %v", c.spans, c.duplicates, snaps, served, entries)
	t.Logf("refused %v, noted %v", obs.refused, obs.noted)

	calls := c.calls()
	seen := make(map[string]int)
	for e := range want {
		why, explained := differences[e]
		switch _, ok := got[e]; {
		case !ok && !explained:
			t.Errorf("%v is published and did not come out; %d such calls are recorded", e, calls[e])
		case !ok:
			assert.Zero(t, calls[e], "%v is explained by %q", e, why)
			t.Logf("%v did not come out: %s", e, why)
		default:
			assert.False(t, explained, "%v came out after all", e)
		}
		seen[e.caller]++
	}
	for e, n := range got {
		if e.caller != e.callee {
			assert.True(t, want[e], "%v came out (%.0f calls) and is not published", e, n)
		}
		assert.InDelta(t, calls[e], n, 0, "calls of %v", e)
	}
	for e := range differences {
		assert.True(t, want[e], "%v is explained but not published", e)
	}

	// Some minutes were recorded twice in part; nothing else may be refused.
	assert.Equal(t, map[string]int{"duplicate": c.duplicates}, obs.refused)
	assert.Empty(t, obs.noted)
	assert.Equal(t, c.spans, obs.used)
	assert.Zero(t, obs.windows)
	assert.Len(t, entries, 1, "requests come in at one service")
}
