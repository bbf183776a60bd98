package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/sage-rca/sage/internal/otlpserve"
)

// fakeCollector, in the environment, makes this test binary play a Collector;
// its value says how the incidents of a run are named: "same", or "other" for
// names that no other run uses, or "none" for no incident.
const fakeCollector = "SAGE_TEST_COLLECTOR"

func TestMain(m *testing.M) {
	if how := os.Getenv(fakeCollector); how != "" {
		if err := playCollector(how); err != nil {
			panic(err)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// playCollector receives traces and metrics until it is told to end, and answers
// the first traces with an incident that opens and is resolved.
func playCollector(how string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	conn, err := grpc.NewClient(os.Getenv("SAGE_EVENTS"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	said := how == "none"
	server, err := otlpserve.Listen(ctx, os.Getenv("SAGE_OTLP_GRPC"), otlpserve.Handlers{
		Metrics: func(pmetric.Metrics) error { return nil },
		Traces: func(ptrace.Traces) error {
			if said {
				return nil
			}
			said = true
			_, err := plogotlp.NewGRPCClient(conn).Export(ctx, plogotlp.NewExportRequestFromLogs(fakeIncident(how)))
			return err
		},
	})
	if err != nil {
		return err
	}
	<-ctx.Done()
	return errors.Join(server.Close(), conn.Close())
}

func fakeIncident(how string) plog.Logs {
	id := "i-1"
	if how == "other" {
		id += strconv.Itoa(os.Getpid())
	}
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, state := range []string{"open", "resolved"} {
		r := records.AppendEmpty()
		r.SetEventName("rca.incident")
		r.SetObservedTimestamp(pcommon.NewTimestampFromTime(time.Now()))
		r.Attributes().PutStr("rca.incident.id", id)
		r.Attributes().PutStr("rca.incident.state", state)
	}
	return ld
}

// runDemo runs `sage demo` with this test binary as the Collector.
func runDemo(t *testing.T, how string, args ...string) (dir, out, log string, err error) {
	t.Helper()
	t.Setenv(fakeCollector, how)
	binary, err := os.Executable()
	require.NoError(t, err)
	path, _ := aCapture(t, 6)
	dir = t.TempDir()
	var o, l bytes.Buffer
	err = run(t.Context(), append([]string{"demo", "--collector", binary, "--config", "any.yaml", "--capture", path, "--out", dir, "--patience", "1s"}, args...), &o, &l)
	return dir, o.String(), l.String(), err
}

func TestDemo_replaysPrintsAndCompares(t *testing.T) {
	dir, out, log, err := runDemo(t, "same", "--check")
	require.NoError(t, err)
	assert.Contains(t, out, "OPEN")
	assert.Contains(t, out, "RESOLVED")
	assert.Contains(t, log, "6 requests: 3 spans")
	assert.Contains(t, log, "both replays gave the same 2 records")
	got, err := records(filepath.Join(dir, "demo-events.jsonl"))
	require.NoError(t, err)
	assert.Len(t, got, 2)
}

func TestDemo_failsWhereRunsDiffer(t *testing.T) {
	_, _, _, err := runDemo(t, "other", "--check")
	require.ErrorContains(t, err, "record 1 differs")
}

func TestDemo_failsWithoutAnIncident(t *testing.T) {
	_, _, _, err := runDemo(t, "none")
	require.ErrorContains(t, err, "no incident came out")
}

func TestDemo_saysWhatIsMissing(t *testing.T) {
	path, _ := aCapture(t, 1)
	dir := t.TempDir()
	for want, args := range map[string][]string{
		"make build":        {"--collector", filepath.Join(dir, "none"), "--capture", path},
		"nothing to replay": {"--capture", filepath.Join(dir, "none")},
	} {
		err := run(t.Context(), append([]string{"demo", "--out", dir}, args...), &bytes.Buffer{}, &bytes.Buffer{})
		require.ErrorContains(t, err, want)
	}
}

// A live demonstration without HotROD stops the Collector that it has started.
func TestDemo_live_saysHowToBuildHotROD(t *testing.T) {
	begin := time.Now()
	_, _, _, err := runDemo(t, "none", "--live", "--hotrod", "none")
	require.ErrorContains(t, err, "hotrod is not built")
	assert.Less(t, time.Since(begin), 15*time.Second)
}
