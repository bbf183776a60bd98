package config

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/servicegraph"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// metric is one that a component's documentation.md lists.
type metric struct {
	unit, kind string
	monotonic  bool
	attributes []string
}

var (
	heading    = regexp.MustCompile("(?m)^### (otelcol_[a-z_]+)$")
	properties = regexp.MustCompile(`(?m)^\| (\S+) \| (Sum|Gauge|Histogram) \| (?:Int|Double) \| (?:(true|false) \| )?`)
	attribute  = regexp.MustCompile(`(?m)^\| ([a-z_]+) \| .* \| (?:Any )?Str`)
)

// documented are the metrics of all components by name.
func documented(t *testing.T) map[string]metric {
	t.Helper()
	out := map[string]metric{}
	for _, file := range []string{"../processor/rootcauseprocessor/documentation.md", "../exporter/incidentexporter/documentation.md"} {
		text := read(t, file)
		starts := heading.FindAllStringSubmatchIndex(text, -1)
		for i, at := range starts {
			end := len(text)
			if i+1 < len(starts) {
				end = starts[i+1][0]
			}
			p := properties.FindStringSubmatch(text[at[0]:end])
			require.NotNil(t, p, text[at[2]:at[3]])
			// series knows these; {things} are annotations.
			require.Regexp(t, `^(s|1|\{\w+\})$`, p[1])
			m := metric{unit: p[1], kind: p[2], monotonic: p[3] == "true"}
			for _, a := range attribute.FindAllStringSubmatch(text[at[0]:end], -1) {
				m.attributes = append(m.attributes, a[1])
			}
			out[text[at[2]:at[3]]] = m
		}
	}
	require.Greater(t, len(out), 25)
	return out
}

// graphed are the metrics of the service graph, with the labels that a connection within
// a namespace has.
func graphed(t *testing.T) map[string]metric {
	t.Helper()
	took := new(sketch.Sketch)
	took.Add(int64(time.Second), 1)
	rpc := identity.RPC{Service: identity.Service{Namespace: "shop", Name: "cart"}}
	g := servicegraph.New(1, int64(time.Hour))
	require.Zero(t, g.Add(&window.Share{Edges: []window.EdgeShare{{
		Key: identity.Edge{Caller: rpc, Callee: rpc}, Count: 1, Client: took, Server: took, Queue: took,
	}}}))
	out := map[string]metric{}
	for _, m := range g.Metrics(1).ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
		// Their names end in what Prometheus would add.
		of := metric{kind: m.Type().String(), attributes: []string{
			"client", "server", "connection_type", "client_service_namespace", "server_service_namespace",
		}}
		labels := pcommon.NewMap()
		switch m.Type() {
		case pmetric.MetricTypeSum:
			require.True(t, strings.HasSuffix(m.Name(), "_total") && m.Sum().IsMonotonic(), m.Name())
			labels = m.Sum().DataPoints().At(0).Attributes()
		case pmetric.MetricTypeHistogram:
			require.True(t, strings.HasSuffix(m.Name(), "_seconds") && m.Unit() == "s", m.Name())
			labels = m.Histogram().DataPoints().At(0).Attributes()
		default:
			require.Fail(t, "of a type that the test knows nothing of", m.Name())
		}
		assert.ElementsMatch(t, of.attributes, slices.Collect(maps.Keys(labels.AsRaw())))
		out[m.Name()] = of
	}
	require.Len(t, out, 5)
	return out
}

// series are the names of a metric in Prometheus, by the rules of OTLP's specification
// for it: the unit, where it is one and not an annotation in braces; _ratio of gauges of
// unit 1; _total of counters; the parts of a histogram.
func series(name string, m metric) []string {
	switch {
	case m.unit == "s":
		name += "_seconds"
	case m.unit == "1" && m.kind == "Gauge":
		name += "_ratio"
	}
	switch {
	case m.kind == "Histogram":
		return []string{name + "_bucket", name + "_count", name + "_sum"}
	case m.monotonic:
		return []string{name + "_total"}
	}
	return []string{name}
}

// The names that a Collector of this repository served with such a reader, v0.149.0.
func TestSeries_asTheCollectorServesThem(t *testing.T) {
	all := documented(t)
	for name, want := range map[string][]string{
		"otelcol_rootcause_spans_used":       {"otelcol_rootcause_spans_used_total"},
		"otelcol_rootcause_model_state":      {"otelcol_rootcause_model_state_ratio"},
		"otelcol_rootcause_model_version":    {"otelcol_rootcause_model_version"},
		"otelcol_rootcause_incidents_open":   {"otelcol_rootcause_incidents_open"},
		"otelcol_rootcause_verdict_duration": {"otelcol_rootcause_verdict_duration_seconds_bucket", "otelcol_rootcause_verdict_duration_seconds_count", "otelcol_rootcause_verdict_duration_seconds_sum"},
		"otelcol_incident_ignored":           {"otelcol_incident_ignored_total"},
		"otelcol_incident_open":              {"otelcol_incident_open"},
	} {
		assert.Equal(t, want, series(name, all[name]))
	}
}

type panel struct {
	ID      int    `json:"id"`
	Type    string `json:"type"`
	Title   string `json:"title"`
	GridPos struct{ X, Y, W, H int }
	Targets []struct {
		RefID        string `json:"refId"`
		Expr         string `json:"expr"`
		LegendFormat string `json:"legendFormat"`
	} `json:"targets"`
}

func dashboard(t *testing.T) (panels []panel, variables []string) {
	t.Helper()
	var d struct {
		Panels     []panel `json:"panels"`
		Templating struct {
			List []struct{ Name, Definition string } `json:"list"`
		} `json:"templating"`
	}
	require.NoError(t, json.Unmarshal([]byte(read(t, "grafana/sage.json")), &d))
	for _, v := range d.Templating.List {
		if v.Definition != "" {
			variables = append(variables, v.Definition)
		}
	}
	return d.Panels, variables
}

var (
	selector = regexp.MustCompile(`(?:otelcol|traces_service_graph)_\w+`)
	grouping = regexp.MustCompile(`by \(([^)]*)\)`)
	legend   = regexp.MustCompile(`{{(\w+)}}`)
)

// Every query is of metrics that there are, and groups by attributes that they have;
// and every metric that there is can be seen.
func TestDashboard_metricsAndAttributesExist(t *testing.T) {
	attributes := map[string][]string{} // by series
	hidden := map[string]bool{}
	of := map[string]string{} // metric by series
	all := documented(t)
	maps.Copy(all, graphed(t))
	for name, m := range all {
		hidden[name] = true
		for _, s := range series(name, m) {
			attributes[s], of[s] = m.attributes, name
		}
	}
	panels, variables := dashboard(t)
	for _, p := range panels {
		for _, target := range p.Targets {
			found := selector.FindAllString(target.Expr, -1)
			require.NotEmpty(t, found, p.Title)
			for _, s := range found {
				require.Contains(t, attributes, s, p.Title)
				delete(hidden, of[s])
				var labels []string
				for _, g := range grouping.FindAllStringSubmatch(target.Expr, -1) {
					labels = append(labels, strings.Split(g[1], ", ")...)
				}
				for _, l := range legend.FindAllStringSubmatch(target.LegendFormat, -1) {
					labels = append(labels, l[1])
				}
				for _, l := range labels {
					assert.True(t, slices.Contains(attributes[s], l) || l == "le" && strings.HasSuffix(s, "_bucket"), "%s: %s has no %s", p.Title, s, l)
				}
				counts := strings.HasSuffix(s, "_total") || strings.HasSuffix(s, "_bucket") || strings.HasSuffix(s, "_sum") || strings.HasSuffix(s, "_count")
				assert.Equal(t, counts, strings.Contains(target.Expr, "rate(") || strings.Contains(target.Expr, "increase("), "%s: %s", p.Title, target.Expr)
			}
		}
	}
	assert.Empty(t, slices.Sorted(maps.Keys(hidden)), "metrics that no panel shows")
	require.Len(t, variables, 1)
	for _, s := range selector.FindAllString(variables[0], -1) {
		assert.Contains(t, attributes, s)
	}
}

// No panel lies on another or beside the grid of 24 columns.
func TestDashboard_layout(t *testing.T) {
	panels, _ := dashboard(t)
	taken := map[[2]int]int{}
	ids := map[int]bool{}
	for _, p := range panels {
		assert.False(t, ids[p.ID], p.Title)
		ids[p.ID] = true
		g := p.GridPos
		require.True(t, g.W > 0 && g.H > 0 && g.X >= 0 && g.X+g.W <= 24, p.Title)
		for x := g.X; x < g.X+g.W; x++ {
			for y := g.Y; y < g.Y+g.H; y++ {
				other, full := taken[[2]int{x, y}]
				require.False(t, full, "%s lies on panel %d", p.Title, other)
				taken[[2]int{x, y}] = p.ID
			}
		}
		assert.Equal(t, p.Type == "row", len(p.Targets) == 0, p.Title)
	}
}
