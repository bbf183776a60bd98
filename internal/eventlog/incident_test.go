package eventlog_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sage-rca/sage/internal/eventlog"
)

func TestIncidents_readsWhatTheRecordSays(t *testing.T) {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "frontend")
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	records.AppendEmpty().SetEventName("rca.root_cause")
	records.AppendEmpty().Body().SetStr("somebody else's log line")
	r := records.AppendEmpty()
	r.SetEventName("rca.incident")
	r.SetTimestamp(pcommon.NewTimestampFromTime(time.Unix(1_700_000_000, 0)))
	r.SetTraceID([16]byte{0xab})
	require.NoError(t, r.Attributes().FromRaw(map[string]any{
		"rca.incident.id":                 "i-1",
		"rca.incident.sequence":           2,
		"rca.incident.state":              "update",
		"rca.slo.threshold_s":             0.6,
		"rca.slo.quantile":                0.95,
		"rca.root_cause.service.name":     "mysql",
		"rca.root_cause.probability":      1, // an int where a double is usual
		"rca.root_cause.path":             []any{"frontend", "customer", "mysql"},
		"rca.counterfactual.quantile_s":   0.41,
		"rca.counterfactual.restores_slo": true,
		"rca.candidates.entity":           []any{"mysql", "route"},
		"rca.candidates.mechanism":        []any{"latent", "cpu"},
		"rca.candidates.probability":      []any{0.9}, // shorter than it ought to be
		"rca.abstained":                   "yes",      // of the wrong type
	}))

	got := eventlog.Incidents(ld)
	require.Len(t, got, 1)
	assert.Equal(t, eventlog.Incident{
		ID: "i-1", Sequence: 2, State: "update",
		Time:    time.Unix(1_700_000_000, 0).UTC(),
		TraceID: "ab000000000000000000000000000000",
		Service: "frontend", Threshold: 0.6, Quantile: 0.95,
		Culprit: "mysql", Probability: 1,
		Path:   []string{"frontend", "customer", "mysql"},
		WhatIf: eventlog.WhatIf{Known: true, Quantile: 0.41, Restores: true},
		Candidates: []eventlog.Candidate{
			{Entity: "mysql", Mechanism: "latent", Probability: 0.9},
			{Entity: "route", Mechanism: "cpu"},
		},
	}, got[0])
}

func TestName_fallsBackToTheAttributeThatMirrorsIt(t *testing.T) {
	r := plog.NewLogRecord()
	assert.Empty(t, eventlog.Name(r))
	r.Attributes().PutStr("event.name", "rca.model.status")
	assert.Equal(t, eventlog.EventModelStatus, eventlog.Name(r))
	r.SetEventName("rca.incident")
	assert.Equal(t, eventlog.EventIncident, eventlog.Name(r))
}

func TestReadChange(t *testing.T) {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "payment")
	r := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	r.SetTimestamp(pcommon.NewTimestampFromTime(time.Unix(1_700_000_000, 0)))
	r.Body().SetStr("payment runs 2.3.1 (before: 2.3.0).")
	require.NoError(t, r.Attributes().FromRaw(map[string]any{
		"rca.change.id": "chg-1", "rca.change.kind": "version", "rca.change.version.old": "2.3.0", "rca.change.version.new": "2.3.1",
	}))
	assert.Equal(t, eventlog.Change{
		ID: "chg-1", Time: time.Unix(1_700_000_000, 0).UTC(), Kind: "version", Service: "payment", Old: "2.3.0", New: "2.3.1",
		Body: "payment runs 2.3.1 (before: 2.3.0).",
	}, eventlog.ReadChange(rl.Resource(), r))
}

// A merged incident is resolved, and says into which.
func TestReadIncident_merged(t *testing.T) {
	r := plog.NewLogRecord()
	require.NoError(t, r.Attributes().FromRaw(map[string]any{
		"rca.incident.state": "resolved", "rca.incident.merged_into": "inc-2", "rca.incident.recurrence": 3,
		"rca.incident.slos": []any{"a", "b"}, "rca.change.id": "chg-1", "rca.changes": []any{"deploy a 2 at onset"},
	}))
	assert.Equal(t, eventlog.Incident{
		State: "resolved", MergedInto: "inc-2", Recurrence: 3, SLOs: []string{"a", "b"}, ChangeID: "chg-1", Changes: []string{"deploy a 2 at onset"},
		Time: time.Unix(0, 0).UTC(),
	}, eventlog.ReadIncident(pcommon.NewResource(), r))
}
