package apps

import (
	"math/rand/v2"
	"time"

	"github.com/sage-rca/sage/internal/simulate"
)

// builder puts an application together. Services and RPCs are referred to by the
// index that adding them returned.
type builder struct {
	app      *simulate.App
	rng      *rand.Rand
	replicas []int // by service, until place has put them on hosts
}

func newBuilder(name string, seed uint64) *builder {
	return &builder{
		app: &simulate.App{
			Name: name,
			Link: simulate.Link{Delay: simulate.Dist{Mean: 0.3e-3, CV: 0.3}, Loss: 5e-6, RTO: 200 * time.Millisecond},
		},
		rng: rand.New(rand.NewPCG(seed, 0x6170_7073)),
	}
}

// kit says what services of one make have in common.
type kit struct {
	runtime   string
	limit     float64 // cores
	memoryMiB float64
	workers   int
	gc        simulate.GC
}

// The makes. Heaps and pauses are of the order that each runtime's collector is
// known for: few and long for the JVM, many and short for Go.
var (
	jvm    = kit{"jvm", 1, 1024, 48, simulate.GC{HeapMiB: 96, Pause: simulate.Dist{Mean: 6e-3, CV: 0.3}}}
	golang = kit{"go", 1, 256, 0, simulate.GC{HeapMiB: 24, Pause: simulate.Dist{Mean: 0.3e-3, CV: 0.5}}}
	node   = kit{"nodejs", 1, 384, 0, simulate.GC{HeapMiB: 32, Pause: simulate.Dist{Mean: 2e-3, CV: 0.4}}}
	plain  = kit{"", 1, 192, 24, simulate.GC{}}
	store  = kit{"", 2, 2048, 64, simulate.GC{}}
)

// service adds an instrumented service.
func (b *builder) service(name string, k kit, replicas int) int {
	b.app.Services = append(b.app.Services, simulate.Service{
		Name: name, Version: "1.0.0", Runtime: k.runtime, Workers: k.workers,
		CPULimit: k.limit, MemoryMiB: k.memoryMiB, GC: k.gc,
	})
	b.replicas = append(b.replicas, replicas)
	return len(b.app.Services) - 1
}

// store adds an uninstrumented database or cache of the given system.
func (b *builder) store(name, system string) int {
	s := b.service(name, store, 1)
	b.app.Services[s].Uninstrumented = true
	b.app.Services[s].System = system
	b.app.Services[s].Version = ""
	return s
}

// pool adds a connection pool to service s and returns its index there.
func (b *builder) pool(s int, name string, size int) int {
	pools := &b.app.Services[s].Pools
	*pools = append(*pools, simulate.Pool{Name: name, Size: size})
	return len(*pools) - 1
}

// cost is the work of one request, in milliseconds and MiB.
type cost struct{ cpu, disk, alloc float64 }

// rpc adds an RPC whose work varies as work does: CPU with a coefficient of
// variation of 0.35, disks with 0.6.
func (b *builder) rpc(service int, operation string, p simulate.Protocol, c cost, steps ...simulate.Step) int {
	r := simulate.RPC{
		Service: service, Operation: operation, Protocol: p,
		CPU:      simulate.Dist{Mean: c.cpu / 1e3, CV: 0.35},
		AllocMiB: c.alloc,
		Steps:    steps,
	}
	if c.disk > 0 {
		r.Disk = simulate.Dist{Mean: c.disk / 1e3, CV: 0.6}
	}
	b.app.RPCs = append(b.app.RPCs, r)
	return len(b.app.RPCs) - 1
}

// entry makes an RPC one that requests arrive at, rate times a second.
func (b *builder) entry(rpc int, rate float64) {
	b.app.Entries = append(b.app.Entries, simulate.Entry{
		RPC: rpc, Rate: rate, Swing: 0.15, Wander: 0.05,
		Period: time.Duration(20+7*len(b.app.Entries)) * time.Minute,
	})
}

// call is a call that is always made, once, without a pool.
func call(rpc int) simulate.Call {
	return simulate.Call{RPC: rpc, Probability: 1, Times: 1, Pool: -1}
}

// often is a call that is made with the given probability, times in a row.
func often(rpc int, probability float64, times int) simulate.Call {
	c := call(rpc)
	c.Probability, c.Times = probability, times
	return c
}

// pooled is call by a pool of the caller.
func pooled(rpc, pool int) simulate.Call {
	c := call(rpc)
	c.Pool = pool
	return c
}

// retried is call with a timeout after which it is tried again.
func retried(rpc int, timeout time.Duration) simulate.Call {
	c := call(rpc)
	c.Timeout, c.Retries, c.Backoff = timeout, 2, 10*time.Millisecond
	return c
}

// message is a call that nobody waits for.
func message(rpc int) simulate.Call {
	c := call(rpc)
	c.Async = true
	return c
}

// lookup is times lookups in a cache that are each followed by miss unless they hit.
func lookup(rpc, times int, hit float64, miss simulate.Call) simulate.Call {
	c := call(rpc)
	c.Times = times
	c.Cache = &simulate.Cache{Hit: hit, Miss: &miss}
	return c
}

// then is a step of one call.
func then(c simulate.Call) simulate.Step { return simulate.Step{Calls: []simulate.Call{c}} }

// together is a step of calls at the same time.
func together(calls ...simulate.Call) simulate.Step { return simulate.Step{Calls: calls} }
