package alertmanager_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.uber.org/goleak"

	"github.com/sage-rca/sage/e2e/alertmanager"
	"github.com/sage-rca/sage/exporter/incidentexporter"
	"github.com/sage-rca/sage/internal/engine"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/incident"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/report"
	"github.com/sage-rca/sage/internal/slo"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

// transition is a record of one incident, whose cause is culprit. It began a
// minute ago, to the second: Alertmanager keeps milliseconds.
func transition(start time.Time, sequence int, phase incident.Phase, culprit string) engine.Output {
	cause := rca.Cause{
		Kind: rca.KindDependency, Mechanism: rca.CPU, Service: identity.Service{Name: culprit}, Probability: 0.81, Contribution: 1,
		Quantile: 0.43, Lower: 0.36, Upper: 0.55, Path: []string{"frontend", culprit},
	}
	e := incident.Event{
		ID: "inc-1", Sequence: sequence, Phase: phase, Start: start, Time: start.Add(time.Duration(sequence) * time.Second),
		SLO: slo.State{
			Objective: slo.Objective{Name: "checkout-p99", Quantile: 0.99, Threshold: 500 * time.Millisecond, Target: 0.99},
			RPC:       identity.RPC{Service: identity.Service{Name: "frontend"}, Operation: "POST /cart"}, Violated: true, Firing: true, Observed: 2.31, Baseline: 0.21,
		},
		Verdict: rca.Verdict{Method: rca.MethodGVAE, Culprits: []rca.Cause{cause}, Candidates: []rca.Cause{cause}, Quantile: 0.43, Lower: 0.36, Upper: 0.55, RestoresSLO: true, Agreed: true},
	}
	if phase == incident.Resolved {
		e.End = e.Time
	}
	return engine.Output{Incident: &e, ModelAt: engine.ModelStatus{State: engine.Ready, Version: 3}}
}

// deliver runs an exporter that sends alerts again every 100 ms.
func deliver(t *testing.T, url string) exporter.Logs {
	t.Helper()
	f := incidentexporter.NewFactory()
	cfg := f.CreateDefaultConfig().(*incidentexporter.Config)
	a := cfg.Alertmanager.GetOrInsertDefault()
	a.ClientConfig.Endpoint, a.ResendInterval, a.ValidFor = url, 100*time.Millisecond, time.Minute
	a.Labels, a.GeneratorURL = map[string]string{"team": "shop"}, "https://sage.example/incidents/{incident_id}"
	cfg.RetryConfig.InitialInterval, cfg.RetryConfig.MaxInterval = 10*time.Millisecond, 50*time.Millisecond
	require.NoError(t, cfg.Validate())
	x, err := f.CreateLogs(t.Context(), exportertest.NewNopSettings(f.Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, x.Start(t.Context(), componenttest.NewNopHost()))
	return x
}

func consume(t *testing.T, x exporter.Logs, out engine.Output) {
	t.Helper()
	require.NoError(t, x.ConsumeLogs(t.Context(), report.Logs([]engine.Output{out}, report.Options{Candidates: 3, Now: time.Now()})))
}

// sequence is reached when one alert fires, of which the record n was the last.
func sequence(n string) func([]alertmanager.Alert) bool {
	return func(all []alertmanager.Alert) bool {
		return len(all) == 1 && all[0].Annotations["incident_sequence"] == n && all[0].Status.State == "active"
	}
}

// An incident in a real Alertmanager: it fires, changes its cause, outlives a
// restart of the exporter and an outage of Alertmanager, and is resolved. It is one
// alert all the while, and people hear of it once, and once of its end.
func TestIncident_inAlertmanager(t *testing.T) {
	if testing.Short() {
		t.Skip("builds Alertmanager")
	}
	dir := t.TempDir()
	binary, err := alertmanager.Build(t.Context(), "../..", dir)
	require.NoError(t, err)
	people := alertmanager.Listen()
	defer people.Close()
	am, err := alertmanager.Start(t.Context(), alertmanager.Config{Binary: binary, Dir: dir, Notify: people.URL()})
	require.NoError(t, err)
	defer func() { assert.NoError(t, am.Stop()) }()
	await := func(what string, reached func([]alertmanager.Alert) bool) []alertmanager.Alert {
		t.Helper()
		alerts, err := am.Await(t.Context(), patience, what, reached)
		require.NoError(t, err)
		return alerts
	}
	heard := func(want ...string) {
		t.Helper()
		require.Eventually(t, func() bool { return len(people.Got()) >= len(want) }, patience, 10*time.Millisecond)
		require.Equal(t, want, people.Got())
	}

	x := deliver(t, am.URL())
	stop := func() { require.NoError(t, x.Shutdown(context.WithoutCancel(t.Context()))) }
	start := time.Now().Add(-time.Minute).Truncate(time.Second)

	consume(t, x, transition(start, 1, incident.Open, "payment-db"))
	first := await("it fires", sequence("1"))[0]
	text, err := json.MarshalIndent(first, "", "  ")
	require.NoError(t, err)
	t.Logf("as Alertmanager returns it:\n%s", text)
	assert.Equal(t, map[string]string{
		"alertname": "SLOViolated", "service": "frontend", "operation": "POST /cart", "slo": "checkout-p99",
		"slo_source": "configured", "severity": "critical", "team": "shop",
	}, first.Labels)
	assert.Equal(t, "payment-db", first.Annotations["root_cause_service"])
	assert.True(t, start.Equal(first.StartsAt), "it began with the incident, not with its record: %s", first.StartsAt)
	assert.Equal(t, "https://sage.example/incidents/inc-1", first.Generator)
	heard("firing inc-1")
	again := await("it is sent again", func(all []alertmanager.Alert) bool { return len(all) == 1 && all[0].EndsAt.After(first.EndsAt) })
	assert.Equal(t, first.Fingerprint, again[0].Fingerprint)

	consume(t, x, transition(start, 2, incident.Update, "cache"))
	updated := await("it is updated", sequence("2"))[0]
	assert.Equal(t, first.Fingerprint, updated.Fingerprint, "the cause has changed, the alert is the same")
	assert.Equal(t, "cache", updated.Annotations["root_cause_service"])

	stop()
	x = deliver(t, am.URL())
	consume(t, x, transition(start, 3, incident.Update, "cache"))
	restarted := await("the exporter was restarted", sequence("3"))[0]
	assert.Equal(t, first.Fingerprint, restarted.Fingerprint)
	assert.True(t, start.Equal(restarted.StartsAt))

	require.NoError(t, am.Stop())
	consume(t, x, transition(start, 4, incident.Update, "cache"))
	require.NoError(t, am.Restart(t.Context()))
	back := await("Alertmanager is back", sequence("4"))[0]
	assert.Equal(t, first.Fingerprint, back.Fingerprint)
	assert.True(t, start.Equal(back.StartsAt))
	heard("firing inc-1")

	consume(t, x, transition(start, 5, incident.Resolved, "cache"))
	await("it is resolved", func(all []alertmanager.Alert) bool { return len(all) == 0 })
	heard("firing inc-1", "resolved inc-1")
	consume(t, x, transition(start, 4, incident.Update, "cache")) // comes late
	stop()
	alerts, err := am.Alerts(t.Context())
	require.NoError(t, err)
	assert.Empty(t, alerts, "what is late does not fire again")
	heard("firing inc-1", "resolved inc-1")
}
