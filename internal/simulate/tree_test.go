package simulate

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Steps follow each other, the calls of one run side by side, and a request works
// in equal parts before, between and after: 2+max(10,4)+2+3·5+2 ms.
func TestStepsAndCalls(t *testing.T) {
	tr := tree{}
	front := tr.service(Service{Hosts: []int{tr.host(8)}})
	back := tr.service(Service{Hosts: []int{tr.host(8)}})
	a, b := tr.rpc(RPC{Service: back, CPU: ms(10)}), tr.rpc(RPC{Service: back, CPU: ms(4)})
	c := tr.rpc(RPC{Service: back, CPU: ms(5)})
	thrice, never := to(c), to(c)
	thrice.Times, never.Probability = 3, 0
	tr.entry(tr.rpc(RPC{Service: front, CPU: ms(6), Steps: []Step{
		{Calls: []Call{to(a), to(b)}},
		{Calls: []Call{never, thrice}},
	}}), 1)
	r := play(t, &tr.app, Config{Seed: 1, Duration: time.Minute})
	require.NotEmpty(t, r.answers)
	for _, l := range r.latencies(0, 0, time.Hour) {
		assert.InDelta(t, 0.031, l, 1e-8)
	}
	assert.Len(t, r.of(Client, 0), 5*len(r.answers))
	ids := map[[8]byte]bool{}
	for _, s := range r.spans {
		ids[s.ID] = true
	}
	assert.Len(t, ids, len(r.spans), "every repetition is a span of its own")
	at := r.answers[0].start
	var starts []time.Duration
	for _, s := range r.of(Client, 0)[:5] { // in the order of their ends
		starts = append(starts, (s.Start - at).Round(time.Microsecond))
	}
	want := []time.Duration{2, 2, 14, 19, 24}
	for i := range want {
		assert.Equal(t, want[i]*time.Millisecond, starts[i])
	}
}

// Calls are made with their probability: a share s of n has the standard deviation
// √(s(1−s)/n). After a lookup the other call is made where it misses.
func TestProbabilityAndCache(t *testing.T) {
	tr := tree{}
	front := tr.service(Service{Hosts: []int{tr.host(8)}})
	cache := tr.service(Service{Hosts: []int{tr.host(8)}, Uninstrumented: true, System: "redis"})
	store := tr.service(Service{Hosts: []int{tr.host(8)}, Uninstrumented: true, System: "mysql"})
	get, read := tr.rpc(RPC{Service: cache, CPU: ms(1)}), tr.rpc(RPC{Service: store, CPU: ms(4)})
	miss := to(read)
	lookup := to(get)
	lookup.Probability, lookup.Times = 0.7, 2
	lookup.Cache = &Cache{Hit: 0.8, Miss: &miss}
	tr.entry(tr.rpc(RPC{Service: front, Steps: []Step{{Calls: []Call{lookup}}}}), 100)

	shares := func(faults ...Fault) (made, missed, n float64, r *record) {
		r = play(t, &tr.app, Config{Seed: 1, Duration: 200 * time.Second, Faults: faults})
		for _, s := range r.of(Client, 0) {
			if s.RPC == get {
				made++
			} else {
				missed++
			}
		}
		n = float64(len(r.answers))
		return made / 2 / n, missed / made, n, r
	}
	made, missed, n, r := shares()
	assert.InDelta(t, 0.7, made, 5*math.Sqrt(0.7*0.3/n))
	assert.InDelta(t, 0.2, missed, 5*math.Sqrt(0.2*0.8/(1.4*n)))
	took := map[time.Duration]bool{}
	for _, a := range r.answers {
		took[(a.end - a.start).Round(time.Microsecond)] = true
	}
	want := map[time.Duration]bool{0: true, 2 * time.Millisecond: true, 6 * time.Millisecond: true, 10 * time.Millisecond: true}
	assert.Equal(t, want, took, "not made, or two lookups and the misses of none, one or both")

	cold := Fault{Kind: CacheCollapse, Service: cache, Replica: -1, Size: 0.25, End: time.Hour}
	_, missed, n, _ = shares(cold)
	assert.InDelta(t, 0.8, missed, 5*math.Sqrt(0.2*0.8/(1.4*n)))
	assert.NotEmpty(t, r.of(Server, cache), "what is not instrumented is told of too")
}

// An error of a request's own fails it and those who wait for it; a share s of n
// has the standard deviation √(s(1−s)/n).
func TestErrors(t *testing.T) {
	app := pair(Link{}, 100, false)
	app.RPCs[0].ErrorRate = 0.1
	r := play(t, app, Config{Seed: 1, Duration: 100 * time.Second})
	failed := 0.0
	for _, a := range r.answers {
		if a.failed {
			failed++
			// It fails at once, without the second half of its work.
			assert.InDelta(t, 0.0015, (a.end - a.start).Seconds(), 1e-8)
		}
	}
	n := float64(len(r.answers))
	assert.InDelta(t, 0.1, failed/n, 5*math.Sqrt(0.09/n))
	bad := 0.0
	for _, s := range r.spans {
		if s.Failed {
			assert.Equal(t, "internal", s.ErrorType)
			bad++
		}
	}
	assert.InDelta(t, 3*failed, bad, 3, "server, client and root")
}

// The spans of a trace are a tree whose times nest, and they come in the order of
// their ends.
func TestSpansNest(t *testing.T) {
	app := chain(6, 50)
	r := play(t, app, Config{Seed: 1, Duration: 10 * time.Second})
	type key struct {
		trace [16]byte
		id    [8]byte
	}
	spans := map[key]*Span{}
	end := time.Duration(0)
	for i := range r.spans {
		s := &r.spans[i]
		require.GreaterOrEqual(t, s.End, end)
		end = s.End
		k := key{s.Trace, s.ID}
		require.Nil(t, spans[k])
		require.NotEqual(t, [8]byte{}, s.ID)
		spans[k] = s
	}
	roots := 0
	for _, s := range spans {
		if s.Parent == [8]byte{} {
			roots++
			assert.Equal(t, Server, s.Kind)
			assert.Equal(t, app.Entries[0].RPC, s.RPC)
			continue
		}
		parent, ok := spans[key{s.Trace, s.Parent}]
		if !ok {
			continue // in flight at the end
		}
		assert.LessOrEqual(t, parent.Start, s.Start)
		assert.GreaterOrEqual(t, parent.End, s.End)
		assert.NotEqual(t, parent.Kind, s.Kind)
		if s.Kind == Server {
			assert.Equal(t, parent.RPC, s.RPC)
			assert.Equal(t, app.RPCs[s.RPC].Service, s.Service)
		} else {
			assert.Equal(t, parent.Service, s.Service)
		}
	}
	assert.Equal(t, len(r.answers), roots)
	assert.Equal(t, len(r.spans), r.stats.Spans)
	assert.InDelta(t, 11*roots, len(spans), 11*10)
}

// A step waits for all of its calls, and one that fails fails the request.
func TestOneOfTwoFails(t *testing.T) {
	tr := tree{}
	front := tr.service(Service{Hosts: []int{tr.host(8)}})
	back := tr.service(Service{Hosts: []int{tr.host(8)}})
	bad, good := tr.rpc(RPC{Service: back, CPU: ms(1), ErrorRate: 1}), tr.rpc(RPC{Service: back, CPU: ms(5)})
	thrice := to(bad)
	thrice.Times = 3
	tr.entry(tr.rpc(RPC{Service: front, Steps: []Step{{Calls: []Call{thrice, to(good)}}, {Calls: []Call{to(good)}}}}), 1)
	r := play(t, &tr.app, Config{Seed: 1, Duration: time.Minute})
	for _, a := range r.answers {
		assert.True(t, a.failed)
		assert.Equal(t, 5*time.Millisecond, a.end-a.start)
	}
	assert.Len(t, r.of(Server, back), 2*len(r.answers), "what follows a failure is not called")
}

// A lookup that fails is a miss, whose answer counts. Each of the times that a call
// is made has all of its tries, of which the last is in time here.
func TestFailedLookupIsMiss(t *testing.T) {
	tr := tree{}
	front := tr.service(Service{Hosts: []int{tr.host(8)}})
	cache := tr.service(Service{Hosts: []int{tr.host(8)}})
	store := tr.service(Service{Hosts: []int{tr.host(8)}})
	get, read := tr.rpc(RPC{Service: cache, CPU: ms(10)}), tr.rpc(RPC{Service: store, CPU: ms(1)})
	miss := to(read)
	lookup := to(get)
	lookup.Timeout, lookup.Retries, lookup.Times = 2*time.Millisecond, 1, 2
	lookup.Cache = &Cache{Hit: 1, Miss: &miss}
	tr.entry(tr.rpc(RPC{Service: front, Steps: []Step{{Calls: []Call{lookup}}}}), 1)
	r := play(t, &tr.app, Config{Seed: 1, Duration: time.Minute})
	for _, a := range r.answers { // twice two tries and what follows a miss
		assert.False(t, a.failed)
		assert.Equal(t, 10*time.Millisecond, a.end-a.start)
	}
	assert.Len(t, r.of(Client, front), 6*len(r.answers))

	// What follows a miss has a probability of its own; not made, there is no answer,
	// which is one too.
	miss.Probability = 0
	r = play(t, &tr.app, Config{Seed: 1, Duration: time.Minute})
	assert.Empty(t, r.of(Server, store))
	for _, a := range r.answers {
		assert.False(t, a.failed)
		assert.Equal(t, 8*time.Millisecond, a.end-a.start)
	}
}
