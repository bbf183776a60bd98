package ingest

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sage-rca/sage/internal/window"
)

func TestUnitFactor(t *testing.T) {
	for unit, want := range map[string]float64{
		"s": 1, "ms": 1e-3, "By": 1, "KiBy": 1024, "%": 0.01, "1": 1, "": 1, "{thread}": 1, "By/s": 1, "MiBy/min": float64(1<<20) / 60,
	} {
		got, ok := unitFactor(unit)
		assert.True(t, ok, unit)
		assert.InEpsilon(t, want, got, 1e-12, unit)
	}
	_, ok := unitFactor("furlong")
	assert.False(t, ok)
}

func TestFactorOf(t *testing.T) {
	for _, c := range []struct {
		name, unit, fallback string
		want                 float64
	}{
		{"x", "ms", "s", 1e-3},                     // the metric says it
		{"x", "furlong", "ns", 1e-9},               // nobody knows what it says
		{"wait_milliseconds_total", "", "s", 1e-3}, // its name says it
		{"memory_bytes", "", "1", 1},
		{"x", "", "%", 0.01},
	} {
		assert.InEpsilon(t, c.want, factorOf(c.name, c.unit, c.fallback), 1e-12, "%v", c)
	}
}

func TestCatalogue(t *testing.T) {
	shape := regexp.MustCompile(`^(process|container|pod|host|runtime|pool|requests)(\.[a-z][a-z0-9_]*){1,2}$`)
	first := map[string]row{}
	pairs := map[[2]string]bool{}
	for _, r := range catalogue {
		assert.Regexp(t, shape, r.feature, r.metric)
		_, ok := unitFactor(r.unit)
		assert.True(t, ok, "unit of %s", r.metric)
		pair := [2]string{r.metric, r.feature}
		assert.False(t, pairs[pair], "%s is there twice", r.metric)
		pairs[pair] = true

		other, shared := first[r.feature]
		if !shared {
			first[r.feature] = r
			continue
		}
		assert.NotEqual(t, window.FoldSum, r.fold, "%s and %s would be added up as %s", r.metric, other.metric, r.feature)
		assert.Equal(t, other.fold, r.fold, "%s and %s fold differently", r.metric, other.metric)
		assert.Equal(t, other.reading, r.reading, "%s and %s are read differently", r.metric, other.metric)
	}
	for metric := range rowsOf {
		assert.False(t, strings.HasPrefix(metric, "system.") && !strings.HasPrefix(rowsOf[metric][0].feature, "host."), metric)
	}
}

func TestMetricRules(t *testing.T) {
	rules := MetricRules{Include: []string{"shop.*"}, Exclude: []string{"process.disk.*", "shop.secret"}}
	assert.Empty(t, rules.validate())
	features := func(name string, of func(pmetric.Metric)) (out []string) {
		m := pmetric.NewMetric()
		m.SetName(name)
		of(m)
		for _, r := range rules.choose(m).rows {
			out = append(out, r.feature)
		}
		return out
	}
	gauge := func(m pmetric.Metric) { m.SetEmptyGauge() }
	assert.Equal(t, []string{"process.cpu.usage"}, features("process.cpu.time", gauge))
	assert.Equal(t, []string{"process.memory.faults", "process.memory.major_faults"}, features("process.paging.faults", gauge))
	assert.Equal(t, []string{"shop.sold"}, features("shop.sold", gauge))
	assert.Equal(t, []string{"named.pool_wait.shop.queue"}, features("shop.queue", gauge), "what its name tells")
	assert.Empty(t, features("shop.secret", gauge))
	assert.Empty(t, features("process.disk.io", gauge))
	assert.Empty(t, features("nobody.asked", gauge))

	m := pmetric.NewMetric()
	m.SetEmptySum().SetIsMonotonic(true)
	assert.Equal(t, rate, included(m).reading)
	m.SetEmptyHistogram()
	assert.Equal(t, mean, included(m).reading)
	m.SetEmptyGauge()
	assert.Equal(t, level, included(m).reading)

	bad := MetricRules{Include: []string{"["}, JoinKeys: [][]string{{}, {"a", "b", "c", "d", "e"}}}
	assert.Len(t, bad.validate(), 3)
}

func TestFilter(t *testing.T) {
	assert.True(t, working.passes(mapOf(t, attrs{"state": "user"})))
	assert.True(t, working.passes(mapOf(t, attrs{"cpu.mode": "system"})))
	assert.False(t, working.passes(mapOf(t, attrs{"cpu.mode": "idle", "cpu": "cpu0"})))
	assert.True(t, working.passes(mapOf(t, attrs{})))
	assert.True(t, used.passes(mapOf(t, attrs{"state": "used"})))
	assert.False(t, used.passes(mapOf(t, attrs{"state": "cached"})))
}
