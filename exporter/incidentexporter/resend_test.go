package incidentexporter

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/sage-rca/sage/internal/engine"
)

// fake is an Alertmanager on the clock of the test: it keeps alerts by their
// labels until they end, as the real one does.
type fake struct {
	mu     sync.Mutex // guards everything below
	down   bool
	alerts map[string]alert
	posts  int
	during func() // called while a request is under way
}

func newFake() *fake { return &fake{alerts: map[string]alert{}} }

// is lets it be down or up.
func (f *fake) is(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

// took is how many requests it took, and how many alerts it has heard of.
func (f *fake) took() (posts, alerts int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.posts, len(f.alerts)
}

func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		return nil, errors.New("connection refused")
	}
	f.posts++
	if f.during != nil {
		f.during()
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var alerts []alert
	if err := json.Unmarshal(body, &alerts); err != nil {
		return nil, err
	}
	for _, a := range alerts {
		f.alerts[fmt.Sprint(a.Labels)] = a
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(nil)), Header: http.Header{}}, nil
}

// firing are the incidents that fire now.
func (f *fake) firing() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, a := range f.alerts {
		if a.EndsAt.After(time.Now()) {
			out = append(out, a.Annotations["incident_id"])
		}
	}
	return out
}

// resender runs an alertmanager on the clock of the test.
type resender struct {
	*alertmanager
	fake *fake
	tel  *componenttest.Telemetry
	logs *observer.ObservedLogs
	stop func()
}

func resend(t *testing.T, cfg *Config, f *fake, extensions host) *resender {
	t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	set := newSettings()
	set.Logger = zap.New(core)
	tt := componenttest.NewTelemetry()
	tel, err := newTelemetry(tt.NewTelemetrySettings())
	require.NoError(t, err)
	l := newLedger(cfg, meter{tel, "alertmanager"}, set)
	require.NoError(t, l.open(t.Context(), extensions))
	a := newAlertmanager(l, cfg.Alertmanager.Get(), cfg.TimeoutConfig.Timeout).(*alertmanager)
	a.startWith(t.Context(), &poster{client: &http.Client{Transport: f}, url: "http://alertmanager", host: "alertmanager"})
	return &resender{a, f, tt, logs, func() {
		require.NoError(t, a.stop(t.Context()))
		require.NoError(t, a.stop(t.Context()), "again does nothing")
		require.NoError(t, l.close(t.Context()))
		require.NoError(t, tt.Shutdown(t.Context()))
	}}
}

func (r *resender) tell(t *testing.T, outs ...engine.Output) error {
	t.Helper()
	_, err := r.deliver(t.Context(), incidentsOf(outs...))
	return err
}

func (r *resender) counts(t *testing.T, name string) map[string]int64 {
	return (&bench{telemetry: r.tel}).counts(t, name)
}

// pass lets time go by, and what is due happen.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// expired is a context whose time is over.
func expired(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

func clocked() *Config { return quick().alertmanager("http://alertmanager") }

// An alert fires as long as its incident is open, however long that is, and not
// longer.
func TestResend_keepsWhatFires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		r := resend(t, clocked(), f, nil)
		defer r.stop()
		pass(time.Hour)
		posts, _ := f.took()
		assert.Zero(t, posts, "nothing is sent while nothing fires")
		require.NoError(t, r.tell(t, one().open()))
		for range 6 * 60 { // the processor says nothing for six hours
			pass(time.Minute)
			assert.Equal(t, []string{"inc-1"}, f.firing())
		}
		posts, _ = f.took()
		assert.Equal(t, 1+6*60, posts, "once, and at every interval")
		require.NoError(t, r.tell(t, one().resolved(2)))
		assert.Empty(t, f.firing())
		pass(time.Hour)
		posts, _ = f.took()
		assert.Equal(t, 1+6*60+1+15, posts, "resolved alerts are sent for a quarter of an hour")
		assert.Equal(t, map[string]int64{"alertmanager delivered": 6*60 + 15}, r.counts(t, "resent"))
	})
}

// Where the Collector is gone the alert does not fire for ever.
func TestResend_alertsOfACollectorThatIsGoneResolve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		r := resend(t, clocked(), f, nil)
		require.NoError(t, r.tell(t, one().open()))
		r.stop()
		pass(5*time.Minute - 1)
		assert.Len(t, f.firing(), 1, "a restart may take as long")
		pass(1)
		assert.Empty(t, f.firing())
	})
}

// An outage of Alertmanager that lasts longer than retries do leaves no alert
// untold: resends bring it, and how it ended, when it is over.
func TestResend_outage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.is(true)
		r := resend(t, clocked(), f, nil)
		defer r.stop()
		require.Error(t, r.tell(t, one().open()))
		pass(10 * time.Minute)
		assert.Equal(t, 1, r.logs.Len(), "an outage is told once, and not at every interval")
		f.is(false)
		pass(time.Minute)
		assert.Equal(t, []string{"inc-1"}, f.firing())
		assert.Equal(t, 2, r.logs.Len(), "so is its end")
		require.NoError(t, r.tell(t, one().open()), "what a retry brings now is known")

		f.is(true)
		require.Error(t, r.tell(t, one().resolved(2)))
		pass(3 * time.Minute)
		f.is(false)
		pass(time.Minute)
		assert.Empty(t, f.firing())
		assert.Equal(t, map[string]int64{"alertmanager rca.incident open": 1, "alertmanager rca.incident resolved": 1}, r.counts(t, "delivered"))
		assert.Equal(t, map[string]int64{"alertmanager duplicate": 1}, r.counts(t, "refused"))
		assert.Equal(t, map[string]int64{"alertmanager failed": 10 + 3, "alertmanager delivered": 1 + 1}, r.counts(t, "resent"))
	})
}

// With storage, what was open before a restart fires on at once; without, it comes
// back, as the same alert, with the next record.
func TestResend_restart(t *testing.T) {
	for _, stored := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			cfg := clocked()
			_, extensions := newMemory()
			if stored {
				id := component.MustNewID("file_storage")
				cfg.Storage = &id
			}
			f := newFake()
			r := resend(t, cfg, f, extensions)
			require.NoError(t, r.tell(t, one().open()))
			r.stop()
			pass(4 * time.Minute)
			r = resend(t, cfg, f, extensions)
			defer r.stop()
			pass(3 * time.Minute)
			assert.Len(t, f.firing(), map[bool]int{true: 1, false: 0}[stored])
			require.NoError(t, r.tell(t, one().update(2)))
			pass(10 * time.Minute)
			assert.Equal(t, []string{"inc-1"}, f.firing(), "the same alert, once")
			if stored {
				require.NoError(t, r.tell(t, one().open()), "an older record than the last before the restart")
				assert.Equal(t, map[string]int64{"alertmanager superseded": 1}, r.counts(t, "refused"))
			}
			require.NoError(t, r.tell(t, one().resolved(3)))
			assert.Empty(t, f.firing())
			_, alerts := f.took()
			assert.Equal(t, 1, alerts)
		})
	}
}

// A Collector that is killed just after Alertmanager has taken a recovery does not
// let the alert fire again when it is back.
func TestResend_killedWhileDelivering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := clocked()
		id := component.MustNewID("file_storage")
		cfg.Storage = &id
		store, extensions := newMemory()
		f := newFake()
		r := resend(t, cfg, f, extensions)
		require.NoError(t, r.tell(t, one().open()))
		var kept *memory
		f.during = func() { kept = store.copy() }
		require.NoError(t, r.tell(t, one().resolved(2)))
		f.during = nil
		r.stop()

		r = resend(t, cfg, f, host{id: kept})
		defer r.stop()
		pass(time.Hour)
		assert.Empty(t, f.firing())
	})
}

// An incident of which nobody says anything any more does not fire for ever.
func TestResend_silentIncidentsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		cfg := clocked()
		r := resend(t, cfg, f, nil)
		defer r.stop()
		require.NoError(t, r.tell(t, one().open()))
		pass(12 * time.Hour)
		require.NoError(t, r.tell(t, one().update(2)), "the heartbeat")
		pass(cfg.ForgetAfter - time.Minute)
		assert.Len(t, f.firing(), 1)
		pass(10 * time.Minute)
		assert.Empty(t, f.firing())
		assert.Equal(t, map[string]int64{"alertmanager silent": 1}, r.counts(t, "forgotten"))
		assert.Equal(t, map[string]int64{"alertmanager": 0}, r.counts(t, "open"))
	})
}

// State is bounded, and many alerts make many requests.
func TestResend_bounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		cfg := clocked()
		cfg.MaxIncidents = 2*maxAlerts + 1
		r := resend(t, cfg, f, nil)
		defer r.stop()
		var outs []engine.Output
		for i := range cfg.MaxIncidents + 3 {
			outs = append(outs, one().named(fmt.Sprint("inc-", i), fmt.Sprint("service-", i)).open())
		}
		require.NoError(t, r.tell(t, outs...))
		assert.Len(t, f.firing(), cfg.MaxIncidents)
		posts, _ := f.took()
		assert.Equal(t, 3, posts)
		assert.Equal(t, map[string]int64{"alertmanager incident_limit": 3}, r.counts(t, "forgotten"))
		pass(time.Minute)
		posts, _ = f.took()
		assert.Equal(t, 6, posts)
	})
}

// Severity is a label: it is that of the incident's first record, whatever a later
// one says.
func TestResend_severityStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		r := resend(t, clocked(), f, nil)
		defer r.stop()
		require.NoError(t, r.tell(t, one().open()))
		evs := incidentsOf(one().update(2))
		evs[0].severity -= 4
		_, err := r.deliver(t.Context(), evs)
		require.NoError(t, err)
		require.NoError(t, r.tell(t, one().resolved(3)))
		_, alerts := f.took()
		assert.Equal(t, 1, alerts)
		assert.Empty(t, f.firing())
	})
}

// A destination that takes a request and never answers holds up a delivery until
// its time is over, and no longer.
func TestLedger_turnsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := resend(t, clocked(), newFake(), nil)
		defer r.stop()
		require.NoError(t, r.begin(t.Context()))
		left, err := r.deliver(expired(t), incidentsOf(one().open()))
		require.ErrorContains(t, err, "wait for the turn")
		assert.Len(t, left, 1)
		r.end(t.Context())
		require.NoError(t, r.tell(t, one().open()))
	})
}

// What cannot be stored is told and counted, and delivery goes on.
func TestLedger_storageThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, extensions := newMemory()
		cfg := clocked()
		id := component.MustNewID("file_storage")
		cfg.Storage = &id
		f := newFake()
		for range 2 { // the second finds what is not its own
			store.failing = errors.New("disk full")
			r := resend(t, cfg, f, extensions)
			require.NoError(t, r.tell(t, one().open()))
			assert.Len(t, f.firing(), 1)
			assert.Positive(t, r.counts(t, "storage_failures")["alertmanager"])
			assert.Contains(t, r.logs.All()[0].Message, "open")
			r.stop()
			store.failing = nil
			for _, values := range store.values {
				values[storageKey] = []byte("somebody else's")
			}
		}
	})
}
