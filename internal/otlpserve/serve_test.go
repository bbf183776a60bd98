package otlpserve_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/sage-rca/sage/internal/otlpserve"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// dial connects to s until the test ends.
func dial(t *testing.T, s *otlpserve.Server) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(s.Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, conn.Close()) })
	return conn
}

func TestServer_handsOverEachSignal(t *testing.T) {
	got := make(chan string, 3)
	s, err := otlpserve.Listen(t.Context(), "127.0.0.1:0", otlpserve.Handlers{
		Traces:  func(td ptrace.Traces) error { got <- td.ResourceSpans().At(0).SchemaUrl(); return nil },
		Metrics: func(md pmetric.Metrics) error { got <- md.ResourceMetrics().At(0).SchemaUrl(); return nil },
		Logs:    func(ld plog.Logs) error { got <- ld.ResourceLogs().At(0).SchemaUrl(); return nil },
	})
	require.NoError(t, err)
	conn := dial(t, s)

	td, md, ld := ptrace.NewTraces(), pmetric.NewMetrics(), plog.NewLogs()
	td.ResourceSpans().AppendEmpty().SetSchemaUrl("traces")
	md.ResourceMetrics().AppendEmpty().SetSchemaUrl("metrics")
	ld.ResourceLogs().AppendEmpty().SetSchemaUrl("logs")
	_, err = ptraceotlp.NewGRPCClient(conn).Export(t.Context(), ptraceotlp.NewExportRequestFromTraces(td))
	require.NoError(t, err)
	_, err = pmetricotlp.NewGRPCClient(conn).Export(t.Context(), pmetricotlp.NewExportRequestFromMetrics(md))
	require.NoError(t, err)
	_, err = plogotlp.NewGRPCClient(conn).Export(t.Context(), plogotlp.NewExportRequestFromLogs(ld))
	require.NoError(t, err)
	assert.Equal(t, []string{"traces", "metrics", "logs"}, []string{<-got, <-got, <-got})
	require.NoError(t, s.Close())
}

func TestServer_refuses(t *testing.T) {
	s, err := otlpserve.Listen(t.Context(), "127.0.0.1:0", otlpserve.Handlers{
		Logs: func(plog.Logs) error { return errors.New("disk full") },
	})
	require.NoError(t, err)
	conn := dial(t, s)

	_, err = plogotlp.NewGRPCClient(conn).Export(t.Context(), plogotlp.NewExportRequest())
	assert.Equal(t, codes.Internal, status.Code(err), "what the handler refuses")
	require.ErrorContains(t, err, "disk full")
	_, err = ptraceotlp.NewGRPCClient(conn).Export(t.Context(), ptraceotlp.NewExportRequest())
	assert.Equal(t, codes.Unimplemented, status.Code(err), "a signal without a handler")
	require.NoError(t, s.Close())
}

func TestListen_reportsATakenPort(t *testing.T) {
	s, err := otlpserve.Listen(t.Context(), "127.0.0.1:0", otlpserve.Handlers{})
	require.NoError(t, err)
	_, err = otlpserve.Listen(t.Context(), s.Addr(), otlpserve.Handlers{})
	require.Error(t, err)
	require.NoError(t, s.Close())
}
