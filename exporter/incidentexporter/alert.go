package incidentexporter

import (
	"strconv"
	"strings"
	"time"
)

// alertName is the label alertname, which a configured label may replace.
const alertName = "SLOViolated"

// identityLabels are those that an incident sets.
var identityLabels = []string{"service_namespace", "service", "operation", "slo", "slo_source", "severity"}

// maxAnnotation bounds an annotation, in characters. A body has at most 1 KiB.
const maxAnnotation = 4096

// alert is a postable alert of Alertmanager's API v2.
type alert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"` // zero while it fires and is not sent
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// objectiveKey is what an alert is about.
func objectiveKey(ev *event) key {
	return key{Namespace: ev.namespace, Service: ev.service, Operation: ev.in.Operation, SLO: ev.in.SLO}
}

// newAlert returns the alert of an incident. Its labels follow from what does not
// change while the incident lasts; severity is that of its first record.
func newAlert(cfg *AlertmanagerConfig, ev *event, severity string, now time.Time) *alert {
	a := &alert{Labels: map[string]string{"alertname": alertName}, Annotations: make(map[string]string)}
	for name, value := range cfg.Labels {
		a.Labels[name] = value
	}
	set := func(to map[string]string, name, value string) {
		if value = strings.ToValidUTF8(value, "\uFFFD"); value != "" { // Alertmanager refuses the one and drops the other
			to[name] = clip(value, maxAnnotation)
		}
	}
	set(a.Labels, "service_namespace", ev.namespace)
	set(a.Labels, "service", ev.service)
	set(a.Labels, "operation", ev.in.Operation)
	set(a.Labels, "slo", ev.in.SLO)
	set(a.Labels, "slo_source", text(ev.record.Attributes(), "rca.slo.source"))
	set(a.Labels, "severity", severity)

	set(a.Annotations, "summary", summary(ev))
	set(a.Annotations, "description", ev.in.Body)
	set(a.Annotations, "incident_id", ev.in.ID)
	set(a.Annotations, "incident_sequence", strconv.FormatInt(ev.in.Sequence, 10))
	set(a.Annotations, "root_causes", strings.Join(ev.in.Causes, ", "))
	set(a.Annotations, "root_cause_kind", ev.in.Kind)
	set(a.Annotations, "root_cause_mechanism", ev.in.Mechanism)
	set(a.Annotations, "root_cause_service", ev.in.Culprit)
	set(a.Annotations, "root_cause_host", ev.in.Host)
	if ev.in.Probability > 0 {
		set(a.Annotations, "root_cause_probability", strconv.FormatFloat(ev.in.Probability, 'f', 2, 64))
	}
	set(a.Annotations, "path", strings.Join(ev.in.Path, " > "))
	set(a.Annotations, "trace_id", ev.in.TraceID)
	if cfg.GeneratorURL != "" {
		a.GeneratorURL = link(cfg.GeneratorURL, ev)
	}

	// A clock that is ahead must not make an alert that ends before it starts, or one
	// that has ended and still fires.
	a.StartsAt = earlier(ev.start, now)
	if ev.ended() {
		if a.EndsAt = earlier(ev.endTime(), now); a.EndsAt.Before(a.StartsAt) {
			a.EndsAt = a.StartsAt
		}
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
