package eventlog

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Change is one rca.change record.
type Change struct {
	ID       string
	Time     time.Time // when it was certain
	Kind     string    // version, service_new, service_gone, operations_new, operations_gone, replicas, hosts_new, hosts_gone
	Service  string
	Old, New string // versions
	Body     string
}

// ReadChange reads one rca.change record and the resource that it is about.
func ReadChange(res pcommon.Resource, r plog.LogRecord) Change {
	a := attributes(r.Attributes())
	return Change{
		ID:      a.text("rca.change.id"),
		Time:    r.Timestamp().AsTime(),
		Kind:    a.text("rca.change.kind"),
		Service: attributes(res.Attributes()).text("service.name"),
		Old:     a.text("rca.change.version.old"),
		New:     a.text("rca.change.version.new"),
		Body:    r.Body().AsString(),
	}
}
