package incidentexporter

import (
	"math"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sage-rca/sage/internal/change"
	"github.com/sage-rca/sage/internal/engine"
	"github.com/sage-rca/sage/internal/eventlog"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/incident"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/report"
	"github.com/sage-rca/sage/internal/slo"
	"github.com/sage-rca/sage/internal/window"
)

// onset is when the incidents of the tests begin.
var onset = time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)

// story makes the records of one incident as the processor writes them.
type story struct {
	id      string
	service string
	learned bool
	start   time.Time
}

func one() story { return story{id: "inc-1", service: "frontend", start: onset} }

// output is the transition number sequence, whose cause is culprit.
func (s story) output(sequence int, phase incident.Phase, culprit string) engine.Output {
	frontend := identity.RPC{Service: identity.Service{Namespace: "shop", Name: s.service}, Operation: "POST /cart"}
	cause := rca.Cause{
		Kind: rca.KindDependency, Mechanism: rca.CPU, Service: identity.Service{Namespace: "shop", Name: culprit},
		Metric: "process.cpu.utilization", Observed: 0.97, Usual: 0.41, Probability: 0.81, Contribution: 1,
		Quantile: 0.43, Lower: 0.36, Upper: 0.55, Path: []string{s.service, "payment", culprit},
	}
	e := incident.Event{
		ID: s.id, Sequence: sequence, Phase: phase, Start: s.start, Time: s.start.Add(time.Duration(sequence) * time.Minute),
		SLO: slo.State{
			Objective: slo.Objective{Name: "checkout-p99", Quantile: 0.99, Threshold: 500 * time.Millisecond, Target: 0.99, Learned: s.learned},
			RPC:       frontend, Measured: true, Violated: true, Firing: true, Observed: 2.31, Baseline: math.NaN(), Count: 412, BadRatio: 0.22,
		},
		Verdict:  rca.Verdict{Method: rca.MethodGVAE, Culprits: []rca.Cause{cause}, Candidates: []rca.Cause{cause}, Quantile: 0.43, Lower: 0.36, Upper: 0.55, RestoresSLO: true, Confidence: 0.9, Agreed: true},
		Exemplar: window.Exemplar{Span: identity.Span{Trace: identity.TraceID{1}, ID: identity.SpanID{2}}, Duration: 3e9},
	}
	if phase == incident.Resolved || phase == incident.Expired {
		e.End, e.SLO.Observed = e.Time, 0.2
	}
	return engine.Output{Incident: &e, ModelAt: engine.ModelStatus{State: engine.Ready, Version: 1}}
}

func (s story) open() engine.Output               { return s.output(1, incident.Open, "db") }
func (s story) update(n int) engine.Output        { return s.output(n, incident.Update, "cache") }
func (s story) resolved(n int) engine.Output      { return s.output(n, incident.Resolved, "cache") }
func (s story) expired(n int) engine.Output       { return s.output(n, incident.Expired, "cache") }
func (s story) named(id, service string) story    { s.id, s.service = id, service; return s }
func (s story) after(by time.Duration) story      { s.start = s.start.Add(by); return s }
func records(outs ...engine.Output) plog.Logs     { return report.Logs(outs, options) }
func events(outs ...engine.Output) []event        { return readAll(records(outs...)) }
func readAll(ld plog.Logs) (all []event)          { all, _ = read(ld); return all }
func incidentEvent(out engine.Output) (ev *event) { e := events(out)[0]; return &e }

// incidentsOf are the events without those of candidates.
func incidentsOf(outs ...engine.Output) []event {
	return slices.DeleteFunc(events(outs...), func(ev event) bool { return ev.name != eventlog.EventIncident })
}

// options are those of the processor; one candidate is reported beside an incident.
var options = report.Options{Engine: "rootcause", EventNameAttribute: true, Candidates: 1, Now: onset}

// modelStatus is what the engine says of its model.
func modelStatus() engine.Output {
	m := engine.ModelStatus{State: engine.Ready, Version: 1, Time: onset}
	return engine.Output{Model: &m, ModelAt: m}
}

// ticket is a transition of an incident that is worth a ticket.
func ticket(out engine.Output) engine.Output {
	out.Incident.SLO.Ticket = true
	return out
}

// deploy is a change that was noticed.
func deploy() engine.Output {
	c := change.Change{ID: "chg-1", Kind: change.Version, Service: identity.Service{Namespace: "shop", Name: "payment"}, Since: onset, Noticed: onset, Old: "1", New: "2"}
	return engine.Output{Change: &c}
}

// merged is an incident that has become part of another.
func (s story) merged(n int, into string) engine.Output {
	out := s.resolved(n)
	out.Incident.MergedInto = into
	return out
}

// ordinary are records that are no events.
func ordinary() plog.Logs {
	ld := plog.NewLogs()
	rs := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	rs.AppendEmpty().Body().SetStr("GET / 200")
	r := rs.AppendEmpty()
	r.SetEventName("somebody.elses")
	return ld
}
