//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/e2e/alertmanager"
	"github.com/sage-rca/sage/e2e/collector"
	"github.com/sage-rca/sage/e2e/proc"
	"github.com/sage-rca/sage/internal/capture"
)

// toAlertmanager sends the events of config/demo.yaml to Alertmanager, and keeps
// what was learned and what is open.
const toAlertmanager = `yaml:
extensions:
  file_storage:
    directory: ${env:SAGE_STORAGE}
    create_directory: true
processors:
  rootcause:
    storage: file_storage
exporters:
  incident:
    alertmanager:
      endpoint: ${env:SAGE_ALERTMANAGER}
      resend_interval: 200ms
      valid_for: 1m
      generator_url: https://traces.example.com/trace/{trace_id}
    storage: file_storage
    sending_queue: {storage: file_storage}
service:
  extensions: [file_storage]
  pipelines:
    logs: {exporters: [incident]}
`

// broken is how much of the recording is replayed before the Collector is killed:
// the fault begins after 156 s of it and ends after 186 s.
const broken = 178 * time.Second

// A fault in a real application is an alert in a real Alertmanager, with its root
// cause, through the built Collector; the alert outlives a kill of the Collector
// without another record of the incident, and ends with the fault.
func TestIncident_reachesAlertmanager(t *testing.T) {
	dir := root(t)
	out := filepath.Join(dir, "out", "e2e-alertmanager")
	require.NoError(t, os.RemoveAll(out))
	binary, err := alertmanager.Build(t.Context(), dir, t.TempDir())
	require.NoError(t, err)
	people := alertmanager.Listen()
	t.Cleanup(people.Close)
	am, err := alertmanager.Start(t.Context(), alertmanager.Config{Binary: binary, Dir: out, Notify: people.URL()})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, am.Stop()) })

	ports, err := proc.FreePorts(t.Context(), 1)
	require.NoError(t, err)
	otlp := fmt.Sprintf("127.0.0.1:%d", ports[0])
	cfg := collector.Config{
		Binary:  filepath.Join(dir, "dist", "otelcol-sage"),
		Configs: []string{filepath.Join(dir, "config", "demo.yaml"), toAlertmanager},
		Env:     []string{"SAGE_OTLP_GRPC=" + otlp, "SAGE_STORAGE=" + filepath.Join(out, "storage"), "SAGE_ALERTMANAGER=" + am.URL()},
		OTLP:    otlp, LogFile: filepath.Join(out, "collector.log"),
	}
	c, err := collector.Start(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, c.Stop()) })
	replay := func(file string) {
		t.Helper()
		text, err := exec.CommandContext(t.Context(), filepath.Join(dir, "dist", "sage"), "replay", "--to", otlp, file).CombinedOutput()
		require.NoError(t, err, "%s", text)
	}
	await := func(what string, reached func([]alertmanager.Alert) bool) []alertmanager.Alert {
		t.Helper()
		alerts, err := am.Await(t.Context(), time.Minute, what, reached)
		require.NoError(t, err)
		return alerts
	}
	one := func(all []alertmanager.Alert) bool { return len(all) == 1 }
	heard := func(n int) {
		t.Helper()
		require.Eventually(t, func() bool { return len(people.Got()) >= n }, time.Minute, 20*time.Millisecond)
	}

	first, rest := split(t, filepath.Join(dir, "testdata", "hotrod.jsonl.zst"), t.TempDir())
	replay(first)
	alert := await("the fault is an alert", one)[0]
	text, err := json.MarshalIndent(alert, "", "  ")
	require.NoError(t, err)
	t.Logf("as Alertmanager returns it:\n%s", text)
	assert.Equal(t, "frontend", alert.Labels["service"])
	assert.Equal(t, "dispatch-p95", alert.Labels["slo"])
	assert.Equal(t, "mysql", alert.Annotations["root_cause_service"])
	heard(1)

	require.NoError(t, c.Kill())
	c, err = collector.Start(t.Context(), cfg)
	require.NoError(t, err)
	begun := time.Now()
	again := await("it fires on", func(all []alertmanager.Alert) bool { return one(all) && all[0].UpdatedAt.After(begun) })[0]
	assert.Equal(t, alert.Fingerprint, again.Fingerprint)
	assert.Equal(t, alert.StartsAt, again.StartsAt)

	replay(rest)
	await("the recovery ends it", func(all []alertmanager.Alert) bool { return len(all) == 0 })
	heard(2)
	id := alert.Annotations["incident_id"]
	assert.Equal(t, []string{"firing " + id, "resolved " + id}, people.Got(), "people hear of it once, and once of its end")
}

// split writes a capture as two, of which the first covers the time until the
// Collector is killed.
func split(t *testing.T, file, dir string) (first, rest string) {
	t.Helper()
	in, err := capture.Open(file)
	require.NoError(t, err)
	defer in.Close()
	first, rest = filepath.Join(dir, "first.jsonl"), filepath.Join(dir, "rest.jsonl")
	to := func(name string) *capture.Writer {
		w, err := capture.Create(name)
		require.NoError(t, err)
		return w
	}
	a, b := to(first), to(rest)
	var done capture.Extent
	for {
		req, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		done.Add(req)
		if done.Covers() < broken {
			require.NoError(t, a.Write(req))
		} else {
			require.NoError(t, b.Write(req))
		}
	}
	require.NoError(t, a.Close())
	require.NoError(t, b.Close())
	return first, rest
}
