package fleet

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sage-rca/sage/internal/eventlog"
	"github.com/sage-rca/sage/internal/simulate"
)

// SlowTax is a chain of ten services, of which the CPU of one is taken by others for a
// minute.
func SlowTax(sampling float64) Plan {
	return Plan{App: "chain", Sampling: sampling, Windows: 60, Faults: func(app *simulate.App) []simulate.Fault {
		for i, s := range app.Services {
			if s.Name == "tax" {
				return []simulate.Fault{{
					Kind: simulate.CPUContention, Service: i, Replica: -1, Host: -1, Entry: -1, Pool: -1,
					Size: 6, Start: 40 * Length, End: 50 * Length,
				}}
			}
		}
		panic("no tax")
	}}
}

// Said are all events as text, but when they were observed.
func Said(t testing.TB, sink *consumertest.LogsSink) []string {
	t.Helper()
	var out []string
	for _, ld := range sink.AllLogs() {
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, r := range sl.LogRecords().All() {
					one := plog.NewLogs()
					to := one.ResourceLogs().AppendEmpty()
					rl.Resource().CopyTo(to.Resource())
					record := to.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
					r.CopyTo(record)
					record.SetObservedTimestamp(0)
					b, err := (&plog.JSONMarshaler{}).MarshalLogs(one)
					require.NoError(t, err)
					out = append(out, string(b))
				}
			}
		}
	}
	return out
}

// Verdicts are the incidents, in short.
func Verdicts(sink *consumertest.LogsSink) []string {
	var out []string
	for _, ld := range sink.AllLogs() {
		for _, i := range eventlog.Incidents(ld) {
			out = append(out, strings.Join([]string{
				i.ID, i.State, i.Time.Format(time.TimeOnly), i.Service + " " + i.Operation, strings.Join(i.Causes, "+"), i.Mechanism, i.Method,
			}, " | "))
		}
	}
	return out
}
