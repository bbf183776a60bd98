// Package report turns what the engine says into OTLP log records.
package report

import (
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sage-rca/sage/internal/engine"
)

// Options say how records look.
type Options struct {
	Engine             string
	EventNameAttribute bool
	Candidates         int
	Now                time.Time
}

// Logs returns the records of outs.
func Logs(outs []engine.Output, opt Options) plog.Logs {
	ld := plog.NewLogs()
	for _, o := range outs {
		r := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		switch {
		case o.Incident != nil:
			e := o.Incident
			r.SetEventName("rca.incident")
			r.SetTimestamp(pcommon.NewTimestampFromTime(e.Time))
			r.Body().SetStr(fmt.Sprintf("%s %s %d method=%s agreed=%v culprits=%+v q=%v abst=%v %s", e.ID, e.Phase, e.Sequence, e.Verdict.Method, e.Verdict.Agreed, e.Verdict.Culprits, e.Verdict.Quantile, e.Verdict.Abstained, e.Verdict.Reason))
		case o.Model != nil:
			r.SetEventName("rca.model.status")
			r.Body().SetStr(fmt.Sprintf("%+v", *o.Model))
		}
	}
	return ld
}
