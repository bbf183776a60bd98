package simulate

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// collecting is a service of 4 ms of work that is stopped for 50 ms at every tenth
// request.
func collecting(rate float64) *App {
	t := tree{}
	svc := t.service(Service{
		Hosts: []int{t.host(8)}, Workers: 1, Runtime: "jvm", MemoryMiB: 100,
		GC: GC{HeapMiB: 10, Pause: ms(50)},
	})
	t.entry(t.rpc(RPC{Service: svc, CPU: ms(4), AllocMiB: 1}), rate)
	return &t.app
}

// Every tenth request, which fills the heap, waits for the collection; with few
// requests nobody else does.
func TestCollections(t *testing.T) {
	r := play(t, collecting(0.05), Config{Seed: 1, Duration: 10_000 * time.Second, SampleEvery: time.Second})
	require.Greater(t, len(r.answers), 100)
	for i, a := range r.answers {
		want := 0.004
		if i%10 == 9 {
			want = 0.054
		}
		assert.InDelta(t, want, (a.end - a.start).Seconds(), 1e-8, "request %d", i)
	}
	last := r.states[len(r.states)-1].replicas[0]
	assert.Equal(t, float64(len(r.answers)/10), last.GCCount)
	assert.InDelta(t, last.GCCount*0.050, last.GCSeconds, 1e-6)
	assert.InDelta(t, last.GCCount*0.050+float64(len(r.answers))*0.004, last.CPUSeconds, 1e-4, "the collector computes")
	// 40 MiB at rest, garbage up to the heap's size.
	low, high := 1e9, 0.0
	for _, s := range r.states {
		low, high = min(low, s.replicas[0].MemoryMiB), max(high, s.replicas[0].MemoryMiB)
	}
	assert.Equal(t, 40.0, low)
	assert.InDelta(t, 49, high, 0.5)
}

// A collection stops what is being computed, and all that is.
func TestCollectionStopsAll(t *testing.T) {
	tr := tree{}
	svc := tr.service(Service{Hosts: []int{tr.host(8)}, GC: GC{HeapMiB: 1, Pause: ms(50)}})
	leaf := tr.service(Service{Hosts: []int{tr.host(8)}})
	late := tr.rpc(RPC{Service: svc, CPU: ms(5), AllocMiB: 1})
	early := tr.rpc(RPC{Service: svc, CPU: ms(30)})
	wait := tr.rpc(RPC{Service: leaf, CPU: ms(10), Steps: []Step{{Calls: []Call{to(late)}}}})
	front := tr.service(Service{Hosts: []int{tr.host(8)}})
	tr.entry(tr.rpc(RPC{Service: front, Steps: []Step{{Calls: []Call{to(early), to(wait)}}}}), 0.1)
	r := play(t, &tr.app, Config{Seed: 1, Duration: time.Minute})
	byRPC := map[int]float64{}
	for _, s := range r.of(Server, svc) {
		if _, ok := byRPC[s.RPC]; !ok {
			byRPC[s.RPC] = s.took().Seconds()
		}
	}
	// 5 ms before the collection, 25 ms after it.
	assert.InDelta(t, 0.080, byRPC[early], 1e-8)
	assert.InDelta(t, 0.055, byRPC[late], 1e-8)
}

// What is taken beyond the spare part of the memory is missing: at 0.95 three
// quarters of the pages are, so that a second of work meets 150,000 faults of 100 µs.
// The heap has a quarter of its room and collections take four times as long.
func TestMemoryPressure(t *testing.T) {
	taken := func(share float64) *record {
		f := Fault{Kind: MemoryPressure, Replica: -1, Size: share, End: 3 * time.Hour}
		return play(t, collecting(0.05), Config{Seed: 1, Duration: 10_000 * time.Second, SampleEvery: time.Second, Faults: []Fault{f}})
	}
	healthy, spare, short := taken(0), taken(0.8), taken(0.95)
	assert.Equal(t, healthy.answers, spare.answers)
	last := short.states[len(short.states)-1].replicas[0]
	n := float64(len(short.answers))
	assert.InDelta(t, n*600, last.PageFaults, 600+1e-6)
	assert.InDelta(t, float64(len(short.answers)/3), last.GCCount, 1)
	assert.InDelta(t, last.GCCount*0.200, last.GCSeconds, 0.2+1e-6)
	assert.InDelta(t, 0.064, quantile(short.latencies(0, 0, never), 0.5), 1e-6)
	// 40 MiB and 95 % of the other 60, and at most the limit.
	assert.GreaterOrEqual(t, last.MemoryMiB, 97.0)
	assert.LessOrEqual(t, last.MemoryMiB, 100.0)
	assert.Zero(t, healthy.states[len(healthy.states)-1].replicas[0].PageFaults)
}

// What is allocated during a collection does not begin another one.
func TestOneCollectionAtATime(t *testing.T) {
	app := collecting(100)
	app.Services[0].GC.HeapMiB, app.Services[0].Workers = 1, 0
	r := play(t, app, Config{Seed: 1, Duration: 20 * time.Second, SampleEvery: time.Second})
	last := r.states[19].replicas[0]
	assert.InDelta(t, last.GCCount*0.050, last.GCSeconds, 1e-6)
	// Pauses of 50 ms, and gaps of 10 ms on average until the next request.
	assert.InEpsilon(t, 20/0.060, last.GCCount, 0.05)
}

// Requests without work of their own are stopped as well.
func TestCollectionStopsIdleRequests(t *testing.T) {
	tr := tree{}
	svc := tr.service(Service{Hosts: []int{tr.host(8)}, GC: GC{HeapMiB: 1, Pause: ms(50)}})
	tr.entry(tr.rpc(RPC{Service: svc, AllocMiB: 1}), 1)
	r := play(t, &tr.app, Config{Seed: 1, Duration: time.Minute})
	slow := 0
	for _, a := range r.answers {
		if a.end-a.start == 50*time.Millisecond {
			slow++
		}
	}
	assert.Greater(t, slow, len(r.answers)*3/4, "but for those that come during a collection")
}
