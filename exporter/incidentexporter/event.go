package incidentexporter

import (
	"math"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sage-rca/sage/internal/eventlog"
)

// maxID bounds the ID of an incident: PagerDuty's deduplication keys have at most
// 255 characters, and docs/events.md promises 100.
const maxID = 255

// Reasons for which a record is for no destination.
const (
	noEvent   = "no_event"
	notWanted = "not_wanted"
	malformed = "malformed"
)

// event is one root-cause event: a log record, and what of it is needed to
// deliver it. Its record belongs to the request that it came in, and is read only.
type event struct {
	resource pcommon.Resource
	scope    pcommon.InstrumentationScope
	record   plog.LogRecord

	name      string
	in        eventlog.Incident // of rca.incident; of rca.root_cause the ID, sequence and state
	start     time.Time         // of the incident; set of rca.incident
	namespace string            // service.namespace of the service whose SLO is hurt
	service   string            // its service.name
	severity  plog.SeverityNumber
}

// readEvent reads the event of a record, or says why there is none.
func readEvent(res pcommon.Resource, scope pcommon.InstrumentationScope, r plog.LogRecord) (ev event, problem string) {
	ev = event{resource: res, scope: scope, record: r, name: eventlog.Name(r), severity: r.SeverityNumber()}
	switch ev.name {
	case eventlog.EventModelStatus, eventlog.EventChange:
		return ev, ""
	case eventlog.EventIncident, eventlog.EventRootCause:
	default:
		return ev, noEvent
	}
	ev.in = eventlog.ReadIncident(res, r)
	if ev.in.ID == "" || len(ev.in.ID) > maxID || ev.in.Sequence < 1 || !isState(ev.in.State) {
		return ev, malformed
	}
	if ev.name == eventlog.EventRootCause {
		return ev, ""
	}
	var err error
	if ev.start, err = time.Parse(time.RFC3339Nano, ev.in.Start); err != nil {
		return ev, malformed
	}
	ev.namespace = text(res.Attributes(), "service.namespace")
	if ev.service = text(r.Attributes(), "rca.slo.service.name"); ev.service == "" {
		ev.service = ev.in.Service
	}
	if ev.service == "" && ev.in.SLO == "" {
		return ev, malformed
	}
	if ev.ended() {
		ev.severity = severityOf(text(r.Attributes(), "rca.slo.source"))
	}
	return ev, ""
}

// severityOf is that of an incident which has ended, whose records are all INFO:
// that of its open record, as far as the source of the objective tells.
func severityOf(source string) plog.SeverityNumber {
	if source == "learned" {
		return plog.SeverityNumberWarn
	}
	return plog.SeverityNumberError
}

func isState(s string) bool {
	switch s {
	case "open", "update", "resolved", "expired":
		return true
	default:
		return false
	}
}

// ended reports whether the incident is over. One that expired is no longer
// watched, so nobody would ever resolve it otherwise.
func (ev *event) ended() bool { return ev.in.State == "resolved" || ev.in.State == "expired" }

// state is that of the incident, none where the event belongs to none.
func (ev *event) state() string {
	if ev.in.State == "" {
		return "none"
	}
	return ev.in.State
}

// endTime is when the incident ended, the event's time where it is not said.
func (ev *event) endTime() time.Time {
	if t, err := time.Parse(time.RFC3339Nano, ev.in.End); err == nil {
		return t
	}
	return ev.in.Time
}

// rank is that of a candidate.
func (ev *event) rank() int64 {
	if v, ok := ev.record.Attributes().Get("rca.root_cause.rank"); ok && v.Type() == pcommon.ValueTypeInt {
		return v.Int()
	}
	return 0
}

// read returns the events of ld in order, and counts what is none by reason.
func read(ld plog.Logs) (events []event, others map[string]int64) {
	others = make(map[string]int64)
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				ev, problem := readEvent(rl.Resource(), sl.Scope(), r)
				if problem != "" {
					others[problem]++
					continue
				}
				events = append(events, ev)
			}
		}
	}
	return events, others
}

// write is the reverse of read: a copy of the events' records.
func write(events []event) plog.Logs {
	ld := plog.NewLogs()
	for i := range events {
		rl := ld.ResourceLogs().AppendEmpty()
		events[i].resource.CopyTo(rl.Resource())
		sl := rl.ScopeLogs().AppendEmpty()
		events[i].scope.CopyTo(sl.Scope())
		events[i].record.CopyTo(sl.LogRecords().AppendEmpty())
	}
	return ld
}

func text(m pcommon.Map, key string) string {
	if v, ok := m.Get(key); ok {
		return v.AsString()
	}
	return ""
}

// plain returns m as JSON can show it: what is not finite, which JSON has no word
// for, is left out.
func plain(m pcommon.Map) map[string]any {
	out := make(map[string]any, m.Len())
	for k, v := range m.All() {
		if p := plainValue(v); p != nil {
			out[k] = p
		}
	}
	return out
}

func plainValue(v pcommon.Value) any {
	switch v.Type() {
	case pcommon.ValueTypeDouble:
		if f := v.Double(); !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f
		}
		return nil
	case pcommon.ValueTypeMap:
		return plain(v.Map())
	case pcommon.ValueTypeSlice:
		out := make([]any, 0, v.Slice().Len())
		for _, e := range v.Slice().All() {
			out = append(out, plainValue(e))
		}
		return out
	default:
		return v.AsRaw()
	}
}
