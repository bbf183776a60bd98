package apps

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/simulate"
)

// watched is a simulate.Sink that collects the latencies of entry 0.
type watched struct {
	start, end []time.Duration
	spans      int // of instrumented services
	app        *simulate.App
}

func (w *watched) Span(s *simulate.Span) {
	if !w.app.Services[s.Service].Uninstrumented {
		w.spans++
	}
}
func (w *watched) Sample(time.Duration, []simulate.ReplicaState, []simulate.HostState) {}
func (w *watched) Entry(e int, start, end time.Duration, _ bool) {
	if e == 0 {
		w.start, w.end = append(w.start, start), append(w.end, end)
	}
}

// p99 is that of the requests answered in [from, to), in seconds.
func (w *watched) p99(from, to time.Duration) float64 {
	var x []float64
	for i, at := range w.end {
		if at >= from && at < to {
			x = append(x, (at - w.start[i]).Seconds())
		}
	}
	slices.Sort(x)
	return x[int(0.99*float64(len(x)))]
}

func run(t *testing.T, app *simulate.App, d time.Duration, faults ...simulate.Fault) *watched {
	t.Helper()
	w := &watched{app: app}
	_, err := simulate.Run(t.Context(), app, simulate.Config{Seed: 11, Duration: d, Faults: faults}, w)
	require.NoError(t, err)
	return w
}

func appOf(t *testing.T, name string) *simulate.App {
	t.Helper()
	app, err := New(name, 7)
	require.NoError(t, err)
	return app
}

// tiny is front -> back, twice in a row in half of the requests, and front -> a
// cache of which one lookup in four misses and goes to a database; a message goes
// to a worker. Entry 1 is a job that nobody waits for.
func tiny() *simulate.App {
	b := newBuilder("tiny", 1)
	front := b.service("front", golang, 2)
	back := b.service("back", jvm, 1)
	worker := b.service("worker", node, 1)
	cache := b.store("cache", "redis")
	db := b.store("db", "mysql")
	find := b.rpc(db, "SELECT", simulate.DB, cost{cpu: 1, disk: 2})
	get := b.rpc(cache, "GET", simulate.DB, cost{cpu: 1})
	do := b.rpc(back, "b.B/Do", simulate.GRPC, cost{cpu: 4, alloc: 1})
	eat := b.rpc(worker, "process jobs", simulate.Messaging, cost{cpu: 2})
	page := b.rpc(front, "GET /", simulate.HTTP, cost{cpu: 2, alloc: 1},
		then(often(do, 0.5, 2)), then(lookup(get, 1, 0.75, call(find))), then(message(eat)))
	b.entry(page, 10)
	b.entry(eat, 5)
	return b.place(3)
}
