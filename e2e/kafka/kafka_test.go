package kafka

import (
	"context"
	"encoding/binary"
	"sync"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/kafkaexporter"
	"github.com/open-telemetry/opentelemetry-collector-contrib/receiver/kafkareceiver"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/sage-rca/sage/e2e/fleet"
	"github.com/sage-rca/sage/internal/otlpserve"
)

const (
	topic      = "otlp_spans"
	partitions = 6
)

// settings returns the part of a configuration that is at a place, with changes.
func settings(t *testing.T, file, place string, changes map[string]any) *confmap.Conf {
	t.Helper()
	r, err := confmap.NewResolver(confmap.ResolverSettings{
		URIs:              []string{"file:../../config/fleet/" + file},
		ProviderFactories: []confmap.ProviderFactory{fileprovider.NewFactory(), envprovider.NewFactory()},
	})
	require.NoError(t, err)
	whole, err := r.Resolve(t.Context())
	require.NoError(t, err)
	require.NoError(t, r.Shutdown(context.Background()))
	out, err := whole.Sub(place)
	require.NoError(t, err)
	require.NoError(t, out.Merge(confmap.NewFromStringMap(changes)))
	return out
}

func write(t *testing.T, broker string) exporter.Traces {
	t.Helper()
	t.Setenv("SAGE_KAFKA", broker)
	f := kafkaexporter.NewFactory()
	cfg := f.CreateDefaultConfig()
	require.NoError(t, settings(t, "kafka-agents.yaml", "exporters::kafka", nil).Unmarshal(cfg))
	e, err := f.CreateTraces(t.Context(), exportertest.NewNopSettings(f.Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	return e
}

// member is a Collector of the first tier that reads from Kafka.
type member struct {
	receiver receiver.Traces
	tells    *fleet.Telling

	mu     sync.Mutex // guards everything below
	met    bool       // it has read something
	spans  int        // of services
	traces map[pcommon.TraceID]bool
	news   chan struct{}
}

func read(t *testing.T, broker, name, addr string, news chan struct{}) *member {
	t.Helper()
	t.Setenv("SAGE_KAFKA", broker)
	t.Setenv("HOSTNAME", name)
	m := &member{tells: fleet.Tell(t, name, addr), traces: map[pcommon.TraceID]bool{}, news: news}
	next, err := consumer.NewTraces(m.consume)
	require.NoError(t, err)
	f := kafkareceiver.NewFactory()
	cfg := f.CreateDefaultConfig()
	// The test begins to write before the group has met.
	require.NoError(t, settings(t, "kafka-first-tier.yaml", "receivers::kafka", map[string]any{"initial_offset": "earliest"}).Unmarshal(cfg))
	m.receiver, err = f.CreateTraces(t.Context(), receivertest.NewNopSettings(f.Type()), cfg, next)
	require.NoError(t, err)
	require.NoError(t, m.receiver.Start(t.Context(), componenttest.NewNopHost()))
	return m
}

func (m *member) consume(ctx context.Context, td ptrace.Traces) error {
	defer func() {
		select {
		case m.news <- struct{}{}:
		default:
		}
	}()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.met = true
	for _, rs := range td.ResourceSpans().All() {
		if rs.Resource().Attributes().Len() == 0 { // of meet
			continue
		}
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				m.traces[s.TraceID()] = true
				m.spans++
			}
		}
	}
	return m.tells.ConsumeTraces(ctx, td)
}

func (m *member) read() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.spans
}

// meet returns once all members of the group have partitions: it writes spans of no
// service, which nobody uses, until each has read one.
func meet(t *testing.T, out exporter.Traces, all []*member, news <-chan struct{}) {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	every := time.NewTicker(200 * time.Millisecond)
	defer every.Stop()
	for n := uint64(1); ; n++ {
		td := ptrace.NewTraces()
		s := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		var id pcommon.TraceID
		binary.BigEndian.PutUint64(id[8:], n)
		s.SetTraceID(id)
		require.NoError(t, out.ConsumeTraces(t.Context(), td))
		met := true
		for _, m := range all {
			m.mu.Lock()
			met = met && m.met
			m.mu.Unlock()
		}
		if met {
			return
		}
		select {
		case <-news:
		case <-every.C:
		case <-deadline:
			require.FailNow(t, "the group has not met")
		}
	}
}

// Spans that go through Kafka to a consumer group give the events of one Collector that
// has seen them all: no trace is split, and both members see some.
func TestVerdicts_throughKafka(t *testing.T) {
	ticks := fleet.Record(t, fleet.SlowTax(1))
	one := fleet.Alone(t, ticks)
	require.NotEmpty(t, fleet.Verdicts(one.Events))

	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, topic))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	broker := cluster.ListenAddrs()[0]

	analysis := fleet.Conclude(t)
	server, err := otlpserve.Listen(t.Context(), "127.0.0.1:0", otlpserve.Handlers{Metrics: func(md pmetric.Metrics) error {
		return analysis.Metrics.ConsumeMetrics(context.Background(), md)
	}})
	require.NoError(t, err)
	out := write(t, broker)
	news := make(chan struct{}, 1)
	var all []*member
	for _, name := range []string{"first", "second"} {
		all = append(all, read(t, broker, name, server.Addr(), news))
	}
	meet(t, out, all, news)
	written := 0
	await := func() {
		t.Helper()
		for {
			n := 0
			for _, m := range all {
				n += m.read()
			}
			if n == written {
				return
			}
			select {
			case <-news:
			case <-time.After(time.Minute):
				require.FailNow(t, "spans did not arrive", "%d of %d", n, written)
			}
		}
	}
	for k := range ticks {
		for n, td := range ticks[k].Traces {
			require.NoError(t, out.ConsumeTraces(t.Context(), td))
			written += td.SpanCount()
			// Partitions are read at once, in no order: none may be behind by more than
			// the lateness of the first tier, which it is not in a fifth of a window.
			if n%(1+len(ticks[k].Traces)/5) == 0 {
				await()
			}
		}
		await()
		if k == 0 {
			continue
		}
		for _, m := range all {
			m.tells.Await(t, fleet.Epoch.Add(time.Duration(k)*fleet.Length))
		}
		for _, md := range ticks[k-1].Metrics {
			require.NoError(t, analysis.Metrics.ConsumeMetrics(t.Context(), md))
		}
	}
	stop := []component.Component{out}
	for _, m := range all {
		stop = append(stop, m.receiver)
	}
	for _, c := range stop {
		require.NoError(t, c.Shutdown(context.Background()))
	}
	for _, m := range all {
		m.tells.End(t, false)
		assert.Greater(t, len(m.traces), written/100, "a member of the group that sees next to nothing")
	}
	for id := range all[0].traces {
		assert.False(t, all[1].traces[id], "trace %s was split", id)
	}
	for _, md := range ticks[len(ticks)-1].Metrics {
		require.NoError(t, analysis.Metrics.ConsumeMetrics(t.Context(), md))
	}
	require.NoError(t, server.Close())
	analysis.Stop(t)
	assert.Equal(t, fleet.Said(t, one.Events), fleet.Said(t, analysis.Events))
}
