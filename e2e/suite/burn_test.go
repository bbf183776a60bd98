//go:build e2e

package e2e

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/e2e/hotrod"
	"github.com/sage-rca/sage/internal/eventlog"
)

// burnRates are the usual rules at a hundredth to a thousandth of their lengths: a page
// at half of the budget of ten windows, and at a quarter of that of thirty.
const burnRates = `yaml:
processors:
  rootcause:
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
`

// By burn rates: a slow database is a page that ends some windows after it, and so is
// a service that is gone, of which the verdict says that it is.
func TestHotROD_burnRates(t *testing.T) {
	s := newStage(t, "e2e-burn", burnRates)
	s.last(t, 40) // what is usual
	incidents, _ := s.events.seen()
	require.Empty(t, incidents, "a healthy application has no incidents")
	assert.Empty(t, s.events.noticed(), "in the first windows all is new")

	t.Run("slow database", func(t *testing.T) {
		require.NoError(t, s.App.Restart(t.Context(), hotrod.Customer, hotrod.SlowDatabase))
		in := s.burns(t, func() error { return s.App.Restart(t.Context(), hotrod.Customer, hotrod.Healthy) })
		assert.Equal(t, "latency", in.Indicator)
		assert.Equal(t, "mysql", in.Culprit)
	})
	// driver, which the frontend names (rpc.service): what it calls by HTTP is for it
	// nothing but an address, which stands for two services.
	t.Run("driver is gone", func(t *testing.T) {
		require.NoError(t, s.App.Stop(hotrod.Driver))
		in := s.burns(t, func() error { return s.App.Restart(t.Context(), hotrod.Driver, hotrod.Healthy) })
		assert.Equal(t, "errors", in.Indicator)
		assert.Equal(t, "absence", in.Kind)
		assert.Equal(t, "driver", in.Culprit)
		about := func(kind string) bool {
			return slices.ContainsFunc(s.events.noticed(), func(c eventlog.Change) bool { return c.Kind == kind && c.Service == "driver" })
		}
		assert.True(t, about("service_gone"))
		assert.True(t, about("service_new"), "it is back")
	})
}

// burns goes through one fault from when it has begun: an incident opens by a rule, and
// is resolved after undo. It returns the last that was said while it lasted.
func (s *stage) burns(t *testing.T, undo func() error) eventlog.Incident {
	t.Helper()
	before, _ := s.events.seen()
	fresh := func(all []eventlog.Incident) []eventlog.Incident { return all[len(before):] }
	opened := s.events.await(t.Context(), 2*opening*window, "an incident opens", func(all []eventlog.Incident, _ []eventlog.ModelStatus) bool {
		return len(fresh(all)) > 0
	})
	s.last(t, judging)
	during, _ := s.events.seen()
	require.NoError(t, undo())
	require.NoError(t, opened)
	require.NoError(t, s.events.await(t.Context(), 2*resolving*window, "it is resolved", func(all []eventlog.Incident, _ []eventlog.ModelStatus) bool {
		return !open(fresh(all))
	}))
	s.last(t, recovering)
	all, _ := s.events.seen()
	ids := make(map[string]int64)
	for _, in := range fresh(all) {
		ids[in.ID]++
		assert.Equal(t, ids[in.ID], in.Sequence, "sequences have no gaps")
	}
	assert.Len(t, ids, 1, "one cause is one incident")
	first := fresh(all)[0]
	assert.Equal(t, "open", first.State)
	assert.GreaterOrEqual(t, first.BurnLong, 2.5, "a rule held")
	assert.GreaterOrEqual(t, first.BurnShort, 2.5)
	return during[len(during)-1]
}
