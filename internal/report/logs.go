package report

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sage-rca/sage/internal/engine"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/incident"
	"github.com/sage-rca/sage/internal/window"
)

// Options say how records look.
type Options struct {
	// Engine is the component ID of the processor.
	Engine string
	// EventNameAttribute mirrors the event name into the attribute event.name.
	EventNameAttribute bool
	// Candidates is the largest number of rca.root_cause records per open or update.
	Candidates int
	// Now is the observed time of the records.
	Now time.Time
}

// Logs returns the records of outs, in their order. Neighbours of one resource
// share it.
func Logs(outs []engine.Output, opt Options) plog.Logs {
	w := writer{opt: opt, ld: plog.NewLogs()}
	for i := range outs {
		switch o := &outs[i]; {
		case o.Change != nil:
			w.change(o.Change)
		case o.Incident != nil:
			w.incident(o.Incident, o.ModelAt)
		case o.Model != nil:
			w.model(o.Model)
		}
	}
	return w.ld
}

// writer appends records to ld.
type writer struct {
	opt     Options
	ld      plog.Logs
	current source              // resource of records
	records plog.LogRecordSlice // of the last resource
}

// source is the resource of a record: a service, one replica of it, or the host on
// which it runs.
type source struct {
	service        identity.Service
	instance, host string
}

// record appends a record of the resource s.
func (w *writer) record(s source, name string, at time.Time, severity plog.SeverityNumber, body string) attributes {
	if w.ld.ResourceLogs().Len() == 0 || s != w.current {
		w.begin(s)
	}
	r := w.records.AppendEmpty()
	r.SetEventName(name)
	r.SetTimestamp(pcommon.NewTimestampFromTime(at))
	r.SetObservedTimestamp(pcommon.NewTimestampFromTime(w.opt.Now))
	r.SetSeverityNumber(severity)
	r.SetSeverityText(severityText(severity))
	r.Body().SetStr(body)
	a := attributes{record: r}
	if w.opt.EventNameAttribute {
		a.text(attrEventName, name)
	}
	return a
}

// begin appends a resource.
func (w *writer) begin(s source) {
	rl := w.ld.ResourceLogs().AppendEmpty()
	on := rl.Resource().Attributes()
	put := func(key, value string) {
		if value != "" {
			on.PutStr(key, valid(value))
		}
	}
	put("service.namespace", s.service.Namespace)
	put("service.name", s.service.Name)
	put("service.instance.id", s.instance)
	put("host.name", s.host)
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName(scopeName)
	w.current, w.records = s, sl.LogRecords()
}

// severityOf is that of a transition. Objectives that somebody configured are
// errors, where rules of burn rates say that it is worth a page; learned ones, which
// nobody asked for, are warnings, unless they stand for a part that is an error;
// confidence changes nothing.
func severityOf(e *incident.Event) plog.SeverityNumber {
	switch {
	case over(e):
		return plog.SeverityNumberInfo
	case !e.Raised && (e.SLO.Objective.Learned || e.SLO.Ticket):
		return plog.SeverityNumberWarn
	default:
		return plog.SeverityNumberError
	}
}

func severityText(n plog.SeverityNumber) string {
	switch n {
	case plog.SeverityNumberError:
		return "ERROR"
	case plog.SeverityNumberWarn:
		return "WARN"
	default:
		return "INFO"
	}
}

// over reports whether an incident has ended.
func over(e *incident.Event) bool {
	return e.Phase == incident.Resolved || e.Phase == incident.Expired
}

// exemplar makes a record point to a span, so that a backend can show the trace.
func (a attributes) exemplar(x window.Exemplar) {
	if x.Span != (identity.Span{}) {
		a.record.SetTraceID(pcommon.TraceID(x.Span.Trace))
		a.record.SetSpanID(pcommon.SpanID(x.Span.ID))
	}
}
