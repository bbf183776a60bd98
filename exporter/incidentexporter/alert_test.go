package incidentexporter

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/engine"
	"github.com/sage-rca/sage/internal/incident"
	"github.com/sage-rca/sage/internal/rca"
)

func alertOf(out engine.Output, now time.Time) *alert {
	ev := incidentEvent(out)
	cfg := &AlertmanagerConfig{Labels: map[string]string{"team": "shop"}, GeneratorURL: "https://x.example/{trace_id}"}
	return newAlert(cfg, ev, severityName(ev.severity), now)
}

// Labels are identity: they stay over the life of an incident, and in the next one
// of the same objective. What is found out is in annotations.
func TestAlert_labelsStayAndAnnotationsTell(t *testing.T) {
	now := onset.Add(time.Hour)
	open := alertOf(one().open(), now)
	assert.Equal(t, map[string]string{
		"alertname": "SLOViolated", "team": "shop", "service_namespace": "shop", "service": "frontend", "operation": "POST /cart",
		"slo": "checkout-p99", "slo_source": "configured", "severity": "critical",
	}, open.Labels)
	for _, out := range []engine.Output{one().update(2), one().resolved(3), one().expired(3), one().named("inc-2", "frontend").after(time.Hour).open()} {
		assert.Equal(t, open.Labels, alertOf(out, now).Labels)
	}
	for _, name := range identityLabels {
		assert.Contains(t, open.Labels, name)
	}

	assert.Equal(t, "db", open.Annotations["root_cause_service"])
	assert.Equal(t, "cache", alertOf(one().update(2), now).Annotations["root_cause_service"])
	assert.NotContains(t, open.Annotations, "root_cause_host")
	onHost := one().open()
	onHost.Incident.Verdict.Culprits[0].Kind, onHost.Incident.Verdict.Culprits[0].Host = rca.KindHost, "node-7"
	assert.Equal(t, "node-7", alertOf(onHost, now).Annotations["root_cause_host"])
	assert.Equal(t, "inc-1", open.Annotations["incident_id"])
	assert.Equal(t, "frontend > payment > db", open.Annotations["path"])
	assert.Equal(t, "0.81", open.Annotations["root_cause_probability"])
	assert.True(t, strings.HasPrefix(open.Annotations["summary"], "shop/frontend POST /cart p99 2.31s > 500ms"), open.Annotations["summary"])
	assert.Contains(t, open.Annotations["description"], "\npath: ")
	assert.Equal(t, "https://x.example/01000000000000000000000000000000", open.GeneratorURL)

	learned := one()
	learned.learned = true
	assert.Equal(t, "warning", alertOf(learned.open(), now).Labels["severity"])
	assert.Equal(t, "warning", alertOf(learned.resolved(2), now).Labels["severity"])
}

func TestAlert_whatIsNotKnownIsLeftOut(t *testing.T) {
	out := one().open()
	out.Incident.SLO.RPC.Service.Namespace = ""
	out.Incident.Verdict.Culprits, out.Incident.Verdict.Candidates, out.Incident.Verdict.Abstained = nil, nil, true
	a := alertOf(out, onset.Add(time.Hour))
	assert.NotContains(t, a.Labels, "service_namespace")
	for name, value := range a.Annotations {
		assert.NotEmpty(t, value, name)
	}
	assert.NotContains(t, a.Annotations, "root_cause_service")
}

// Clocks that differ make no alert that ends before it starts, or that fires after
// it was resolved.
func TestAlert_times(t *testing.T) {
	a := alertOf(one().open(), onset.Add(time.Hour))
	assert.Equal(t, onset, a.StartsAt)
	assert.True(t, a.EndsAt.IsZero())
	end := onset.Add(3 * time.Minute) // of resolved(3)
	for now, want := range map[time.Time][2]time.Time{
		onset.Add(time.Hour):    {onset, end},
		onset.Add(time.Minute):  {onset, onset.Add(time.Minute)},
		onset.Add(-time.Minute): {onset.Add(-time.Minute), onset.Add(-time.Minute)},
	} {
		a := alertOf(one().resolved(3), now)
		assert.Equal(t, want, [2]time.Time{a.StartsAt, a.EndsAt})
	}
	out := one().output(3, incident.Resolved, "db")
	out.Incident.End = onset.Add(-time.Hour)
	assert.Equal(t, onset, alertOf(out, onset.Add(time.Hour)).EndsAt)
}

// Whoever was told of an incident that became part of another must hear that it is over.
func TestAlert_mergedEnds(t *testing.T) {
	a := alertOf(one().merged(3, "inc-2"), onset.Add(time.Hour))
	assert.Equal(t, onset.Add(3*time.Minute), a.EndsAt)
	assert.Contains(t, a.Annotations["summary"], "Merged into inc-2")
	assert.True(t, incidentEvent(one().merged(3, "inc-2")).ended(), "for every destination")
}
