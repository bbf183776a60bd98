//go:build e2e

package e2e

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/sage-rca/sage/e2e/collector"
	"github.com/sage-rca/sage/e2e/proc"
)

// backend is what a vendor's endpoint of OTLP over HTTP sees.
type backend struct {
	mu       sync.Mutex // guards everything below
	requests []plog.Logs
	bad      []string
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	logs, err := decode(r)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.bad = append(b.bad, err.Error())
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	b.requests = append(b.requests, logs)
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func decode(r *http.Request) (plog.Logs, error) {
	if r.URL.Path != "/v1/logs" || r.Header.Get("Content-Type") != "application/x-protobuf" {
		return plog.Logs{}, fmt.Errorf("%s of %s", r.URL.Path, r.Header.Get("Content-Type"))
	}
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			return plog.Logs{}, err
		}
		body = z
	}
	b, err := io.ReadAll(body)
	if err != nil {
		return plog.Logs{}, err
	}
	req := plogotlp.NewExportRequest()
	err = req.UnmarshalProto(b)
	return req.Logs(), err
}

// The events of the built Collector, as a backend gets them through the otlphttp
// exporter: of a replay of the recording, one incident with its culprit, and what all
// records promise.
func TestOTLPHTTP(t *testing.T) {
	dir := root(t)
	b := &backend{}
	server := httptest.NewServer(b)
	defer server.Close()
	ports, err := proc.FreePorts(t.Context(), 1)
	require.NoError(t, err)
	otlp := fmt.Sprintf("127.0.0.1:%d", ports[0])
	c, err := collector.Start(t.Context(), collector.Config{
		Binary: filepath.Join(dir, "dist", "otelcol-sage"),
		Configs: []string{
			filepath.Join(dir, "config", "demo.yaml"),
			"yaml:exporters::otlphttp: {endpoint: " + server.URL + ", sending_queue: {enabled: false}}",
			"yaml:service::pipelines::logs::exporters: [otlphttp]",
		},
		Env:  []string{"SAGE_OTLP_GRPC=" + otlp},
		OTLP: otlp, LogFile: filepath.Join(dir, "out", "e2e-otlphttp", "collector.log"),
	})
	require.NoError(t, err)
	replay := exec.CommandContext(t.Context(), filepath.Join(dir, "dist", "sage"), "replay", "--to", otlp, filepath.Join(dir, "testdata", "hotrod.jsonl.zst"))
	out, err := replay.CombinedOutput()
	stopped := c.Stop() // which says what is left
	require.NoError(t, err, "%s", out)
	require.NoError(t, stopped)

	b.mu.Lock()
	defer b.mu.Unlock()
	require.Empty(t, b.bad)
	var incidents []string
	for _, logs := range b.requests {
		for _, rl := range logs.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, r := range sl.LogRecords().All() {
					promised(t, rl.Resource(), r)
					if r.EventName() == "rca.incident" {
						incidents = append(incidents, text(r, "rca.incident.state"))
						assert.Equal(t, "dispatch-p95", text(r, "rca.slo.name"))
						assert.Equal(t, "mysql", text(r, "rca.root_cause.service.name"))
						assert.False(t, r.TraceID().IsEmpty(), "a trace to look at")
					}
				}
			}
		}
	}
	require.GreaterOrEqual(t, len(incidents), 2)
	assert.Equal(t, "open", incidents[0])
	assert.Equal(t, "resolved", incidents[len(incidents)-1])
	for _, state := range incidents[1 : len(incidents)-1] {
		assert.Equal(t, "update", state)
	}
}

// promised checks what docs/events.md says of every record.
func promised(t *testing.T, of pcommon.Resource, r plog.LogRecord) {
	t.Helper()
	name := r.EventName()
	require.NotEmpty(t, name)
	assert.Equal(t, name, text(r, "event.name"))
	assert.NotZero(t, r.Timestamp())
	assert.NotZero(t, r.ObservedTimestamp())
	assert.NotZero(t, r.SeverityNumber())
	_, ok := of.Attributes().Get("service.name")
	assert.True(t, ok, "%s of nobody", name)
	require.Equal(t, pcommon.ValueTypeStr, r.Body().Type())
	body := r.Body().Str()
	first, _, _ := strings.Cut(body, "\n")
	assert.NotEmpty(t, first)
	assert.Less(t, len(first), 200)
	assert.LessOrEqual(t, len(body), 1024)
	for key, v := range r.Attributes().All() {
		switch v.Type() {
		case pcommon.ValueTypeStr, pcommon.ValueTypeInt, pcommon.ValueTypeDouble, pcommon.ValueTypeBool:
		case pcommon.ValueTypeSlice:
			for _, x := range v.Slice().All() {
				assert.NotContains(t, []pcommon.ValueType{pcommon.ValueTypeMap, pcommon.ValueTypeSlice}, x.Type(), key)
			}
		default:
			t.Errorf("%s: %s is %s", name, key, v.Type())
		}
	}
}

func text(r plog.LogRecord, key string) string {
	v, _ := r.Attributes().Get(key)
	return v.Str()
}
