package rootcauseprocessor

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// counted are the counters of a component that are not zero: name and attributes, value.
func counted(t *testing.T, tel *componenttest.Telemetry) map[string]int64 {
	t.Helper()
	out := make(map[string]int64)
	var all metricdata.ResourceMetrics
	require.NoError(t, tel.Reader.Collect(t.Context(), &all))
	for _, sm := range all.ScopeMetrics {
		for _, m := range sm.Metrics {
			s, ok := m.Data.(metricdata.Sum[int64])
			if !ok {
				continue
			}
			for _, p := range s.DataPoints {
				name := strings.TrimPrefix(m.Name, "otelcol_rootcause_")
				for _, a := range p.Attributes.ToSlice() {
					name += " " + a.Value.AsString()
				}
				out[name] = p.Value
			}
		}
	}
	return out
}

// said are the bodies of all records.
func (p *pipelines) said() string {
	var b strings.Builder
	for _, ld := range p.gotLogs[0].AllLogs() {
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, r := range sl.LogRecords().All() {
					fmt.Fprintln(&b, r.Body().AsString())
				}
			}
		}
	}
	return b.String()
}

// A fault that opens an incident, in ten ways in which it does not: something says why,
// a counter or the state of the model.
func TestSilence_isExplained(t *testing.T) {
	const all = 700 // requests
	resources := func(f func(pcommon.Map)) func(ptrace.Traces) {
		return func(td ptrace.Traces) { f(resource(td)) }
	}
	spans := func(f func(ptrace.Span)) func(ptrace.Traces) {
		return func(td ptrace.Traces) { f(span(td)) }
	}
	elsewhere := func(but int) func(ptrace.Traces) { // all requests, but one of so many
		n := 0
		return resources(func(m pcommon.Map) {
			if n++; n%but != 1 {
				m.PutStr("service.name", "another")
			}
		})
	}
	for _, c := range []struct {
		name    string
		set     func(*Config)
		change  func(ptrace.Traces)
		shift   time.Duration
		counter string
		says    string
	}{
		{name: "no objective of it", set: func(c *Config) { c.SLOs[0].Service, c.LearnedSLOs.Enabled = "shopp", false }, says: "watching: nothing: no SLO matches"},
		{name: "another service.name", change: resources(func(m pcommon.Map) { m.PutStr("service.name", "shop-v2") }), set: func(c *Config) { c.LearnedSLOs.Enabled = false }, says: "watching: nothing: no SLO matches"},
		{name: "few requests", set: func(c *Config) { c.LearnedSLOs.Enabled = false }, change: elsewhere(100), says: "0 with enough requests in the last window"},
		{name: "tail-sampled", change: spans(func(s ptrace.Span) { s.Attributes().PutStr("meta.refinery.reason", "rules/slow") }), set: func(c *Config) { c.LearnedSLOs.Enabled = false }, says: "spans are tail-sampled: configured objectives are not judged"},
		{name: "no service.name", change: resources(pcommon.Map.Clear), counter: "spans_refused no_service"},
		{name: "client spans only", change: spans(func(s ptrace.Span) { s.SetKind(ptrace.SpanKindClient) }), counter: "spans_noted unmatched_client"},
		{name: "a clock that is ahead", shift: 2 * time.Hour, counter: "spans_refused future"},
		{name: "before the start", set: func(c *Config) { c.Input.Backfill = false }, counter: "spans_refused before_start"},
		{name: "too old for a clock", shift: -40 * 365 * 24 * time.Hour, counter: "spans_refused bad_time"},
		{name: "no IDs", change: spans(func(s ptrace.Span) { s.SetTraceID(pcommon.TraceID{}) }), counter: "spans_refused invalid_id"},
		{name: "too many services", set: func(c *Config) { c.Limits.Services = 1 }, counter: "spans_refused service_limit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := violatedConfig()
			if c.set != nil {
				c.set(cfg)
			}
			set, tel, logged := watched(t)
			p := newPipelinesWith(t, set, cfg, 1)
			p.start(t)
			at := time.Now().Add(-time.Hour).Truncate(time.Second).Add(c.shift)
			if cfg.Limits.Services == 1 {
				other := request(1, at, time.Millisecond)
				resource(other).PutStr("service.name", "first")
				require.NoError(t, p.traces.ConsumeTraces(t.Context(), other))
			}
			for n := range all {
				took := 10 * time.Millisecond
				if n >= 400 && n < 500 {
					took = 500 * time.Millisecond
				}
				at = at.Add(50 * time.Millisecond)
				td := request(uint64(n), at, took)
				if c.change != nil {
					c.change(td)
				}
				require.NoError(t, p.traces.ConsumeTraces(t.Context(), td))
			}
			p.stop(t)
			assert.Zero(t, names(p.gotLogs[0])["rca.incident"])
			if c.counter != "" {
				assert.EqualValues(t, all, counted(t, tel)[c.counter])
			}
			assert.Contains(t, p.said(), c.says, "%v", logged.All())
		})
	}
}
