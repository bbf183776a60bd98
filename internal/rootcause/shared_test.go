package rootcause

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/sage-rca/sage/internal/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newEngineForTest(cfg *Config) (*engine.Engine, error) {
	c, err := cfg.engineConfig()
	if err != nil {
		return nil, err
	}
	return engine.New(c, nil, observer{}, func(context.Context, []engine.Output) {})
}

// counters are the instruments that only count refusals and failures.
func counters(set component.TelemetrySettings) (*Instruments, error) {
	meter := set.MeterProvider.Meter("test")
	var b Instruments
	var errs [3]error
	b.LimitsReached, errs[0] = meter.Int64Counter("limits_reached")
	b.WindowsRefused, errs[1] = meter.Int64Counter("windows_refused")
	b.Failures, errs[2] = meter.Int64Counter("failures")
	return &b, errors.Join(errs[:]...)
}

// counted returns the value of the one point of a counter.
func counted(t *testing.T, tel *componenttest.Telemetry, name string) int64 {
	t.Helper()
	m, err := tel.GetMetric(name)
	require.NoError(t, err)
	points := m.Data.(metricdata.Sum[int64]).DataPoints
	require.Len(t, points, 1)
	return points[0].Value
}

func newTelemetryForTest(t *testing.T) *componenttest.Telemetry {
	t.Helper()
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.Background())) })
	return tel
}

// What the engine refuses because of a bound is counted by reason, and a late
// window is a refusal, not a failure.
func TestRefusals_areCounted(t *testing.T) {
	tel := newTelemetryForTest(t)
	b, err := counters(tel.NewTelemetrySettings())
	require.NoError(t, err)
	o := observer{newTelemetry(b, DefaultConfig().(*Config)), zap.NewNop()}
	var _ engine.RefusalObserver = o
	o.Refused(engine.ColumnLimit, 3)
	o.Failed("window", &engine.LateError{Start: 1, Last: 2})
	o.Failed("window", errors.New("panic"))

	for name, want := range map[string]int64{"limits_reached": 3, "windows_refused": 1, "failures": 1} {
		assert.Equal(t, want, counted(t, tel, name), name)
	}
}

// Whatever panics on the way in is counted, and goes no further.
func TestGuard(t *testing.T) {
	tel := newTelemetryForTest(t)
	r := NewRegistry(Component{Kind: component.KindProcessor, Instruments: counters})
	i, err := r.Instance(component.MustNewID("rootcause"), tel.NewTelemetrySettings(), DefaultConfig().(*Config))
	require.NoError(t, err)
	assert.NotPanics(t, func() { i.shared.guard(func() { panic("a singular matrix") }) })
	assert.EqualValues(t, 1, counted(t, tel, "failures"))
	require.NoError(t, i.Shutdown(t.Context()))
}

// Instances of one configuration share an engine; the last takes its entry along,
// however often each is shut down.
func TestRegistry(t *testing.T) {
	tel := newTelemetryForTest(t)
	r := NewRegistry(Component{Kind: component.KindProcessor, Instruments: counters})
	one, other := DefaultConfig().(*Config), DefaultConfig().(*Config)
	var all []*Instance
	for _, cfg := range []*Config{one, one, other} {
		i, err := r.Instance(component.MustNewID("rootcause"), tel.NewTelemetrySettings(), cfg)
		require.NoError(t, err)
		all = append(all, i)
	}
	assert.Same(t, all[0].shared, all[1].shared)
	assert.NotSame(t, all[0].shared, all[2].shared)
	for k, left := range []int{2, 1, 0} {
		require.NoError(t, all[k].Shutdown(t.Context()))
		require.NoError(t, all[k].Shutdown(t.Context()))
		assert.Len(t, r.running, left)
	}

	boom := errors.New("no meter")
	r = NewRegistry(Component{Instruments: func(component.TelemetrySettings) (*Instruments, error) { return nil, boom }})
	_, err := r.Instance(component.MustNewID("rootcause"), tel.NewTelemetrySettings(), one)
	require.ErrorIs(t, err, boom)
	assert.Empty(t, r.running)
}
