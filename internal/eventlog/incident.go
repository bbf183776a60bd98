package eventlog

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Names of the events.
const (
	EventIncident    = "rca.incident"
	EventRootCause   = "rca.root_cause"
	EventChange      = "rca.change"
	EventModelStatus = "rca.model.status"
)

// Incident is one rca.incident record: one transition of one incident. What the
// record does not say is the zero value.
type Incident struct {
	ID           string
	Sequence     int64
	State        string // open, update, resolved, expired
	UpdateReason string
	Time         time.Time // when it occurred, event time
	Start, End   string    // RFC 3339
	Body         string
	TraceID      string // of the exemplar, hexadecimal

	SLOs       []string // its own first, then those of its parts
	MergedInto string   // ID of the incident of which it is a part, of a resolved one
	Recurrence int64
	ChangeID   string   // of the change before it that says most
	Changes    []string // all of them, as text

	Service   string // whose SLO is hurt
	Operation string
	SLO       string
	Quantile  float64
	Threshold float64 // s
	Observed  float64 // s
	Baseline  float64 // s
	Indicator string  // latency, errors
	BurnLong  float64 // burn rates of the error budget, 0 where none are known
	BurnShort float64

	Kind, Mechanism string // of the root cause
	Unmonitored     bool   // nothing is known of its resources
	Culprit         string // its service
	Instance        string
	Host            string
	Metric          string
	Probability     float64
	Causes          []string // the whole culprit set
	Path            []string
	WhatIf          WhatIf
	Candidates      []Candidate
	Evidence        []string
	RuledOut        []string
	Abstained       bool
	AbstainReason   string

	Method       string
	ModelVersion int64
	ModelState   string
}

// WhatIf is the tail that would have been observed had the causes been normal.
type WhatIf struct {
	Known                  bool
	Quantile, Lower, Upper float64 // s
	Restores               bool    // the SLO would have been met
}

// Candidate is one ranked possible cause.
type Candidate struct {
	Entity, Mechanism string
	Probability       float64
}

// Name is the name of the event in r: its EventName, or the attribute that
// mirrors it.
func Name(r plog.LogRecord) string {
	if n := r.EventName(); n != "" {
		return n
	}
	return attributes(r.Attributes()).text("event.name")
}

// Incidents returns the rca.incident records of ld in order.
func Incidents(ld plog.Logs) []Incident {
	var out []Incident
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				if Name(r) == EventIncident {
					out = append(out, ReadIncident(rl.Resource(), r))
				}
			}
		}
	}
	return out
}

// ReadIncident reads one rca.incident record and the resource that it is about.
func ReadIncident(res pcommon.Resource, r plog.LogRecord) Incident {
	a, of := attributes(r.Attributes()), attributes(res.Attributes())
	in := Incident{
		ID:           a.text("rca.incident.id"),
		Sequence:     a.integer("rca.incident.sequence"),
		State:        a.text("rca.incident.state"),
		UpdateReason: a.text("rca.incident.update_reason"),
		Time:         r.Timestamp().AsTime(),
		Start:        a.text("rca.incident.start_time"),
		End:          a.text("rca.incident.end_time"),
		Body:         r.Body().AsString(),

		SLOs:       a.texts("rca.incident.slos"),
		MergedInto: a.text("rca.incident.merged_into"),
		Recurrence: a.integer("rca.incident.recurrence"),
		ChangeID:   a.text("rca.change.id"),
		Changes:    a.texts("rca.changes"),

		Service:   of.text("service.name"),
		Operation: a.text("rca.slo.operation"),
		SLO:       a.text("rca.slo.name"),
		Quantile:  a.number("rca.slo.quantile"),
		Threshold: a.number("rca.slo.threshold_s"),
		Observed:  a.number("rca.latency.observed_s"),
		Baseline:  a.number("rca.latency.baseline_s"),
		Indicator: a.text("rca.slo.indicator"),
		BurnLong:  a.number("rca.slo.burn_rate.long"),
		BurnShort: a.number("rca.slo.burn_rate.short"),

		Kind:        a.text("rca.root_cause.kind"),
		Mechanism:   a.text("rca.root_cause.mechanism"),
		Unmonitored: a.truth("rca.root_cause.unmonitored"),
		Culprit:     a.text("rca.root_cause.service.name"),
		Instance:    a.text("rca.root_cause.instance"),
		Host:        a.text("rca.root_cause.host"),
		Metric:      a.text("rca.root_cause.metric"),
		Probability: a.number("rca.root_cause.probability"),
		Causes:      a.texts("rca.root_causes"),
		Path:        a.texts("rca.root_cause.path"),
		WhatIf: WhatIf{
			Known:    a.has("rca.counterfactual.quantile_s"),
			Quantile: a.number("rca.counterfactual.quantile_s"),
			Lower:    a.number("rca.counterfactual.lower_s"),
			Upper:    a.number("rca.counterfactual.upper_s"),
			Restores: a.truth("rca.counterfactual.restores_slo"),
		},
		Evidence:      a.texts("rca.evidence.metrics"),
		RuledOut:      a.texts("rca.ruled_out"),
		Abstained:     a.truth("rca.abstained"),
		AbstainReason: a.text("rca.abstain.reason"),

		Method:       a.text("rca.method"),
		ModelVersion: a.integer("rca.model.version"),
		ModelState:   a.text("rca.model.state"),
	}
	if id := r.TraceID(); !id.IsEmpty() {
		in.TraceID = id.String()
	}
	mechanisms, probabilities := a.texts("rca.candidates.mechanism"), a.numbers("rca.candidates.probability")
	for i, entity := range a.texts("rca.candidates.entity") {
		c := Candidate{Entity: entity}
		if i < len(mechanisms) {
			c.Mechanism = mechanisms[i]
		}
		if i < len(probabilities) {
			c.Probability = probabilities[i]
		}
		in.Candidates = append(in.Candidates, c)
	}
	return in
}

// ModelStatus is one rca.model.status record.
type ModelStatus struct {
	Time    time.Time
	State   string // cold, warming, ready, stale, degraded
	Version int64
	Body    string
}

// ReadModelStatus reads one rca.model.status record.
func ReadModelStatus(r plog.LogRecord) ModelStatus {
	a := attributes(r.Attributes())
	return ModelStatus{
		Time:    r.Timestamp().AsTime(),
		State:   a.text("rca.model.state"),
		Version: a.integer("rca.model.version"),
		Body:    r.Body().AsString(),
	}
}
