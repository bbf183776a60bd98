//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sage-rca/sage/internal/capture"
	"github.com/sage-rca/sage/internal/eventlog"
	"github.com/sage-rca/sage/internal/otlpserve"
)

// watcher receives events and lets tests wait for conditions on them.
type watcher struct {
	addr string

	mu        sync.Mutex // guards everything below
	changed   chan struct{}
	incidents []eventlog.Incident
	models    []eventlog.ModelStatus
	changes   []eventlog.Change
}

// watch starts a watcher that lives as long as the test; every request received
// goes to the file jsonPath too.
func watch(t *testing.T, jsonPath string) *watcher {
	t.Helper()
	raw, err := capture.Create(jsonPath)
	require.NoError(t, err)
	w := &watcher{changed: make(chan struct{})}
	server, err := otlpserve.Listen(t.Context(), "127.0.0.1:0", otlpserve.Handlers{Logs: func(ld plog.Logs) error {
		w.take(t, ld)
		return raw.Write(capture.Logs(ld))
	}})
	require.NoError(t, err)
	w.addr = server.Addr()
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		require.NoError(t, raw.Close())
	})
	return w
}

func (w *watcher) take(t *testing.T, ld plog.Logs) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				switch eventlog.Name(r) {
				case eventlog.EventIncident:
					in := eventlog.ReadIncident(rl.Resource(), r)
					w.incidents = append(w.incidents, in)
					t.Logf("%s %s #%d %s\n%s", in.Time.Format(time.TimeOnly), in.State, in.Sequence, in.ID, in.Body)
				case eventlog.EventChange:
					c := eventlog.ReadChange(rl.Resource(), r)
					w.changes = append(w.changes, c)
					t.Logf("%s %s", c.Time.Format(time.TimeOnly), c.Body)
				case eventlog.EventModelStatus:
					m := eventlog.ReadModelStatus(r)
					w.models = append(w.models, m)
					t.Logf("%s %s", m.Time.Format(time.TimeOnly), m.Body)
				}
			}
		}
	}
	close(w.changed)
	w.changed = make(chan struct{})
}

// seen returns copies of what has come so far.
func (w *watcher) seen() ([]eventlog.Incident, []eventlog.ModelStatus) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]eventlog.Incident(nil), w.incidents...), append([]eventlog.ModelStatus(nil), w.models...)
}

// noticed returns a copy of the changes that have come so far.
func (w *watcher) noticed() []eventlog.Change {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]eventlog.Change(nil), w.changes...)
}

// await returns when reached is true of what has come, or fails after limit.
func (w *watcher) await(ctx context.Context, limit time.Duration, what string, reached func([]eventlog.Incident, []eventlog.ModelStatus) bool) error {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	for {
		w.mu.Lock()
		ok, changed := reached(w.incidents, w.models), w.changed
		w.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-deadline.C:
			return fmt.Errorf("%s: not within %s", what, limit)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
