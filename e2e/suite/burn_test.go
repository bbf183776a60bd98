//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/e2e/hotrod"
	"github.com/sage-rca/sage/internal/eventlog"
)

// byBurnRates has a second engine judge the same spans by the usual rules at a hundredth
// to a thousandth of their lengths: a page at half of the budget of ten windows, and at a
// quarter of that of thirty. Its events go to an address of their own.
func byBurnRates(events string) string {
	return fmt.Sprintf(`yaml:
processors:
  rootcause/burn:
    window: 2s
    lateness: 3s
    slos:
      - {name: dispatch-latency, service: frontend, operation: "*/dispatch", threshold: 550ms, objective: 0.9}
      - {name: dispatch-errors, service: frontend, operation: "*/dispatch", indicator: errors, objective: 0.9}
    learned_slos: {enabled: false}
    burn_rates:
      enabled: true
      rules:
        - {long: 20s, short: 4s, factor: 5}
        - {long: 60s, short: 10s, factor: 2.5}
    error_budget: {period: 4m}
    changes: {gone_after: 4}
    training: {enabled: false}
    storage: file_storage
exporters:
  otlp/burn: {endpoint: %q, tls: {insecure: true}}
service:
  pipelines:
    traces: {processors: [rootcause, rootcause/burn]}
    metrics: {processors: [resource/host, rootcause, rootcause/burn]}
    logs/burn: {receivers: [nop], processors: [rootcause/burn], exporters: [otlp/burn]}
`, events)
}

// burnt is what the second engine has said before something happens.
type burnt struct {
	s      *stage
	before int
}

func (s *stage) burnt() burnt {
	all, _ := s.burn.seen()
	return burnt{s, len(all)}
}

// isOne checks that one cause since then is one incident by a rule, waits for its end, and
// returns the last that was said while it lasted.
func (b burnt) isOne(t *testing.T) eventlog.Incident {
	t.Helper()
	require.NoError(t, b.s.burn.await(t.Context(), 2*resolving*window, "an incident has come and is resolved", func(all []eventlog.Incident, _ []eventlog.ModelStatus) bool {
		return len(all) > b.before && !open(all[b.before:])
	}))
	b.s.last(t, recovering)
	all, _ := b.s.burn.seen()
	fresh := all[b.before:]
	ids := make(map[string]int64)
	for _, in := range fresh {
		ids[in.ID]++
		assert.Equal(t, ids[in.ID], in.Sequence, "sequences have no gaps")
	}
	assert.Len(t, ids, 1, "one cause is one incident")
	assert.Equal(t, "open", fresh[0].State)
	assert.GreaterOrEqual(t, fresh[0].BurnLong, 2.5, "a rule held")
	assert.GreaterOrEqual(t, fresh[0].BurnShort, 2.5)
	require.GreaterOrEqual(t, len(fresh), 2, "it opened, and was resolved")
	return fresh[len(fresh)-2]
}

// bySlowDatabase: a slow database is a page too, which ends some windows after it.
func (b burnt) bySlowDatabase(t *testing.T) {
	in := b.isOne(t)
	assert.Equal(t, "latency", in.Indicator)
	assert.Equal(t, "mysql", in.Culprit)
}

// withoutDriver: a service that is gone is a page that ends some windows after it is back,
// and the verdict says that it is gone. It is driver, which the frontend names in its
// spans (rpc.service), so that it is known who is called also where nobody answers.
func (s *stage) withoutDriver(t *testing.T) {
	require.NoError(t, s.burn.await(t.Context(), 2*resolving*window, "what was before is over", func(all []eventlog.Incident, _ []eventlog.ModelStatus) bool {
		return !open(all)
	}))
	s.last(t, recovering)
	b := s.burnt()
	require.NoError(t, s.App.Stop(hotrod.Driver))
	opened := s.burn.await(t.Context(), 2*opening*window, "an incident opens", func(all []eventlog.Incident, _ []eventlog.ModelStatus) bool {
		return len(all) > b.before
	})
	s.last(t, judging)
	require.NoError(t, s.App.Restart(t.Context(), hotrod.Driver, hotrod.Healthy))
	require.NoError(t, opened)
	in := b.isOne(t)
	assert.Equal(t, "errors", in.Indicator)
	assert.Equal(t, "absence", in.Kind)
	assert.Equal(t, "driver", in.Culprit)
	about := func(kind string) bool {
		return slices.ContainsFunc(s.burn.noticed(), func(c eventlog.Change) bool { return c.Kind == kind && c.Service == "driver" })
	}
	assert.True(t, about("service_gone"))
	assert.True(t, about("service_new"), "it is back")
}
