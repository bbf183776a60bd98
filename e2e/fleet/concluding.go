package fleet

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer/consumertest"

	"github.com/sage-rca/sage/connector/rootcauseconnector"
)

// Settings of both tiers: what is asked of one Collector.
const Settings = `
window: 5s
lateness: 3s
input: {backfill: true}
learned_slos: {windows: 10}
training: {history: 10m, min_windows: 20, interval: 5m, cpu_budget: 1, epochs: 10}
`

func config(t testing.TB, f connector.Factory, text string) component.Config {
	t.Helper()
	r, err := confmap.NewRetrievedFromYAML([]byte(text))
	require.NoError(t, err)
	conf, err := r.AsConf()
	require.NoError(t, err)
	cfg := f.CreateDefaultConfig()
	require.NoError(t, conf.Unmarshal(cfg))
	require.NoError(t, cfg.(interface{ Validate() error }).Validate())
	return cfg
}

func telemetry(instance string) connector.Settings {
	set := connectortest.NewNopSettings(component.MustNewType("rootcause"))
	set.ID = component.MustNewID("rootcause")
	set.Resource.Attributes().PutStr("service.instance.id", instance)
	return set
}

// Concluding is a Collector that judges: all spans that it sees, or what others tell.
type Concluding struct {
	Traces  connector.Traces
	Metrics connector.Metrics
	Events  *consumertest.LogsSink
}

// Conclude starts one that is asked for Settings.
func Conclude(t testing.TB) *Concluding {
	t.Helper()
	return conclude(t, Settings)
}

func conclude(t testing.TB, settings string) *Concluding {
	t.Helper()
	c := &Concluding{Events: new(consumertest.LogsSink)}
	f := rootcauseconnector.NewFactory()
	cfg := config(t, f, settings)
	var err error
	c.Traces, err = f.CreateTracesToLogs(t.Context(), telemetry("analysis"), cfg, c.Events)
	require.NoError(t, err)
	c.Metrics, err = f.CreateMetricsToLogs(t.Context(), telemetry("analysis"), cfg, c.Events)
	require.NoError(t, err)
	for _, i := range []component.Component{c.Traces, c.Metrics} {
		require.NoError(t, i.Start(t.Context(), componenttest.NewNopHost()))
	}
	return c
}

// Stop judges what is open.
func (c *Concluding) Stop(t testing.TB) {
	t.Helper()
	for _, i := range []component.Component{c.Traces, c.Metrics} {
		require.NoError(t, i.Shutdown(context.Background()))
	}
}

// Alone has one Collector see everything.
func Alone(t testing.TB, ticks []Tick) *Concluding {
	t.Helper()
	c := Conclude(t)
	for _, k := range ticks {
		for _, td := range k.Traces {
			require.NoError(t, c.Traces.ConsumeTraces(t.Context(), td))
		}
		for _, md := range k.Metrics {
			require.NoError(t, c.Metrics.ConsumeMetrics(t.Context(), md))
		}
	}
	c.Stop(t)
	return c
}
