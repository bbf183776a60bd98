package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/sage-rca/sage/internal/capture"
	"github.com/sage-rca/sage/internal/otlpserve"
)

// event is one record of a story: seconds after its beginning, name, body and
// attributes.
type event struct {
	at         int
	name, body string
	attrs      map[string]any
}

func logsOf(t *testing.T, events ...event) plog.Logs {
	t.Helper()
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "frontend")
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for _, e := range events {
		r := records.AppendEmpty()
		r.SetEventName(e.name)
		r.SetTimestamp(pcommon.NewTimestampFromTime(time.Unix(1_700_000_000+int64(e.at), 0)))
		r.SetObservedTimestamp(pcommon.NewTimestampFromTime(time.Now()))
		r.Body().SetStr(e.body)
		r.SetTraceID([16]byte{0xab, 0xcd})
		require.NoError(t, r.Attributes().FromRaw(e.attrs))
	}
	return ld
}

// slowDatabase is the story of one incident.
func slowDatabase(t *testing.T) plog.Logs {
	with := func(more map[string]any) map[string]any {
		attrs := map[string]any{
			"rca.incident.id": "i-1", "rca.incident.start_time": "2023-11-14T22:13:22Z",
			"rca.slo.name": "dispatch", "rca.slo.operation": "/dispatch", "rca.slo.quantile": 0.95, "rca.slo.threshold_s": 0.6,
		}
		for k, v := range more {
			attrs[k] = v
		}
		return attrs
	}
	return logsOf(t,
		event{0, "rca.model.status", "model cold: 3 of 30 windows\nwarning: SLO buy is not judged\nmore", nil},
		event{8, "rca.incident", "headline\nevidence: none yet\n", with(map[string]any{
			"rca.incident.sequence": 1, "rca.incident.state": "open",
			"rca.latency.observed_s": 0.9123, "rca.latency.baseline_s": 0.42,
			"rca.abstained": true, "rca.abstain.reason": "2 of 5 hops uninstrumented",
			"rca.ruled_out": []any{"traffic", "host cpu"}, "rca.method": "robust_score",
		})},
		event{8, "rca.root_cause", "candidate", nil},
		event{9, "", "a line of somebody else's", nil},
		event{12, "rca.incident", "headline\nevidence: SELECT 500ms vs 50ms; 16 requests\n", with(map[string]any{
			"rca.incident.sequence": 2, "rca.incident.state": "update", "rca.incident.update_reason": "root_changed",
			"rca.latency.observed_s": 1.2345, "rca.latency.baseline_s": 0.42,
			"rca.root_cause.kind": "dependency", "rca.root_cause.mechanism": "latent", "rca.root_cause.service.name": "mysql",
			"rca.root_cause.probability": 0.912, "rca.root_causes": []any{"mysql", "route"},
			"rca.root_cause.path":           []any{"frontend", "customer", "mysql"},
			"rca.counterfactual.quantile_s": 0.0431, "rca.counterfactual.lower_s": 0.39, "rca.counterfactual.upper_s": 0.5,
			"rca.counterfactual.restores_slo": true,
			"rca.candidates.entity":           []any{"mysql", "route"}, "rca.candidates.mechanism": []any{"latent", "cpu"},
			"rca.candidates.probability": []any{0.912, 0.05},
			"rca.method":                 "gvae_counterfactual", "rca.model.version": 2, "rca.model.state": "ready",
		})},
		event{40, "rca.incident", "resolved", with(map[string]any{
			"rca.incident.sequence": 3, "rca.incident.state": "resolved", "rca.latency.observed_s": 0.41,
			"rca.root_cause.service.name": "mysql", "rca.root_cause.kind": "dependency", "rca.root_cause.mechanism": "cpu",
			"rca.root_cause.metric": "process.cpu.utilization",
		})},
	)
}

func TestSink_printsIncidentsForPeople(t *testing.T) {
	for name, p := range map[string]printer{
		"plain": {}, "color": {color: true}, "quiet": {quiet: true},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			p.out = &out
			s := newSink(p)
			require.NoError(t, s.take(slowDatabase(t)))
			assert.Equal(t, "1 incidents in 3 records; 1 records of other kinds ignored", s.seen())
			golden(t, name, out.Bytes())
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	if os.Getenv("UPDATE") != "" { // make golden
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got))
}

func TestPrinter_rawPrintsTheRecordAlone(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, newSink(printer{out: &out, raw: true, quiet: true}).take(slowDatabase(t)))
	lines := bytes.Split(out.Bytes(), []byte("\n"))
	var raw int
	for _, l := range lines {
		if bytes.HasPrefix(l, []byte("{")) {
			raw++
			ld, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(l)
			require.NoError(t, err)
			assert.Equal(t, 1, ld.LogRecordCount())
		}
	}
	assert.Equal(t, 3, raw, "one for each incident's record")
}

// The command receives over the network, ends when told, and writes what came.
func TestSink_receivesUntilResolvedAndWritesJSON(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	w, err := capture.Create(path)
	require.NoError(t, err)
	s := newSink(printer{out: &bytes.Buffer{}})
	s.json = w
	server, err := otlpserve.Listen(t.Context(), "127.0.0.1:0", otlpserve.Handlers{Logs: s.take})
	require.NoError(t, err)
	conn, err := grpc.NewClient(server.Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	story := slowDatabase(t)
	for range 2 {
		story.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(1).SetObservedTimestamp(pcommon.NewTimestampFromTime(time.Now()))
		_, err = plogotlp.NewGRPCClient(conn).Export(t.Context(), plogotlp.NewExportRequestFromLogs(story))
		require.NoError(t, err)
	}
	require.NoError(t, conn.Close())
	ends, err := parseUntil("resolved")
	require.NoError(t, err)
	s.wait(t.Context(), ends)
	require.NoError(t, server.Close())
	require.NoError(t, s.close())

	got, err := records(path)
	require.NoError(t, err)
	assert.Len(t, got, 12)
	assert.Equal(t, got[:6], got[6:], "records differ in their observed time only, which is left out")
}

func TestSameEvents(t *testing.T) {
	write := func(name string, lds ...plog.Logs) string {
		path := filepath.Join(t.TempDir(), name)
		w, err := capture.Create(path)
		require.NoError(t, err)
		for _, ld := range lds {
			require.NoError(t, w.Write(capture.Logs(ld)))
		}
		require.NoError(t, w.Close())
		return path
	}
	a, b := event{1, "rca.incident", "a", nil}, event{2, "rca.incident", "b", nil}
	together := write("together.jsonl", logsOf(t, a, b))
	n, err := sameEvents(together, write("apart.jsonl", logsOf(t, a), logsOf(t, b)))
	require.NoError(t, err, "how records were batched does not matter")
	assert.Equal(t, 2, n)
	_, err = sameEvents(together, write("swapped.jsonl", logsOf(t, b, a)))
	require.ErrorContains(t, err, "record 1 differs")
	_, err = sameEvents(together, write("fewer.jsonl", logsOf(t, a)))
	require.ErrorContains(t, err, "has 2 records")
}

func TestParseUntil(t *testing.T) {
	open, resolved := map[string]string{"a": "open", "b": "resolved"}, map[string]string{"a": "expired", "b": "resolved"}
	for _, tc := range []struct {
		text string
		seen tally
		idle time.Duration
		want bool
	}{
		{"", tally{incidents: resolved}, time.Hour, false},
		{"resolved", tally{}, time.Hour, false},
		{"resolved", tally{incidents: open}, time.Hour, false},
		{"resolved", tally{incidents: resolved}, 0, true},
		{"2", tally{opened: 1}, time.Hour, false},
		{"2", tally{opened: 2}, 0, true},
		{"3s", tally{}, 2 * time.Second, false},
		{"3s", tally{}, 3 * time.Second, true},
	} {
		ends, err := parseUntil(tc.text)
		require.NoError(t, err)
		assert.Equal(t, tc.want, ends(tc.seen, tc.idle), "%+v", tc)
	}
}

func TestSeconds(t *testing.T) {
	for s, want := range map[float64]string{0.0000312: "0.0312ms", 0.0312: "31.2ms", 0.9994: "999ms", 0.9996: "1.00s", 12.345: "12.35s"} {
		assert.Equal(t, want, seconds(s))
	}
}
