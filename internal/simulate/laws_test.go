package simulate

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// randomApp draws an application of layered RPCs with whatever an App can have.
func randomApp(rng *rand.Rand) *App {
	t := tree{}
	t.app.Link = Link{Delay: Dist{Mean: 0.001 * rng.Float64(), CV: rng.Float64()}, Loss: 0.01 * rng.Float64(), PerMiB: 0.01 * rng.Float64()}
	for range 1 + rng.IntN(4) {
		t.host(0.5 + 4*rng.Float64())
	}
	hosts := len(t.app.Hosts)
	for range 2 + rng.IntN(6) {
		s := Service{Workers: rng.IntN(6), CPULimit: float64(rng.IntN(3)) * rng.Float64(), Uninstrumented: rng.IntN(4) == 0, MemoryMiB: float64(rng.IntN(500))}
		for range 1 + rng.IntN(3) {
			s.Hosts = append(s.Hosts, rng.IntN(hosts))
		}
		for range rng.IntN(3) {
			s.Pools = append(s.Pools, Pool{Size: 1 + rng.IntN(4)})
		}
		if rng.IntN(3) == 0 {
			s.GC = GC{HeapMiB: 1 + 10*rng.Float64(), Pause: Dist{Mean: 0.02 * rng.Float64(), CV: Exponential}}
		}
		t.service(s)
	}
	for i := range 3 + rng.IntN(12) {
		r := RPC{Service: rng.IntN(len(t.app.Services)), CPU: Dist{0.003 * rng.Float64(), rng.Float64()}, AllocMiB: rng.Float64(), ErrorRate: 0.01 * rng.Float64()}
		if rng.IntN(3) == 0 {
			r.Disk = Dist{0.003 * rng.Float64(), Exponential}
		}
		for range rng.IntN(3) {
			var step Step
			for range rng.IntN(4) {
				if i > 0 {
					step.Calls = append(step.Calls, randomCall(rng, &t.app, r.Service, i))
				}
			}
			r.Steps = append(r.Steps, step)
		}
		t.rpc(r)
	}
	for range 1 + rng.IntN(3) {
		t.app.Entries = append(t.app.Entries, Entry{
			RPC: rng.IntN(len(t.app.RPCs)), Rate: 30 * rng.Float64(), Swing: rng.Float64(), Wander: 0.3 * rng.Float64(), Period: 20 * time.Second,
		})
	}
	return &t.app
}

// randomCall draws a call to one of the first n RPCs.
func randomCall(rng *rand.Rand, app *App, caller, n int) Call {
	c := Call{RPC: rng.IntN(n), Probability: rng.Float64(), Times: 1 + rng.IntN(2), Pool: -1}
	if rng.IntN(5) == 0 {
		c.Async = true
		return c
	}
	if p := app.Services[caller].Pools; len(p) > 0 {
		c.Pool = rng.IntN(len(p)+1) - 1
	}
	if rng.IntN(3) == 0 {
		c.Timeout = time.Duration(rng.IntN(int(100 * time.Millisecond)))
		c.Retries, c.Backoff = rng.IntN(3), time.Duration(rng.IntN(int(10*time.Millisecond)))
	}
	if rng.IntN(4) == 0 {
		miss := to(rng.IntN(n))
		c.Cache = &Cache{Hit: rng.Float64(), Miss: &miss}
	}
	return c
}

// randomFaults draws faults of all kinds that an application can have, of sizes
// from nothing to the end of the world.
func randomFaults(rng *rand.Rand, app *App) []Fault {
	var out []Fault
	for range rng.IntN(12) {
		start := time.Duration(rng.IntN(int(8 * time.Second)))
		f := Fault{
			Service: rng.IntN(len(app.Services)), Replica: -1, Host: rng.IntN(len(app.Hosts)), Entry: rng.IntN(len(app.Entries)),
			Size: rng.Float64(), Start: start, End: start + 1 + time.Duration(rng.IntN(int(8*time.Second))),
		}
		switch rng.IntN(8) {
		case 0:
			f.Kind, f.Size = CPUContention, 10*f.Size
		case 1:
			f.Kind, f.Size = HostContention, 10*f.Size
		case 2:
			f.Kind, f.Size = Throttling, f.Size+0.1
		case 3:
			f.Kind, f.Size = TrafficSurge, 1+f.Size
		case 4:
			f.Kind, f.Size = SlowDependency, 5*f.Size+0.1
		case 5:
			f.Kind = Restart
		case 6:
			if len(app.Services[f.Service].Pools) == 0 {
				continue
			}
			f.Kind, f.Size = PoolExhaustion, 1
		default:
			kinds := []FaultKind{MemoryPressure, DiskContention, NetworkDelay, PacketLoss, Regression, RetryStorm, CacheCollapse, Deploy, MetricGap}
			f.Kind = kinds[rng.IntN(len(kinds))]
			f.Size = min(f.Size, 0.99)
		}
		out = append(out, f)
	}
	return out
}

// bounds is a Sink that holds what it is told to laws that no application and no
// fault can break.
type bounds struct {
	t        *testing.T
	app      *App
	hosts    []HostState
	at, last time.Duration
}

func (b *bounds) law(ok bool, format string, args ...any) {
	if !ok { // an assertion per span would take its time
		require.FailNow(b.t, fmt.Sprintf(format, args...))
	}
}

func (b *bounds) Span(s *Span) {
	b.law(s.Start >= 0 && s.Start <= s.End && s.End >= b.last, "span from %s to %s after %s", s.Start, s.End, b.last)
	b.law(s.Failed == (s.ErrorType != ""), "failed %t, of %q", s.Failed, s.ErrorType)
	b.law(s.Kind == Client || s.Kind == Producer || b.app.RPCs[s.RPC].Service == s.Service, "served by service %d", s.Service)
	b.law(s.Replica < len(b.app.Services[s.Service].Hosts), "replica %d", s.Replica)
	b.last = s.End
}

func (b *bounds) Entry(_ int, start, end time.Duration, _ bool) {
	b.law(start <= end && end >= b.last, "answer from %s to %s after %s", start, end, b.last)
}

func (b *bounds) Sample(at time.Duration, replicas []ReplicaState, hosts []HostState) {
	const rounding = 1e-6
	dt := (at - b.at).Seconds()
	for i, h := range hosts {
		was := HostState{}
		if b.hosts != nil {
			was = b.hosts[i]
		}
		cpu, disk := h.CPUSeconds-was.CPUSeconds, h.DiskSeconds-was.DiskSeconds
		b.law(cpu >= -rounding && cpu <= b.app.Hosts[i].Cores*dt+rounding, "host %d used %g s of its cores in %g s", i, cpu, dt)
		b.law(disk >= -rounding && disk <= dt+rounding, "host %d used %g s of its disk in %g s", i, disk, dt)
	}
	for i := range replicas {
		r := &replicas[i]
		svc := &b.app.Services[r.Service]
		for _, v := range []float64{r.CPUSeconds, r.Hogged, r.Throttled, r.DiskSeconds, r.PageFaults, r.GCSeconds, r.GCCount, r.SentMiB, r.ReceivedMiB, r.Retransmits} {
			b.law(v >= -rounding && v < 1e9, "counter %g of service %d", v, r.Service)
		}
		b.law(r.Hogged <= r.CPUSeconds+rounding, "hogs used %g of %g s", r.Hogged, r.CPUSeconds)
		up := (at - r.Started).Seconds()
		b.law(svc.CPULimit == 0 || r.CPUSeconds <= svc.CPULimit*up+rounding, "%g s in %g s under a limit of %g", r.CPUSeconds, up, svc.CPULimit)
		b.law(r.Throttled <= up+rounding && r.GCSeconds <= up+1, "throttled for %g, collected for %g of %g s", r.Throttled, r.GCSeconds, up)
		b.law(svc.Workers == 0 || r.Active <= svc.Workers, "%d requests of %d workers", r.Active, svc.Workers)
		b.law(r.Waiting == 0 || r.Active == svc.Workers, "%d wait while %d of %d workers are busy", r.Waiting, r.Active, svc.Workers)
		b.law(svc.MemoryMiB == 0 || r.MemoryMiB <= svc.MemoryMiB, "%g of %g MiB", r.MemoryMiB, svc.MemoryMiB)
		for p := range r.PoolUsed {
			b.law(r.PoolUsed[p] >= 0 && r.PoolUsed[p] <= svc.Pools[p].Size, "%d of %d connections", r.PoolUsed[p], svc.Pools[p].Size)
			b.law(r.PoolWaiting[p] == 0 || r.PoolUsed[p] == svc.Pools[p].Size, "%d calls wait while %d connections are in use", r.PoolWaiting[p], r.PoolUsed[p])
		}
	}
	b.at, b.hosts = at, append(b.hosts[:0], hosts...)
}

// No application and no fault breaks what holds for all of them.
func TestLaws(t *testing.T) {
	for seed := range uint64(300) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 1))
			app := randomApp(rng)
			b := &bounds{t: t, app: app}
			stats, err := Run(t.Context(), app, Config{
				Seed: seed, Duration: 10 * time.Second, SampleEvery: 100 * time.Millisecond,
				Faults: randomFaults(rng, app), MaxInFlight: 200,
			}, b)
			require.NoError(t, err)
			require.Equal(t, 10*time.Second, b.at)
			require.Positive(t, stats.Events)
		})
	}
}
