package incidentexporter

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sage-rca/sage/internal/eventlog"
)

func TestRead_picksEvents(t *testing.T) {
	ld := records(one().open(), modelStatus(), one().resolved(2))
	ordinary().ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
	ld.MarkReadOnly()
	got, others := read(ld)
	var names []string
	for _, ev := range got {
		names = append(names, ev.name+" "+ev.state())
	}
	assert.Equal(t, []string{
		"rca.incident open", "rca.root_cause open", "rca.model.status none", "rca.incident resolved",
	}, names)
	assert.Equal(t, map[string]int64{noEvent: 2}, others)
}

// An event is known by the mirrored attribute where the name was lost on the way.
func TestRead_nameInAttribute(t *testing.T) {
	ld := records(one().open())
	ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).SetEventName("")
	got, _ := read(ld)
	assert.Equal(t, eventlog.EventIncident, got[0].name)
}

func TestRead_refusesWhatCannotBeTold(t *testing.T) {
	for name, spoil := range map[string]func(pcommon.Map){
		"no ID":          func(m pcommon.Map) { m.Remove("rca.incident.id") },
		"endless ID":     func(m pcommon.Map) { m.PutStr("rca.incident.id", strings.Repeat("x", maxID+1)) },
		"no sequence":    func(m pcommon.Map) { m.Remove("rca.incident.sequence") },
		"sequence zero":  func(m pcommon.Map) { m.PutInt("rca.incident.sequence", 0) },
		"unknown state":  func(m pcommon.Map) { m.PutStr("rca.incident.state", "acknowledged") },
		"no start":       func(m pcommon.Map) { m.Remove("rca.incident.start_time") },
		"start is prose": func(m pcommon.Map) { m.PutStr("rca.incident.start_time", "yesterday") },
	} {
		t.Run(name, func(t *testing.T) {
			ld := records(one().resolved(1))
			spoil(ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes())
			got, others := read(ld)
			assert.Empty(t, got)
			assert.Equal(t, map[string]int64{malformed: 1}, others)
		})
	}
}

func TestRead_writeIsItsReverse(t *testing.T) {
	ld := records(one().open(), modelStatus())
	got := write(readAll(ld))
	assert.Equal(t, ld.LogRecordCount(), got.LogRecordCount())
	again := readAll(got)
	for i, ev := range readAll(ld) {
		assert.Equal(t, ev.in, again[i].in)
		assert.Equal(t, ev.resource.Attributes().AsRaw(), again[i].resource.Attributes().AsRaw())
		assert.Equal(t, ev.scope.Name(), again[i].scope.Name())
		assert.Equal(t, ev.record.Attributes().AsRaw(), again[i].record.Attributes().AsRaw())
	}
}

// The records of an incident that has ended are INFO; its severity stays.
func TestRead_severityStaysOverTheLifeOfAnIncident(t *testing.T) {
	learned := one()
	learned.learned = true
	for _, s := range []story{one(), learned} {
		open := incidentEvent(s.open()).severity
		assert.Equal(t, map[bool]plog.SeverityNumber{false: plog.SeverityNumberError, true: plog.SeverityNumberWarn}[s.learned], open)
		for _, out := range []*event{incidentEvent(s.update(2)), incidentEvent(s.resolved(3)), incidentEvent(s.expired(3))} {
			assert.Equal(t, open, out.severity, out.in.State)
		}
	}
}

func TestPlain_isJSON(t *testing.T) {
	m := pcommon.NewMap()
	m.PutDouble("nan", math.NaN())
	m.PutDouble("x", 1.5)
	m.PutInt("n", 1<<60)
	m.PutEmptySlice("list").AppendEmpty().SetDouble(math.Inf(1))
	m.PutEmptyMap("map").PutBool("yes", true)
	assert.Equal(t, map[string]any{
		"x": 1.5, "n": int64(1 << 60), "list": []any{nil}, "map": map[string]any{"yes": true},
	}, plain(m))
}

func TestLink(t *testing.T) {
	ev := incidentEvent(one().open())
	require.NoError(t, checkLink("https://x.example/{service}/{operation}?trace={trace_id}&slo={slo}#{incident_id}"))
	assert.Equal(t, "https://x.example/frontend/POST%20%2Fcart?q=checkout-p99", link("https://x.example/{service}/{operation}?q={slo}", ev))
	ev.in.TraceID = ""
	assert.Empty(t, link("https://x.example/{trace_id}", ev), "a link that leads nowhere is none")
	for _, bad := range []string{"https://x.example/{span}", "/x", "javascript:alert(1)", "{service}://x"} {
		require.Error(t, checkLink(bad), bad)
	}
}
