package incidentexporter

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/sage-rca/sage/exporter/incidentexporter/internal/metadata"
	"github.com/sage-rca/sage/internal/engine"
)

// bench runs an exporter as a Collector does, and looks at its logs and metrics.
type bench struct {
	exporter.Logs
	telemetry *componenttest.Telemetry
	logs      *observer.ObservedLogs
}

// quick is a configuration whose retries do not wait long.
func quick() *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.RetryConfig.InitialInterval = time.Millisecond
	cfg.RetryConfig.MaxInterval = 5 * time.Millisecond
	return cfg
}

func client(endpoint string) confighttp.ClientConfig {
	cfg := confighttp.NewDefaultClientConfig()
	cfg.Endpoint = endpoint
	return cfg
}

func (c *Config) alertmanager(endpoint string) *Config {
	a := c.Alertmanager.GetOrInsertDefault()
	a.ClientConfig.Endpoint = endpoint
	return c
}

func (c *Config) pagerDuty(endpoint string) *Config {
	p := c.PagerDuty.GetOrInsertDefault()
	p.ClientConfig.Endpoint, p.RoutingKey = endpoint, routingKey
	return c
}

func (c *Config) webhook(endpoint string, events ...string) *Config {
	c.Webhooks = append(c.Webhooks, WebhookConfig{ClientConfig: client(endpoint), Events: events, Source: "urn:sage:rootcause"})
	return c
}

// direct leaves the queue out: what ConsumeLogs returns is what became of it.
func (c *Config) direct() *Config {
	c.QueueConfig = configoptional.None[queueConfig]()
	return c
}

func start(t *testing.T, cfg *Config, extensions host) *bench {
	t.Helper()
	require.NoError(t, cfg.Validate())
	b := &bench{telemetry: componenttest.NewTelemetry()}
	var core zapcore.Core
	core, b.logs = observer.New(zapcore.DebugLevel)
	set := newSettings()
	set.TelemetrySettings = b.telemetry.NewTelemetrySettings()
	set.Logger = zap.New(core)
	var err error
	b.Logs, err = NewFactory().CreateLogs(t.Context(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, b.Start(t.Context(), extensions))
	t.Cleanup(func() {
		b.stop(t)
		require.NoError(t, b.telemetry.Shutdown(context.WithoutCancel(t.Context())))
	})
	return b
}

// stop may be called twice: exporterhelper's Shutdown may not.
func (b *bench) stop(t *testing.T) {
	t.Helper()
	if b.Logs == nil {
		return
	}
	x := b.Logs
	b.Logs = nil
	require.NoError(t, x.Shutdown(context.WithoutCancel(t.Context())))
}

func (b *bench) consume(t *testing.T, outs ...engine.Output) {
	t.Helper()
	require.NoError(t, b.ConsumeLogs(t.Context(), records(outs...)))
}

// counts returns the points of a metric by the values of their attributes, in the
// order of the attributes' names.
func (b *bench) counts(t *testing.T, name string) map[string]int64 {
	t.Helper()
	out := make(map[string]int64)
	m, err := b.telemetry.GetMetric("otelcol_incident_" + name)
	if err != nil {
		return out
	}
	var points []metricdata.DataPoint[int64]
	switch d := m.Data.(type) {
	case metricdata.Sum[int64]:
		points = d.DataPoints
	case metricdata.Gauge[int64]:
		points = d.DataPoints
	}
	for _, p := range points {
		label := ""
		for _, kv := range attributes(p.Attributes) {
			if label != "" {
				label += " "
			}
			label += kv.Value.AsString()
		}
		if p.Value != 0 || name == "open" {
			out[label] = p.Value
		}
	}
	return out
}

func attributes(s attribute.Set) []attribute.KeyValue { return s.ToSlice() }

// newSettings are those of the exporter incident/test, whatever test runs it.
func newSettings() exporter.Settings {
	set := exportertest.NewNopSettings(metadata.Type)
	set.ID = component.MustNewIDWithName("incident", "test")
	return set
}

// said is all that was logged, with its fields.
func (b *bench) said() string {
	out := ""
	enc := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	for _, e := range b.logs.All() {
		if line, err := enc.EncodeEntry(e.Entry, e.Context); err == nil {
			out += line.String()
		}
	}
	return out
}

// host has extensions.
type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return maps.Clone(h) }

// memory is a storage extension that forgets nothing while the test runs. Each
// client has values of its own.
type memory struct {
	component.StartFunc
	component.ShutdownFunc

	mu     sync.Mutex // guards everything below
	values map[string]map[string][]byte
	open   int
	// failing is what comes of writing and reading.
	failing error
}

func newMemory() (*memory, host) {
	m := &memory{values: map[string]map[string][]byte{}}
	return m, host{component.MustNewID("file_storage"): m}
}

// copy is what is stored now.
func (m *memory) copy() *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := &memory{values: map[string]map[string][]byte{}}
	for k, v := range m.values {
		c.values[k] = maps.Clone(v)
	}
	return c
}

func (m *memory) GetClient(_ context.Context, _ component.Kind, id component.ID, name string) (storage.Client, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := id.String() + " " + name
	if m.values[at] == nil {
		m.values[at] = map[string][]byte{}
	}
	m.open++
	return &memoryClient{m, m.values[at]}, nil
}

type memoryClient struct {
	*memory
	values map[string][]byte
}

func (c *memoryClient) Get(_ context.Context, key string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.values[key], c.failing
}

func (c *memoryClient) Set(_ context.Context, key string, value []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failing == nil {
		c.values[key] = slices.Clone(value)
	}
	return c.failing
}

func (c *memoryClient) Delete(_ context.Context, key string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.values, key)
	return nil
}

func (c *memoryClient) Batch(ctx context.Context, ops ...*storage.Operation) error {
	var err error
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value, err = c.Get(ctx, op.Key)
		case storage.Set:
			err = c.Set(ctx, op.Key, op.Value)
		case storage.Delete:
			err = c.Delete(ctx, op.Key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *memoryClient) Close(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open--
	return nil
}

func (m *memory) clients() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.open
}
