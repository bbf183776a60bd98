package fleet

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/sage-rca/sage/connector/rootcauseconnector"
)

// Telling is a Collector of the first tier. Its exporter sends over OTLP, and notes up
// to which window it has.
type Telling struct {
	connector.Traces
	conn   *grpc.ClientConn
	client pmetricotlp.GRPCClient

	mu    sync.Mutex // guards everything below
	dead  bool       // nothing gets out any more
	told  time.Time  // end of the last window that has arrived
	news  chan struct{}
	bytes int // of OTLP that were sent
}

// Tell starts one that tells whoever listens at addr.
func Tell(t testing.TB, instance, addr string) *Telling {
	t.Helper()
	c := &Telling{news: make(chan struct{}, 1)}
	var err error
	c.conn, err = grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	c.client = pmetricotlp.NewGRPCClient(c.conn)
	next, err := consumer.NewMetrics(c.export)
	require.NoError(t, err)
	f := rootcauseconnector.NewFactory()
	c.Traces, err = f.CreateTracesToMetrics(t.Context(), telemetry(instance), config(t, f, Settings+"emit: {service_graph: false}\n"), next)
	require.NoError(t, err)
	require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
	return c
}

func (c *Telling) export(ctx context.Context, md pmetric.Metrics) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		return nil
	}
	// Another attempt, as of an exporter that has lost an answer, changes nothing.
	for range 2 {
		if _, err := c.client.Export(ctx, pmetricotlp.NewExportRequestFromMetrics(md)); err != nil {
			return err
		}
	}
	b, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
	if err != nil {
		return err
	}
	c.bytes += len(b)
	c.told = EndOf(md)
	select {
	case c.news <- struct{}{}:
	default:
	}
	return nil
}

// EndOf returns the end of the window that md tells of. Of these applications a summary
// is one message, which begins with what it says of the window as a whole.
func EndOf(md pmetric.Metrics) time.Time {
	return md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints().At(0).Timestamp().AsTime()
}

// Await waits until the window that ends at end has arrived.
func (c *Telling) Await(t testing.TB, end time.Time) {
	t.Helper()
	arrived := func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return !c.told.Before(end)
	}
	for !arrived() {
		select {
		case <-c.news:
		case <-t.Context().Done():
			require.FailNow(t, "a window was not told of")
		case <-time.After(time.Minute):
			require.FailNow(t, "a window was not told of", "%s", end)
		}
	}
}

// Bytes returns the bytes of OTLP that c has sent, each summary counted once.
func (c *Telling) Bytes() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bytes
}

// End stops c: what is open gets out, or, as where the process is killed, does not.
func (c *Telling) End(t testing.TB, killed bool) {
	t.Helper()
	c.mu.Lock()
	c.dead = killed
	c.mu.Unlock()
	require.NoError(t, c.Shutdown(context.Background()))
	require.NoError(t, c.conn.Close())
}
