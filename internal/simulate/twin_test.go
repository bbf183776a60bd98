package simulate

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// shop is a small application with something of everything, of which the second
// entry shares nothing with the first but the network.
type shop struct {
	*App
	front, cart, store, cache, mail, lonely int
}

func newShop() shop {
	t := tree{}
	t.app.Link = Link{Delay: Dist{Mean: 0.0005, CV: 0.5}, RTO: 200 * time.Millisecond}
	host := func() int { return t.host(4) }
	s := shop{
		front: t.service(Service{Name: "front", Hosts: []int{host(), host()}, CPULimit: 2, MemoryMiB: 512, Workers: 32, Runtime: "jvm", GC: GC{HeapMiB: 20, Pause: ms(5)}}),
		cart:  t.service(Service{Name: "cart", Hosts: []int{host(), host()}, CPULimit: 2, MemoryMiB: 512, Workers: 32, Pools: []Pool{{"store", 8}}}),
		store: t.service(Service{Name: "store", Hosts: []int{host()}, CPULimit: 2, MemoryMiB: 512, Uninstrumented: true, System: "postgresql"}),
		cache: t.service(Service{Name: "cache", Hosts: []int{host()}, CPULimit: 1, Uninstrumented: true, System: "redis"}),
		mail:  t.service(Service{Name: "mail", Hosts: []int{host()}, CPULimit: 1, Workers: 2}),
	}
	t.service(Service{Name: "lonely", Hosts: []int{host()}, CPULimit: 1})
	s.lonely = len(t.app.Services) - 1
	get := t.rpc(RPC{Service: s.cache, CPU: Dist{0.0002, 0.5}, Protocol: DB})
	read := t.rpc(RPC{Service: s.store, CPU: Dist{0.002, 0.5}, Disk: Dist{0.002, 0.5}, Protocol: DB})
	send := t.rpc(RPC{Service: s.mail, CPU: Dist{0.005, 0.5}, Protocol: Messaging})
	miss := to(read)
	miss.Pool = 0
	lookup := to(get)
	lookup.Cache = &Cache{Hit: 0.8, Miss: &miss}
	write := to(read)
	write.Pool = 0
	cart := t.rpc(RPC{Service: s.cart, CPU: Dist{0.003, 0.5}, Steps: []Step{{Calls: []Call{lookup}}, {Calls: []Call{write}}}})
	message := to(send)
	message.Async, message.Probability = true, 0.3
	t.entry(t.rpc(RPC{
		Service: s.front, CPU: Dist{0.003, 0.5}, AllocMiB: 0.2,
		Steps: []Step{{Calls: []Call{to(cart), message}}},
	}), 40)
	t.entry(t.rpc(RPC{Service: s.lonely, CPU: Dist{0.003, 0.5}}), 20)
	s.App = &t.app
	return s
}

// Everything that is told of a run is told again of the next.
func TestRunsAreDeterministic(t *testing.T) {
	app := newShop()
	cfg := Config{Seed: 9, Duration: 30 * time.Second, SampleEvery: time.Second, Faults: []Fault{
		{Kind: PacketLoss, Service: app.cart, Replica: -1, Size: 0.1, Start: 10 * time.Second, End: 20 * time.Second},
	}}
	a, b := play(t, app.App, cfg), play(t, app.App, cfg)
	require.NotEmpty(t, a.spans)
	require.NotEmpty(t, a.states)
	assert.Equal(t, a, b)
	cfg.Seed++
	assert.NotEqual(t, a.answers, play(t, app.App, cfg).answers)
}

// Virtual time takes no goroutines. (A count of goroutines would also tell of those of
// earlier tests that are about to end.)
func TestNoGoroutines(t *testing.T) {
	before := goleak.IgnoreCurrent()
	samples := 0
	sink := probe{func() {
		samples++
		require.NoError(t, goleak.Find(before))
	}}
	_, err := Run(context.Background(), newShop().App, Config{Duration: time.Second, SampleEvery: 10 * time.Millisecond}, sink)
	require.NoError(t, err)
	assert.NotZero(t, samples)
	require.NoError(t, goleak.Find(before))
}

// probe calls a function at every sample.
type probe struct{ sample func() }

func (probe) Span(*Span)                                          {}
func (p probe) Sample(time.Duration, []ReplicaState, []HostState) { p.sample() }
func (probe) Entry(int, time.Duration, time.Duration, bool)       {}

// A fault changes nothing before it begins, nothing of an entry that has nothing to
// do with it, and neither what arrives nor which spans a trace has.
func TestTwinDiffersOnlyWhereItCan(t *testing.T) {
	app := newShop()
	const start, end = 20 * time.Second, 40 * time.Second
	cfg := Config{Seed: 5, Duration: time.Minute, SampleEvery: 5 * time.Second}
	twin := play(t, app.App, cfg)
	type id struct {
		trace [16]byte
		id    [8]byte
	}
	all := func(r *record) map[id]bool {
		ids := map[id]bool{}
		for _, s := range r.spans {
			if s.End < 50*time.Second { // what is in flight at the end is not told
				ids[id{s.Trace, s.ID}] = true
			}
		}
		return ids
	}
	for _, f := range []Fault{
		{Kind: CPUContention, Service: app.cart, Size: 6},
		{Kind: NetworkDelay, Service: app.cart, Size: 0.020},
		{Kind: PacketLoss, Service: app.front, Size: 0.05},
		{Kind: DiskContention, Service: app.store, Size: 0.5},
		{Kind: Regression, Service: app.front, Size: 0.020},
		{Kind: PoolExhaustion, Service: app.cart, Size: 1},
		{Kind: HostContention, Host: 0, Size: 16},
		{Kind: MemoryPressure, Service: app.cart, Size: 0.9},
	} {
		t.Run(string(f.Kind), func(t *testing.T) {
			f.Start, f.End, f.Replica = start, end, -1
			cfg.Faults = []Fault{f}
			r := play(t, app.App, cfg)
			for i, s := range twin.spans {
				if s.End >= start {
					break
				}
				if r.spans[i] != s { // as assert.Equal takes its time
					assert.Equal(t, s, r.spans[i])
				}
			}
			assert.Equal(t, twin.states[:3], r.states[:3])
			assert.Equal(t, twin.of(Server, app.lonely), r.of(Server, app.lonely))
			assert.Equal(t, all(twin), all(r))
			assert.NotEqual(t, twin.answers, r.answers)
			worse, n := 0, 0
			begun := map[time.Duration]time.Duration{}
			for _, a := range twin.answers {
				begun[a.start] = a.end
			}
			for _, a := range r.answers {
				healthy, ok := begun[a.start]
				if !ok {
					continue // not answered without the fault at the end, nor by chance with it
				}
				if a.start >= start && a.start < end && a.entry == 0 {
					n++
					if a.end > healthy {
						worse++
					}
				}
			}
			assert.Greater(t, n, 700)
			assert.Greater(t, worse, n/20)
		})
	}
}

// A surge adds arrivals and leaves those that there were.
func TestSurgeAddsArrivals(t *testing.T) {
	app := newShop()
	cfg := Config{Seed: 5, Duration: time.Minute}
	twin := play(t, app.App, cfg)
	cfg.Faults = []Fault{{Kind: TrafficSurge, Entry: 0, Size: 3, Start: 20 * time.Second, End: 40 * time.Second}}
	r := play(t, app.App, cfg)
	count := map[answer]int{}
	for _, a := range r.answers {
		count[answer{entry: a.entry, start: a.start}]++
	}
	for _, a := range twin.answers {
		assert.Positive(t, count[answer{entry: a.entry, start: a.start}])
	}
	// 20 s of twice 40 requests per second, of Poisson's standard deviation.
	assert.InDelta(t, 1600, len(r.answers)-len(twin.answers), 5*40)
	roots := map[[16]byte]bool{}
	for _, s := range r.of(Server, app.front) {
		assert.False(t, roots[s.Trace], "one trace per request")
		roots[s.Trace] = true
	}
	assert.InDelta(t, 3*800, float64(len(r.latencies(0, 20*time.Second, 40*time.Second))), 5*49)
}
