package simulate

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fork is an application in which a request makes parallel calls of constant work,
// in milliseconds of one core, to one service, without a network.
func fork(cores, limit float64, workers int, work ...float64) *App {
	t := tree{}
	front := t.service(Service{Hosts: []int{t.host(1)}})
	back := t.service(Service{Hosts: []int{t.host(cores)}, CPULimit: limit, Workers: workers})
	var calls []Call
	for _, w := range work {
		calls = append(calls, to(t.rpc(RPC{Service: back, CPU: ms(w)})))
	}
	t.entry(t.rpc(RPC{Service: front, Steps: []Step{{Calls: calls}}}), 0.1)
	return &t.app
}

// first returns how long the calls of the first answered request took, in ms.
func (r *record) first(kind SpanKind, service int) (took []float64) {
	spans := r.of(kind, service)
	for _, s := range spans {
		if s.Trace == spans[0].Trace {
			took = append(took, float64(s.took())/1e6)
		}
	}
	return took
}

// What two or three requests that begin together get of the processor, worked out
// by hand. Times are rounded up to nanoseconds.
func TestSharing(t *testing.T) {
	tests := map[string]struct {
		app  *App
		want []float64 // when the calls end, in order
	}{
		"one core each":         {fork(2, 0, 0, 10, 20), []float64{10, 20}},
		"one core for both":     {fork(1, 0, 0, 10, 20), []float64{20, 30}},
		"two cores for three":   {fork(2, 0, 0, 10, 10, 20), []float64{15, 15, 25}},
		"a thread has one core": {fork(8, 0, 0, 30), []float64{30}},
		"limit of one core":     {fork(8, 1, 0, 10, 20), []float64{20, 30}},
		"limit of half a core":  {fork(8, 0.5, 0, 10, 20), []float64{40, 60}},
		"limit above need":      {fork(8, 2, 0, 10, 20), []float64{10, 20}},
		"limit above cores":     {fork(1, 4, 0, 10, 20), []float64{20, 30}},
		"one worker":            {fork(8, 0, 1, 10, 20), []float64{10, 30}},
		"no work":               {fork(1, 0, 0, 0, 10), []float64{0, 10}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := play(t, tt.app, Config{Seed: 1, Duration: time.Minute})
			assert.InDeltaSlice(t, tt.want, r.first(Server, 1), 1e-5)
			assert.InDeltaSlice(t, tt.want, r.first(Client, 0), 1e-5)
		})
	}
}

// The level of the water: cores go to threads alike, up to what they and their
// containers can use.
func TestFill(t *testing.T) {
	type box struct {
		threads int
		limit   float64
	}
	tests := map[string]struct {
		cores float64
		hogs  float64
		boxes []box
		want  []float64 // speed of a thread in each
	}{
		"enough":               {4, 0, []box{{2, 9}, {1, 9}}, []float64{1, 1}},
		"just enough":          {3, 0, []box{{2, 9}, {1, 9}}, []float64{1, 1}},
		"too many threads":     {2, 0, []box{{3, 9}, {1, 9}}, []float64{0.5, 0.5}},
		"limits leave more":    {2, 0, []box{{9, 0.5}, {3, 9}}, []float64{0.5 / 9, 0.5}},
		"one limit binds late": {3, 0, []box{{4, 1}, {2, 1.2}, {2, 9}}, []float64{0.25, 0.5, 0.5}},
		"another one follows":  {3, 0, []box{{4, 0.4}, {2, 1}, {4, 9}}, []float64{0.1, 0.5 * 2.6 / 3, 0.5 * 2.6 / 3}},
		"both limits bind":     {3, 0, []box{{4, 0.4}, {2, 0.8}, {4, 9}}, []float64{0.1, 0.4, 0.45}},
		"hogs of the host":     {2, 3, []box{{1, 9}}, []float64{0.5}},
		"hogs fit":             {4, 3, []box{{1, 9}}, []float64{1}},
		"idle containers":      {1, 1, []box{{0, 9}, {1, 9}}, []float64{-1, 0.5}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tr := tree{}
			h := tr.host(tt.cores)
			for _, b := range tt.boxes {
				tr.service(Service{Hosts: []int{h}, CPULimit: b.limit})
			}
			s := newSim(&tr.app, Config{Duration: time.Hour}, null{})
			s.hosts[0].hogs = tt.hogs
			for i, b := range tt.boxes {
				for range b.threads {
					s.compute(&s.replicas[i], 0, 1e9)
				}
			}
			used := tt.hogs * s.hosts[0].level
			for i, want := range tt.want {
				if c := &s.replicas[i].cpu; want >= 0 {
					assert.InDelta(t, want, c.speed, 1e-12, "container %d", i)
					used += c.threads() * c.speed
				}
			}
			assert.LessOrEqual(t, used, tt.cores+1e-12)
		})
	}
}

// A limit that changes while a request computes changes when it is done.
func TestLimitChangesInFlight(t *testing.T) {
	app := fork(4, 0, 0, 100)
	start := play(t, app, Config{Seed: 1, Duration: time.Minute}).of(Server, 1)[0].Start
	halfway := start + 50*time.Millisecond
	tests := map[string]struct {
		fault Fault
		want  float64
	}{
		// 50 ms at full speed and 50 ms of work at half of it.
		"throttled": {Fault{Kind: Throttling, Size: 0.5, End: time.Hour}, 150},
		// 50 ms, 40 ms that do 20 ms of work, 30 ms.
		"throttled for a while": {Fault{Kind: Throttling, Size: 0.5, End: halfway + 40*time.Millisecond}, 120},
		// Eight threads on four cores.
		"hogs on the host": {Fault{Kind: HostContention, Host: 1, Size: 7, End: time.Hour}, 150},
		// There is no limit for which they could compete, and cores enough for both.
		"hog in the container": {Fault{Kind: CPUContention, Size: 3, End: time.Hour}, 100},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := tt.fault
			f.Start, f.Replica = halfway, -1
			if f.Kind != HostContention {
				f.Service = 1
			}
			r := play(t, app, Config{Seed: 1, Duration: time.Minute, Faults: []Fault{f}})
			assert.InDelta(t, tt.want, r.first(Server, 1)[0], 1e-5)
		})
	}
}

// Hogs in a container with a limit hurt that container alone; hogs on the host all
// that it carries.
func TestHogsAndNeighbours(t *testing.T) {
	tr := tree{}
	h := tr.host(4)
	for range 2 {
		svc := tr.service(Service{Hosts: []int{h}, CPULimit: 1})
		tr.entry(tr.rpc(RPC{Service: svc, CPU: ms(10)}), 1)
	}
	slow := func(f Fault) (first, second float64) {
		f.Replica, f.End = -1, time.Hour
		r := play(t, &tr.app, Config{Seed: 1, Duration: time.Minute, Faults: []Fault{f}})
		return quantile(r.latencies(0, 0, never), 0.5), quantile(r.latencies(1, 0, never), 0.5)
	}
	a, b := slow(Fault{Kind: CPUContention, Service: 0, Size: 7})
	assert.InDelta(t, 0.080, a, 1e-8)
	assert.InDelta(t, 0.010, b, 1e-8)
	a, b = slow(Fault{Kind: HostContention, Host: 0, Size: 7})
	assert.InDelta(t, 0.020, a, 1e-8)
	assert.InDelta(t, 0.020, b, 1e-8)
}

// The counters of what was used: of a request of 10 ms in a container of half a
// core it takes 20 ms, for half of which the quota stops it.
func TestCPUCounters(t *testing.T) {
	app := station{cores: 4, limit: 0.5, workers: 1, cpu: Dist{Mean: 0.010}, lambda: 5}.app()
	r := play(t, app, Config{Seed: 1, Duration: 100 * time.Second, SampleEvery: time.Second})
	require.Len(t, r.states, 100)
	last := r.states[99]
	n := float64(len(r.answers))
	// All but the one that may be served at the end.
	assert.InDelta(t, n*0.010, last.replicas[0].CPUSeconds, 0.010)
	assert.InDelta(t, n*0.010, last.replicas[0].Throttled, 0.010)
	assert.InDelta(t, last.replicas[0].CPUSeconds, last.hosts[0].CPUSeconds, 1e-9)
	assert.Zero(t, last.replicas[0].Hogged)

	// With a hog that takes what is left, the container uses its limit all the time.
	hog := Fault{Kind: CPUContention, Replica: -1, Size: 1, End: time.Hour}
	r = play(t, app, Config{Seed: 1, Duration: 100 * time.Second, SampleEvery: time.Second, Faults: []Fault{hog}})
	last = r.states[99]
	n = float64(len(r.answers))
	assert.InDelta(t, 50, last.replicas[0].CPUSeconds, 1e-6)
	assert.InDelta(t, 50-n*0.010, last.replicas[0].Hogged, 0.010)

	// Threads that have no core are not stopped by the quota: nine on two cores use up
	// a quota of one core in half of each period.
	app.Hosts[0].Cores, app.Services[0].CPULimit, app.Entries[0].Rate = 2, 1, 0
	hog.Size = 9
	r = play(t, app, Config{Seed: 1, Duration: 100 * time.Second, SampleEvery: time.Second, Faults: []Fault{hog}})
	assert.InDelta(t, 50, r.states[99].replicas[0].Throttled, 1e-6)

	// Hogs on the host count for the host: one core all the time.
	app.Entries[0].Rate = 5
	hog = Fault{Kind: HostContention, Size: 1, End: time.Hour}
	r = play(t, app, Config{Seed: 1, Duration: 100 * time.Second, SampleEvery: time.Second, Faults: []Fault{hog}})
	last = r.states[99]
	assert.InDelta(t, 100+last.replicas[0].CPUSeconds, last.hosts[0].CPUSeconds, 1e-6)
	hog.Start, hog.End = 20*time.Second, 30*time.Second
	r = play(t, app, Config{Seed: 1, Duration: 100 * time.Second, SampleEvery: time.Second, Faults: []Fault{hog}})
	last = r.states[99]
	assert.InDelta(t, 10+last.replicas[0].CPUSeconds, last.hosts[0].CPUSeconds, 1e-6)
}
