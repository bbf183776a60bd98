//go:build e2e

package fleet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/sage-rca/sage/e2e/collector"
	"github.com/sage-rca/sage/e2e/proc"
	"github.com/sage-rca/sage/internal/otlpserve"
)

// asked is Settings, in addition to what config/fleet has.
const asked = `yaml:
connectors:
  rootcause:
    learned_slos: {windows: 10}
    training: {history: 10m, min_windows: 20, interval: 5m, cpu_budget: 1, epochs: 10}
`

// built is a Collector that runs, and how to send to it.
type built struct {
	*collector.Collector
	conn *grpc.ClientConn
}

// start starts a Collector as a file of config/fleet says. It returns where it listens.
func start(t *testing.T, log, config string, env ...string) (*collector.Collector, string, error) {
	t.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	ports, err := proc.FreePorts(t.Context(), 1)
	require.NoError(t, err)
	addr := fmt.Sprintf("127.0.0.1:%d", ports[0])
	binary := os.Getenv("SAGE_COLLECTOR")
	if binary == "" {
		binary = filepath.Join(root, "dist", "otelcol-sage")
	}
	c, err := collector.Start(t.Context(), collector.Config{
		Binary: binary, Configs: []string{filepath.Join(root, "config", "fleet", config), asked},
		Env: append(env, "SAGE_OTLP_GRPC="+addr, "SAGE_WINDOW=5s", "SAGE_LATENESS_FIRST=3s", "SAGE_LATENESS=3s", "SAGE_BACKFILL=true"), OTLP: addr, LogFile: log,
	})
	return c, addr, err
}

func run(t *testing.T, log, config string, env ...string) *built {
	t.Helper()
	c, addr, err := start(t, log, config, env...)
	require.NoError(t, err)
	b := &built{Collector: c}
	b.conn, err = grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, b.conn.Close())
		_ = b.Kill() // where the test has not come to stop it
	})
	return b
}

// relay passes on what the first tier tells to the Collector that concludes at the time,
// and notes up to which window each source has told.
type relay struct {
	mu   sync.Mutex // guards everything below
	to   *built
	told map[string]time.Time
	news chan struct{}
}

func (r *relay) pass(md pmetric.Metrics) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.to == nil {
		return errors.New("nobody concludes")
	}
	if _, err := pmetricotlp.NewGRPCClient(r.to.conn).Export(context.Background(), pmetricotlp.NewExportRequestFromMetrics(md)); err != nil {
		return err
	}
	sm := md.ResourceMetrics().At(0).ScopeMetrics().At(0)
	source, _ := sm.Scope().Attributes().Get("sage.source")
	r.told[source.Str()] = EndOf(md)
	select {
	case r.news <- struct{}{}:
	default:
	}
	return nil
}

// await waits until n sources have told of the window that ends at end.
func (r *relay) await(t *testing.T, n int, end time.Time) {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		have := 0
		r.mu.Lock()
		for _, at := range r.told {
			if !at.Before(end) {
				have++
			}
		}
		r.mu.Unlock()
		if have >= n {
			return
		}
		select {
		case <-r.news:
		case <-deadline:
			require.FailNow(t, "a window was not told of", "%s: by %d of %d", end, have, n)
		}
	}
}

// Built Collectors, configured as config/fleet has it: a first tier of two, of which one
// is killed while all is well, and one that concludes, which is killed while an incident
// is open and followed by another one on the same storage, which cannot start before.
// There is one incident, with one beginning and one end, and its cause is that which one
// Collector finds that has seen all spans.
func TestBuilt_killsAndStandby(t *testing.T) {
	ticks := Record(t, SlowTax(1))
	want := Verdicts(Alone(t, ticks).Events)
	require.Len(t, want, 2)

	dir := filepath.Join("..", "..", "out", "e2e-fleet")
	require.NoError(t, os.RemoveAll(dir))
	require.NoError(t, os.MkdirAll(dir, 0o755))
	sink := &consumertest.LogsSink{}
	events, err := otlpserve.Listen(t.Context(), "127.0.0.1:0", otlpserve.Handlers{Logs: func(ld plog.Logs) error {
		return sink.ConsumeLogs(context.Background(), ld)
	}})
	require.NoError(t, err)
	storage := filepath.Join(t.TempDir(), "storage")
	state := []string{"SAGE_STORAGE=" + storage, "SAGE_EVENTS=" + events.Addr()}
	conclude := func() *built { return run(t, filepath.Join(dir, "analysis.log"), "analysis.yaml", state...) }
	r := &relay{told: map[string]time.Time{}, news: make(chan struct{}, 1), to: conclude()}
	between, err := otlpserve.Listen(t.Context(), "127.0.0.1:0", otlpserve.Handlers{Metrics: r.pass})
	require.NoError(t, err)
	first := func(n int) *built {
		return run(t, filepath.Join(dir, fmt.Sprintf("first-tier-%d.log", n)), "first-tier.yaml", "SAGE_ANALYSIS="+between.Addr())
	}
	tier := []*built{first(0), first(1)}

	for k := range ticks {
		for _, td := range ticks[k].Traces {
			for n, part := range Shard(td, len(tier)) {
				if part.SpanCount() == 0 {
					continue
				}
				_, err := ptraceotlp.NewGRPCClient(tier[n].conn).Export(t.Context(), ptraceotlp.NewExportRequestFromTraces(part))
				require.NoError(t, err)
			}
		}
		if k == 0 {
			continue
		}
		r.await(t, len(tier), Epoch.Add(time.Duration(k)*Length))
		for _, md := range ticks[k-1].Metrics {
			_, err := pmetricotlp.NewGRPCClient(r.to.conn).Export(t.Context(), pmetricotlp.NewExportRequestFromMetrics(md))
			require.NoError(t, err)
		}
		switch k {
		case 30:
			require.NoError(t, tier[0].Kill())
			tier[0] = first(0)
		case 45:
			_, _, err := start(t, filepath.Join(dir, "too-early.log"), "analysis.yaml", state...)
			require.Error(t, err, "two on one storage")
			r.mu.Lock()
			require.NoError(t, r.to.Kill())
			r.to = conclude()
			r.mu.Unlock()
		}
	}
	for _, c := range append(tier, r.to) {
		require.NoError(t, c.Stop())
	}
	require.NoError(t, between.Close())
	require.NoError(t, events.Close())
	assert.Equal(t, want, Verdicts(sink))
}
