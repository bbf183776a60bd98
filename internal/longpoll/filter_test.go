package longpoll

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

var (
	feed   = identity.RPC{Service: identity.Service{Name: "feed"}, Operation: "GET /news"}
	caller = identity.RPC{Service: identity.Service{Name: "web"}, Operation: "GET /"}
)

// shape draws the duration of a request, and says whether it fails.
type shape func(r *rand.Rand) (d time.Duration, failed bool)

// poll is answered after an exponential time, or after the wall and a little.
func poll(mean, wall time.Duration) shape {
	return func(r *rand.Rand) (time.Duration, bool) {
		d := time.Duration(r.ExpFloat64() * float64(mean))
		if d > wall {
			d = wall + time.Duration(r.ExpFloat64()*float64(5*time.Millisecond))
		}
		return d, false
	}
}

// work takes a time with the usual long tail.
func work(median time.Duration) shape {
	return func(r *rand.Rand) (time.Duration, bool) {
		return time.Duration(float64(median) * math.Exp(0.4*r.NormFloat64())), false
	}
}

// windowOf is window i of 40 requests, with a call of each.
func windowOf(i int, of shape) *window.Snapshot {
	rng := rand.New(rand.NewPCG(7, uint64(i)))
	l, client := new(sketch.Sketch), new(sketch.Sketch)
	r := window.RPC{Key: feed, Count: 40, Latency: l, Exclusive: l}
	for range 40 {
		d, failed := of(rng)
		l.Add(int64(d), 1)
		client.Add(int64(d), 1)
		if failed {
			r.Errors++
		}
	}
	empty := new(sketch.Sketch)
	return &window.Snapshot{
		Start: int64(i) * 30e9, End: int64(i+1) * 30e9,
		RPCs: []window.RPC{r, {Key: caller, Count: 40, Latency: l, Exclusive: empty}},
		Edges: []window.Edge{{
			Key: identity.Edge{Caller: caller, Callee: feed}, Count: 40, Within: client.Sum(), Client: client, Server: l, Network: empty, Queue: empty,
		}},
	}
}

func newFilter() *Filter { return New(Config{Forget: time.Hour, MaxOperations: 100}) }

// run returns by window whether the requests of feed were taken to wait, and in which
// it was found.
func run(t *testing.T, f *Filter, first, n int, of shape) (waits string, found []int) {
	t.Helper()
	for i := first; i < first+n; i++ {
		in := windowOf(i, of)
		out, what := f.Take(in)
		r := out.RPCs[0]
		switch {
		case r.Stream == 40 && r.Count == 0:
			assert.Zero(t, r.Latency.Count())
			assert.InDelta(t, 40, out.Edges[0].Stream, 0)
			assert.Zero(t, out.Edges[0].Count)
			assert.InDelta(t, 40, out.RPCs[1].Stream, 0, "who calls it does nothing else")
			waits += "w"
		default:
			assert.Same(t, in, out)
			waits += "."
		}
		assert.InDelta(t, 40, in.RPCs[0].Count, 0, "what is given is not changed")
		for _, w := range what {
			assert.Equal(t, feed, w.RPC)
			found = append(found, i)
		}
	}
	return waits, found
}

// Polls of 30 s, of which exp(-1.5) = 22 % and more time out, are held back from the
// first window on and found in the tenth; when fewer things happen, and all of them
// time out, nothing of it is slow.
func TestFilter_polls(t *testing.T) {
	f := newFilter()
	waits, found := run(t, f, 0, 20, poll(20*time.Second, 30*time.Second))
	assert.Equal(t, "wwwwwwwwwwwwwwwwwwww", waits)
	assert.Equal(t, []int{9}, found)
	waits, _ = run(t, f, 20, 5, poll(time.Hour, 30*time.Second))
	assert.Equal(t, "wwwww", waits)
	waits, _ = run(t, f, 25, 5, poll(time.Second, 30*time.Second))
	assert.Equal(t, "wwwww", waits, "now they are answered early")
}

// One that nothing ever happens to: nobody works for exactly half a minute.
func TestFilter_onlyTimeouts(t *testing.T) {
	waits, found := run(t, newFilter(), 0, 12, poll(time.Hour, 30*time.Second))
	assert.Equal(t, "wwwwwwwwwwww", waits)
	assert.Equal(t, []int{9}, found)
}

// What works is judged, also when it becomes slow by a constant delay, of all requests
// or of every second: it had no wall before.
func TestFilter_faultsAreNoPolls(t *testing.T) {
	for name, slow := range map[string]shape{
		"all": func(r *rand.Rand) (time.Duration, bool) { return 2*time.Second + time.Duration(r.Int64N(20e6)), false },
		"half": func(r *rand.Rand) (time.Duration, bool) {
			if r.IntN(2) == 0 {
				return 20 * time.Millisecond, false
			}
			return 30*time.Second + time.Duration(r.Int64N(20e6)), false
		},
	} {
		f := newFilter()
		waits, _ := run(t, f, 0, 12, work(20*time.Millisecond))
		require.Equal(t, "............", waits, name)
		waits, _ = run(t, f, 12, 20, slow)
		assert.Equal(t, "....................", waits, name)
	}
}

// From the first window on: timeouts that fail, work of a second or two, and work that
// is all the same without being long or answered early.
func TestFilter_othersWork(t *testing.T) {
	for name, c := range map[string]struct {
		of   shape
		want string
	}{
		"timeouts that fail": {func(r *rand.Rand) (time.Duration, bool) {
			d, _ := poll(20*time.Second, 30*time.Second)(r)
			return d, d >= 30*time.Second
		}, "...................."},
		"long work": {work(2 * time.Second), "...................."},
		// Held back while it looks like a poll that is never answered.
		"a constant second": {func(r *rand.Rand) (time.Duration, bool) {
			return 1200*time.Millisecond + time.Duration(r.Int64N(10e6)), false
		}, "wwwwwwwww..........."},
	} {
		waits, found := run(t, newFilter(), 0, 20, c.of)
		assert.Equal(t, c.want, waits, name)
		assert.Empty(t, found, name)
	}
}

// Where requests go beyond the wall, it is none.
func TestFilter_beyond(t *testing.T) {
	f := newFilter()
	run(t, f, 0, 10, poll(20*time.Second, 30*time.Second))
	waits, _ := run(t, f, 10, 6, poll(20*time.Second, 60*time.Second))
	assert.Equal(t, "ww....", waits)
}

// A call that ends at a timeout, which its request survives: the time is that of a call,
// and what is short of an answer is no poll, nor does who hardly waits pass a wait on.
func TestFilter_callsAreNotLookedAt(t *testing.T) {
	f := newFilter()
	for i := range 12 {
		s := windowOf(i, poll(20*time.Second, 30*time.Second))
		s.RPCs[0].Exclusive = new(sketch.Sketch)
		out, _ := f.Take(s)
		assert.Same(t, s, out)
	}
	f = newFilter()
	s := windowOf(0, poll(20*time.Second, 30*time.Second))
	s.Edges[0].Within = passing * s.RPCs[1].Latency.Sum()
	out, _ := f.Take(s)
	assert.InDelta(t, 40, out.RPCs[1].Count, 0)
}

func TestFilter_told(t *testing.T) {
	f := New(Config{Forget: time.Hour, MaxOperations: 100, Works: func(r identity.RPC) bool { return r == feed }})
	waits, _ := run(t, f, 0, 12, poll(20*time.Second, 30*time.Second))
	assert.Equal(t, "............", waits)
}

func TestFilter_bounds(t *testing.T) {
	f := New(Config{Forget: time.Hour, MaxOperations: 1}) // feed takes the place
	run(t, f, 0, 3, work(time.Millisecond))
	assert.Len(t, f.ops, 1)
	run(t, f, 200, 1, work(time.Millisecond)) // 100 minutes later
	assert.Len(t, f.ops, 1)
	assert.Equal(t, int64(200*30e9), f.ops[feed].seen)
}
