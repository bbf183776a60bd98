package rootcauseprocessor

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/sage-rca/sage/internal/eventlog"
)

// memory is a storage extension that forgets nothing while the test runs.
type memory struct {
	component.StartFunc
	component.ShutdownFunc

	mu     sync.Mutex // guards everything below
	values map[string][]byte
	opened []component.ID
	closed int
}

func (m *memory) GetClient(_ context.Context, _ component.Kind, id component.ID, _ string) (storage.Client, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.opened = append(m.opened, id)
	return m, nil
}

func (m *memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.values[key], nil
}

func (m *memory) Set(_ context.Context, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[key] = slices.Clone(value)
	return nil
}

func (m *memory) Delete(context.Context, string) error               { return nil }
func (m *memory) Batch(context.Context, ...*storage.Operation) error { return nil }

func (m *memory) Close(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed++
	return nil
}

// host has extensions.
type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return maps.Clone(h) }

func storedConfig() *Config {
	cfg := violatedConfig()
	id := component.MustNewID("file_storage")
	cfg.Storage = &id
	return cfg
}

// An incident that was open when the Collector stopped is resolved after its
// restart, under the same identity.
func TestStorage_incidentsSurviveARestart(t *testing.T) {
	mem := &memory{values: map[string][]byte{}}
	extensions := host{component.MustNewID("file_storage"): mem}
	at := time.Now().Add(-time.Hour).Truncate(time.Second)

	p := newPipelines(t, storedConfig(), 1)
	p.startOn(t, extensions)
	at = p.feed(t, at, 20, 10*time.Millisecond)
	at = p.feed(t, at, 5, 500*time.Millisecond)
	p.stop(t)
	opened := incidents(p.gotLogs[0])
	require.Len(t, opened, 1)
	assert.Equal(t, "open", opened[0].State)
	assert.Equal(t, 1, mem.closed, "one client for all pipelines, closed with the engine")

	p = newPipelines(t, storedConfig(), 1)
	p.startOn(t, extensions)
	p.feed(t, at.Add(time.Second), 10, 10*time.Millisecond)
	p.stop(t)
	resolved := incidents(p.gotLogs[0])
	require.Len(t, resolved, 1)
	assert.Equal(t, "resolved", resolved[0].State)
	assert.Equal(t, opened[0].ID, resolved[0].ID)
	assert.Greater(t, resolved[0].Sequence, opened[0].Sequence)
}

func incidents(sink *consumertest.LogsSink) []eventlog.Incident {
	var out []eventlog.Incident
	for _, ld := range sink.AllLogs() {
		out = append(out, eventlog.Incidents(ld)...)
	}
	return out
}

// What cannot be read back means a cold start, not a failed one.
func TestStorage_foreignValuesMeanAColdStart(t *testing.T) {
	mem := &memory{values: map[string][]byte{}}
	extensions := host{component.MustNewID("file_storage"): mem}
	p := newPipelines(t, storedConfig(), 1)
	p.startOn(t, extensions)
	p.feed(t, time.Now().Add(-time.Hour), 20, 10*time.Millisecond)
	p.stop(t)
	require.NotEmpty(t, mem.values)
	for k := range mem.values {
		mem.values[k] = []byte("somebody else's")
	}
	p = newPipelines(t, storedConfig(), 1)
	p.startOn(t, extensions)
	p.stop(t)
}

func TestStorage_unknownExtension(t *testing.T) {
	p := newPipelines(t, storedConfig(), 1)
	err := p.traces.Start(t.Context(), componenttest.NewNopHost())
	require.ErrorContains(t, err, `extension "file_storage" is not running`)
	p.stop(t)
}

func TestStorage_extensionThatStoresNothing(t *testing.T) {
	p := newPipelines(t, storedConfig(), 1)
	err := p.traces.Start(t.Context(), host{component.MustNewID("file_storage"): struct {
		component.StartFunc
		component.ShutdownFunc
	}{}})
	require.ErrorContains(t, err, `extension "file_storage" does not store anything`)
	p.stop(t)
}
