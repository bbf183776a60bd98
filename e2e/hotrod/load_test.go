package hotrod_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/e2e/hotrod"
)

// loadOn runs a load on handler until until holds, and returns it.
func loadOn(t *testing.T, l *hotrod.Load, handler http.HandlerFunc, until <-chan struct{}) {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	l.Frontend = strings.TrimPrefix(server.URL, "http://")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); l.Run(ctx) }()
	<-until
	cancel()
	<-done
}

func TestLoad_countsSentAndFailed(t *testing.T) {
	enough := make(chan struct{})
	var served atomic.Int64
	l := &hotrod.Load{Rate: 2000, Concurrency: 4, Seed: 1}
	loadOn(t, l, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/dispatch", r.URL.Path)
		assert.Contains(t, "123 392 567 731", r.URL.Query().Get("customer"))
		n := served.Add(1)
		if n == 50 {
			close(enough)
		}
		if n%2 == 0 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}, enough)
	assert.Equal(t, served.Load(), l.Sent.Load())
	assert.Equal(t, served.Load()/2, l.Failed.Load())
	assert.Len(t, l.Latencies(), int(served.Load()))
	assert.Empty(t, l.Latencies(), "taken once")
}

func TestLoad_holdsBackBeyondItsConcurrency(t *testing.T) {
	const concurrency = 3
	l := &hotrod.Load{Rate: 2000, Concurrency: concurrency, Seed: 1}
	release, full := make(chan struct{}), make(chan struct{})
	var under atomic.Int64
	go func() {
		<-full
		for l.Skipped.Load() < 10 { // the load goes on while none is answered
			time.Sleep(time.Millisecond)
		}
		close(release)
	}()
	loadOn(t, l, func(http.ResponseWriter, *http.Request) {
		if under.Add(1) == concurrency {
			close(full)
		}
		<-release
	}, release)
	assert.GreaterOrEqual(t, l.Skipped.Load(), int64(10))
}
