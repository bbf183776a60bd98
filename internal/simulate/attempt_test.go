package simulate

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// calling is a service whose requests make one call, of constant work in
// milliseconds, to a service with as many cores as it needs. Without a network.
func calling(work, rate float64, edit func(front *Service, c *Call)) *App {
	t := tree{}
	front := Service{Hosts: []int{t.host(64)}}
	leaf := t.rpc(RPC{Service: t.service(Service{Hosts: []int{t.host(64)}}), CPU: ms(work)})
	c := to(leaf)
	edit(&front, &c)
	t.entry(t.rpc(RPC{Service: t.service(front), Steps: []Step{{Calls: []Call{c}}}}), rate)
	return &t.app
}

// The servers go on after their clients have given up, and the pause between tries
// doubles.
func TestTimeoutsAndRetries(t *testing.T) {
	app := calling(100, 0.1, func(_ *Service, c *Call) {
		c.Timeout, c.Retries, c.Backoff = 30*time.Millisecond, 2, 10*time.Millisecond
	})
	r := play(t, app, Config{Seed: 1, Duration: time.Minute})
	require.NotEmpty(t, r.answers)
	assert.True(t, r.answers[0].failed)
	assert.Equal(t, 120*time.Millisecond, r.answers[0].end-r.answers[0].start)
	begun := r.answers[0].start
	wantStart := []time.Duration{0, 40 * time.Millisecond, 90 * time.Millisecond}
	clients, servers := r.of(Client, 1), r.of(Server, 0)
	for i := range 3 {
		assert.Equal(t, wantStart[i], clients[i].Start-begun)
		assert.Equal(t, 30*time.Millisecond, clients[i].took())
		assert.Equal(t, "timeout", clients[i].ErrorType)
		assert.Equal(t, i, clients[i].Attempt)
		assert.Equal(t, clients[i].ID, servers[i].Parent)
		assert.Equal(t, wantStart[i], servers[i].Start-begun)
		assert.Equal(t, 100*time.Millisecond, servers[i].took())
		assert.False(t, servers[i].Failed)
	}
	assert.Equal(t, "internal", r.of(Server, 1)[0].ErrorType)
	assert.Len(t, clients, 3*len(r.answers), "no answer counts that comes late")
}

// A call that is in time is not tried again.
func TestInTime(t *testing.T) {
	app := calling(10, 1, func(_ *Service, c *Call) { c.Timeout, c.Retries = 30*time.Millisecond, 2 })
	r := play(t, app, Config{Seed: 1, Duration: time.Minute})
	assert.Len(t, r.of(Client, 1), len(r.answers))
	for _, a := range r.answers {
		assert.False(t, a.failed)
		assert.Equal(t, 10*time.Millisecond, a.end-a.start)
	}
}

// A storm refuses tries with probability p; each of them is one of up to five. The
// share of calls that need k retries is pᵏ(1−p), and p⁵ fail.
func TestRetryStorm(t *testing.T) {
	const p = 0.4
	app := calling(1, 100, func(_ *Service, c *Call) { c.Backoff = 20 * time.Millisecond })
	storm := Fault{Kind: RetryStorm, Service: 0, Replica: -1, Size: p, End: time.Hour}
	r := play(t, app, Config{Seed: 1, Duration: 100 * time.Second, Faults: []Fault{storm}})
	tries := map[[16]byte]int{}
	for _, s := range r.of(Client, 1) {
		tries[s.Trace]++
		assert.Equal(t, s.Failed, s.ErrorType == "unavailable")
		if s.Failed {
			assert.Zero(t, s.took())
		}
	}
	failed := 0.0
	counts := map[time.Duration]float64{}
	for _, a := range r.answers {
		if a.failed {
			failed++
			assert.Equal(t, 300*time.Millisecond, a.end-a.start)
			continue
		}
		counts[a.end-a.start]++
	}
	n := float64(len(r.answers))
	near := func(share, got float64) {
		assert.InDelta(t, share, got/n, 5*math.Sqrt(share*(1-share)/n))
	}
	near(math.Pow(p, 5), failed)
	for k, pause := range []time.Duration{0, 20, 60, 140, 300} {
		near(math.Pow(p, float64(k))*(1-p), counts[pause*time.Millisecond+time.Millisecond])
	}
	assert.Len(t, r.of(Server, 0), len(r.answers)-int(failed), "what is refused nobody serves")
}

// No more calls than connections are under way at any time, the others wait before
// their span; and the wait is in the counters.
func TestPoolLimits(t *testing.T) {
	app := calling(20, 200, func(front *Service, c *Call) {
		front.Pools, c.Pool = []Pool{{Size: 9}, {Size: 5}}, 1
	})
	squeeze := Fault{Kind: PoolExhaustion, Service: 1, Replica: -1, Pool: 1, Size: 2, Start: 40 * time.Second, End: 42 * time.Second}
	r := play(t, app, Config{Seed: 1, Duration: time.Minute, SampleEvery: 100 * time.Millisecond, Faults: []Fault{squeeze}})
	most := func(from, to time.Duration) int {
		var events eventHeap
		for _, s := range r.of(Client, 1) {
			if s.Start >= from && s.End <= to {
				events.push(s.End, evRetry, 0, 0) // ends before starts of the time
			}
		}
		for _, s := range r.of(Client, 1) {
			if s.Start >= from && s.End <= to {
				events.push(s.Start, evReply, 0, 0)
			}
		}
		now, high := 0, 0
		for len(events.events) > 0 {
			if e := events.pop(); e.kind() == evRetry {
				now--
			} else {
				now++
			}
			high = max(high, now)
		}
		return high
	}
	assert.Equal(t, 5, most(0, 40*time.Second))
	assert.Equal(t, 2, most(40*time.Second+20*time.Millisecond, 42*time.Second), "those that had a connection keep it")
	assert.Equal(t, 5, most(42*time.Second, time.Minute))

	waited := 0.0
	for _, a := range r.answers {
		waited += (a.end - a.start).Seconds() - 0.020
	}
	last := r.states[len(r.states)-1].replicas[1]
	assert.InDelta(t, waited, last.PoolWait[1], 0.5, "but for those that still wait")
	assert.InDelta(t, len(r.answers), last.PoolAcquired[1], 5)
	assert.Zero(t, last.PoolAcquired[0])
	for _, s := range r.states {
		f := s.replicas[1]
		assert.LessOrEqual(t, f.PoolUsed[1], 5)
		if lasts := s.at >= squeeze.Start && s.at < squeeze.End; lasts {
			assert.Equal(t, 5, f.PoolUsed[1], "the rest is lost")
		} else {
			assert.GreaterOrEqual(t, f.Active, f.PoolUsed[1]+f.PoolWaiting[1])
		}
		if f.PoolWaiting[1] > 0 {
			assert.Equal(t, 5, f.PoolUsed[1])
		}
	}
}

// A pool's connection is free again when its call has timed out.
func TestTimeoutFreesConnection(t *testing.T) {
	app := calling(1000, 5, func(front *Service, c *Call) {
		front.Pools, c.Pool, c.Timeout = []Pool{{Size: 1}}, 0, 10*time.Millisecond
	})
	r := play(t, app, Config{Seed: 1, Duration: time.Minute, SampleEvery: time.Minute})
	for _, a := range r.answers {
		assert.Less(t, a.end-a.start, 100*time.Millisecond)
	}
	assert.LessOrEqual(t, r.states[0].replicas[1].PoolUsed[0], 1)
}

// A refusal is there and back on the network.
func TestRefusalTravels(t *testing.T) {
	app := pair(Link{Delay: ms(3)}, 1, false)
	storm := Fault{Kind: RetryStorm, Service: 1, Replica: -1, Size: 1, End: time.Hour}
	r := play(t, app, Config{Seed: 1, Duration: time.Minute, Faults: []Fault{storm}})
	clients := r.of(Client, 0)
	assert.Len(t, clients, 5*len(r.answers))
	for _, s := range clients {
		assert.Equal(t, 6*time.Millisecond, s.took())
	}
}
