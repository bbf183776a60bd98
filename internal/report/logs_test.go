package report_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sage-rca/sage/internal/change"
	"github.com/sage-rca/sage/internal/engine"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/incident"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/report"
	"github.com/sage-rca/sage/internal/slo"
)

var options = report.Options{Engine: "rootcause", EventNameAttribute: true, Candidates: 3, Now: start}

// A golden file per kind of event; UPDATE=1 rewrites them.
func TestLogs_golden(t *testing.T) {
	for name, out := range examples() {
		t.Run(name, func(t *testing.T) { golden(t, name, report.Logs([]engine.Output{out}, options)) })
	}
}

// golden compares records with the file of a name.
func golden(t *testing.T, name string, ld plog.Logs) {
	t.Helper()
	b, err := (&plog.JSONMarshaler{}).MarshalLogs(ld)
	require.NoError(t, err)
	var pretty bytes.Buffer
	require.NoError(t, json.Indent(&pretty, b, "", " "))
	file := filepath.Join("testdata", name+".json")
	if os.Getenv("UPDATE") != "" {
		require.NoError(t, os.WriteFile(file, pretty.Bytes(), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.JSONEq(t, string(want), pretty.String())
}

var letters = map[string]string{"rca.incident": "I", "rca.root_cause": "C", "rca.change": "N", "rca.model.status": "M"}

// documented reads the table of docs/events.md: type and events by attribute.
func documented(t *testing.T) map[string][2]string {
	b, err := os.ReadFile("../../docs/events.md")
	require.NoError(t, err)
	out := make(map[string][2]string)
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_.]+)` \\| ([a-z]+(?:\\[\\])?) \\| ([ICNM ]+) \\|").FindAllStringSubmatch(string(b), -1) {
		out[m[1]] = [2]string{m[2], m[3]}
	}
	return out
}

func typeOf(v pcommon.Value) string {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return "string"
	case pcommon.ValueTypeInt:
		return "int"
	case pcommon.ValueTypeDouble:
		return "double"
	case pcommon.ValueTypeBool:
		return "boolean"
	case pcommon.ValueTypeSlice:
		return typeOf(v.Slice().At(0)) + "[]"
	default:
		return v.Type().String()
	}
}

func records(ld plog.Logs) []plog.LogRecord {
	var out []plog.LogRecord
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				out = append(out, r)
			}
		}
	}
	return out
}

// Every attribute that is emitted is documented with its type and its events, and
// every row of the table is emitted.
func TestLogs_attributesAreDocumented(t *testing.T) {
	table := documented(t)
	require.Greater(t, len(table), 50)
	emitted := make(map[string]map[string]bool)
	for _, out := range examples() {
		for _, r := range records(report.Logs([]engine.Output{out}, options)) {
			for k, v := range r.Attributes().All() {
				row, ok := table[k]
				require.True(t, ok, "%s is not documented", k)
				assert.Equal(t, row[0], typeOf(v), k)
				assert.Contains(t, row[1], letters[r.EventName()], k)
				if emitted[k] == nil {
					emitted[k] = make(map[string]bool)
				}
				emitted[k][letters[r.EventName()]] = true
			}
		}
	}
	for k, row := range table {
		assert.Equal(t, strings.Fields(row[1]), slices.SortedFunc(maps.Keys(emitted[k]), func(a, b string) int {
			return strings.Index("ICNM", a) - strings.Index("ICNM", b)
		}), "%s is documented for other events than it is emitted on", k)
	}
}

func TestLogs_severityAndIdentity(t *testing.T) {
	all := examples()
	tests := map[string]plog.SeverityNumber{
		"open": plog.SeverityNumberError, "update": plog.SeverityNumberError, "resolved": plog.SeverityNumberInfo,
		"open_ticket": plog.SeverityNumberWarn, "open_robust": plog.SeverityNumberWarn,
		"expired": plog.SeverityNumberInfo, "model_ready": plog.SeverityNumberInfo, "model_degraded": plog.SeverityNumberWarn,
	}
	for name, want := range tests {
		for _, r := range records(report.Logs([]engine.Output{all[name]}, options)) {
			assert.Equal(t, want, r.SeverityNumber(), name)
			assert.NotEmpty(t, r.EventName())
		}
	}
	opened := report.Logs([]engine.Output{all["open"]}, options)
	require.Equal(t, 3, opened.LogRecordCount(), "an incident and two candidates")
	assert.Equal(t, map[string]any{"service.name": "frontend", "service.namespace": "shop"}, opened.ResourceLogs().At(0).Resource().Attributes().AsRaw())
	assert.Equal(t, map[string]any{"service.name": "payment-db", "service.namespace": "shop"}, opened.ResourceLogs().At(1).Resource().Attributes().AsRaw())
	assert.Equal(t, 1, report.Logs([]engine.Output{all["unknown"]}, options).LogRecordCount())
	assert.Equal(t, 1, report.Logs([]engine.Output{all["resolved"]}, options).LogRecordCount())

	quiet := options
	quiet.Candidates, quiet.EventNameAttribute = 0, false
	r := records(report.Logs([]engine.Output{all["open"]}, quiet))
	require.Len(t, r, 1)
	_, ok := r[0].Attributes().Get("event.name")
	assert.False(t, ok)
}

// Whatever names and numbers come, bodies keep their bounds, text is UTF-8 and
// no number is made up.
func FuzzLogs(f *testing.F) {
	f.Add("frontend", "GET /", "evidence", 0.5, 1.5)
	f.Add(strings.Repeat("ß", 500), "\xff\xfe\n", strings.Repeat("\u4e16", 900), math.NaN(), math.Inf(1))
	f.Fuzz(func(t *testing.T, service, operation, evidence string, a, b float64) {
		c := rca.Cause{
			Kind: rca.KindEdge, Service: identity.Service{Name: service}, Metric: operation, Observed: a, Usual: b, Probability: a,
			Edge:     identity.Edge{Caller: rpc(operation, service), Callee: rpc(service, operation)},
			Quantile: b, Lower: a, Upper: b, Path: []string{service, operation, service}, Evidence: []string{evidence, evidence, evidence},
		}
		e := incident.Event{
			ID: "x", Phase: incident.Open, Start: start, Time: start, Requests: b, Bad: a,
			SLO:     slo.State{RPC: rpc(service, operation), Observed: a, Baseline: b, Objective: slo.Objective{Name: evidence, Quantile: a}},
			Verdict: rca.Verdict{Culprits: []rca.Cause{c, c, c}, Candidates: []rca.Cause{c, c, c, c, c, c}, Quantile: a, Lower: b, Upper: a, RuledOut: []string{evidence}},
		}
		unknown := e
		unknown.Verdict = rca.Verdict{Abstained: true, Reason: evidence, RuledOut: []string{operation}}
		ended := e
		ended.Phase = incident.Resolved
		errors := e
		errors.SLO.Objective.Indicator, errors.SLO.Objective.Target = slo.Errors, b
		errors.SLO.Burn = slo.Burn{Rule: slo.BurnRule{Long: 90 * time.Minute}, Long: a, Short: b}
		errors.SLO.Budget = slo.Budget{Period: time.Hour, Remaining: a}
		changed := change.Change{
			ID: evidence, Kind: change.Version, Service: identity.Service{Name: service}, Old: operation, New: evidence, Operations: []string{evidence, operation}, Count: int(a), Unanswered: b,
			Services: []identity.Service{{Name: service}, {Name: operation}},
		}
		linked := e
		linked.Changes = []incident.Linked{{Change: changed, Compared: &change.Comparison{Old: a, New: b}}, {Change: changed}}
		linked.Parts, linked.Frozen = []incident.Part{{SLO: evidence, RPC: rpc(service, operation)}}, start
		merged := ended
		merged.MergedInto = evidence
		said := []engine.Output{{Incident: &e}, {Incident: &unknown}, {Incident: &ended}, {Incident: &errors}, {Incident: &linked}, {Incident: &merged}, {Change: &changed}, {}}
		for _, kind := range []change.Kind{change.ServiceNew, change.ServiceGone, change.OperationsNew, change.OperationsGone, change.Replicas} {
			c := changed
			c.Kind = kind
			said = append(said, engine.Output{Change: &c})
		}
		for _, kind := range []change.Kind{change.HostsNew, change.HostsGone} {
			c := changed
			c.Kind, c.Hosts = kind, []string{service, evidence, operation}
			hosts := e
			hosts.Changes = []incident.Linked{{Change: c}}
			said = append(said, engine.Output{Change: &c}, engine.Output{Incident: &hosts})
		}
		for _, r := range records(report.Logs(said, options)) {
			body := r.Body().Str()
			line, _, _ := strings.Cut(body, "\n")
			assert.LessOrEqual(t, len(body), 1024)
			if r.EventName() == "rca.incident" || r.EventName() == "rca.change" {
				assert.Less(t, len(line), 200)
			}
			assert.True(t, utf8.ValidString(body))
			for k, v := range r.Attributes().All() {
				if v.Type() == pcommon.ValueTypeDouble {
					assert.False(t, math.IsNaN(v.Double()) || math.IsInf(v.Double(), 0), k)
				}
				if v.Type() == pcommon.ValueTypeStr {
					assert.True(t, utf8.ValidString(v.Str()), k)
				}
			}
		}
	})
}

func TestLogs_errors(t *testing.T) {
	r := records(report.Logs([]engine.Output{examples()["open_errors"]}, options))
	require.Len(t, r, 2)
	body := r[0].Body().Str()
	assert.True(t, strings.HasPrefix(body, "shop/frontend POST /cart errors 4.1% > 0.1% (SLO cart-errors, burn 22x/1h, usually 0.02%). "+
		"Likely cause: shop/payment-db errors (p=0.81).\n"), body)
	for _, k := range []string{
		"rca.slo.threshold_s", "rca.slo.quantile", "rca.latency.observed_s", "rca.counterfactual.quantile_s", "rca.counterfactual.restores_slo", "rca.candidates.counterfactual_s",
	} {
		for i := range r {
			_, ok := r[i].Attributes().Get(k)
			assert.False(t, ok, "%s says nothing of errors", k)
		}
	}
	assert.NotContains(t, r[1].Body().Str(), "Were it")
	v, ok := r[0].Attributes().Get("rca.slo.budget_remaining")
	require.True(t, ok)
	assert.InDelta(t, -0.3, v.Double(), 0)

	ended := *examples()["open_errors"].Incident
	ended.Phase = incident.Resolved
	body = records(report.Logs([]engine.Output{{Incident: &ended}}, options))[0].Body().Str()
	assert.Contains(t, body, "Resolved after 2m0s, 22% of 824 requests failed. It was shop/payment-db errors")
	assert.NotContains(t, body, "burn")

	ended.Verdict.Culprits = append(ended.Verdict.Culprits[:1:1], examples()["open_edge"].Incident.Verdict.Culprits[0])
	body = records(report.Logs([]engine.Output{{Incident: &ended}}, options))[0].Body().Str()
	assert.Regexp(t, `It was shop/payment-db errors \+ .* \(p=`, body, "all of them")
}

// What is supposed of the tail supposes nothing of culprits that another objective blames.
func TestLogs_culpritsOfParts(t *testing.T) {
	e := *examples()["open_edge"].Incident
	e.Others = 1
	say := func() (string, string) {
		r := records(report.Logs([]engine.Output{{Incident: &e}}, options))[0]
		v, _ := r.Attributes().Get("rca.counterfactual.intervention")
		return r.Body().Str(), v.AsString()
	}
	body, intervention := say()
	assert.Contains(t, body, "Likely causes: shop/checkout > shop/payment network + shop/payment-db CPU (p=0.09).")
	assert.Contains(t, body, "Were the first normal: p99 430ms")
	assert.Equal(t, "shop/checkout > shop/payment network as usual", intervention)
	e.Verdict.Culprits = append(slices.Clone(e.Verdict.Culprits), e.Verdict.Culprits[1])
	body, intervention = say()
	assert.Contains(t, body, "Were the first 2 normal: p99 430ms")
	assert.Equal(t, "shop/checkout > shop/payment network, shop/payment-db cpu as usual", intervention)
}

// One that joins another without a cause of its own says why all the same.
func TestLogs_mergedWithoutACause(t *testing.T) {
	e := *examples()["unknown"].Incident
	e.Phase, e.MergedInto = incident.Resolved, "inc-1"
	body := records(report.Logs([]engine.Output{{Incident: &e}}, options))[0].Body().Str()
	assert.Contains(t, body, "Merged into inc-1, which is of the same operation.")
}

// A host is named once, with whom it hurts, however many of them are culprits, and on the
// resource of its candidates.
func TestLogs_host(t *testing.T) {
	all := examples()
	node := all["open_host"].Incident
	body := func() string {
		return records(report.Logs([]engine.Output{all["open_host"]}, options))[0].Body().Str()
	}
	assert.Contains(t, body(), "Likely cause: host node-7 CPU (shop/payment-db, shop/cart) (p=0.81).")
	resource := report.Logs([]engine.Output{all["open_host"]}, options).ResourceLogs().At(1).Resource()
	assert.Equal(t, map[string]any{"service.name": "payment-db", "service.namespace": "shop", "host.name": "node-7"}, resource.Attributes().AsRaw())

	db := node.Verdict.Culprits[0]
	cart := db
	cart.Service, cart.Neighbours = db.Neighbours[0], []identity.Service{db.Service}
	node.Verdict.Culprits = []rca.Cause{db, cart}
	assert.Contains(t, body(), "Likely cause: host node-7 CPU (shop/payment-db, shop/cart) (p=0.81).")
	node.Verdict.Culprits[1].Host = "node-8"
	assert.Contains(t, body(), "Likely causes: host node-7 CPU (shop/payment-db, shop/cart) + host node-8 CPU (shop/cart, shop/payment-db) (p=0.81).")

	for i := range 6 {
		db.Neighbours = append(db.Neighbours, identity.Service{Name: strings.Repeat(string(rune('a'+i)), 100)})
	}
	db.Host = strings.Repeat("n", 300)
	node.Verdict.Culprits = []rca.Cause{db}
	first, _, _ := strings.Cut(body(), "\n")
	assert.Less(t, len(first), 200)
	attrs := records(report.Logs([]engine.Output{all["open_host"]}, options))[0].Attributes()
	listed, ok := attrs.Get("rca.root_cause.neighbours")
	require.True(t, ok)
	assert.Equal(t, 5, listed.Slice().Len())
	db.Host = "node-7"
	node.Verdict.Candidates = []rca.Cause{db}
	assert.Contains(t, records(report.Logs([]engine.Output{all["open_host"]}, options))[1].Body().Str(),
		"host node-7 CPU (shop/payment-db, shop/cart, "+strings.Repeat("a", 27)+"... and 5 more)")
}
