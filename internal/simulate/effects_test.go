package simulate

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	faultStart = 60 * time.Second
	faultEnd   = 120 * time.Second
)

// withFault plays the shop with a fault from faultStart to faultEnd, and its twin
// without.
func withFault(t *testing.T, app shop, f Fault) (r, twin *record) {
	f.Start, f.End = faultStart, faultEnd
	cfg := Config{Seed: 11, Duration: 180 * time.Second, SampleEvery: time.Second}
	twin = play(t, app.App, cfg)
	cfg.Faults = []Fault{f}
	return play(t, app.App, cfg), twin
}

// Each fault raises the tail that the user sees, while it lasts and not otherwise,
// and moves what an operator would look at, where there is something.
func TestFaultsHurt(t *testing.T) {
	app := newShop()
	grew := func(field func(s ReplicaState) float64, service int, factor float64) func(*testing.T, *record, *record) {
		return func(t *testing.T, r, twin *record) {
			growth := func(r *record) (sum float64) {
				for i, s := range r.states[60].replicas { // at 61 s
					if s.Service == service {
						sum += field(r.states[118].replicas[i]) - field(s)
					}
				}
				return sum
			}
			assert.GreaterOrEqual(t, growth(r), factor*growth(twin))
			assert.Positive(t, growth(r))
		}
	}
	tests := map[string]struct {
		fault Fault
		moves func(t *testing.T, r, twin *record)
	}{
		"cpu":       {Fault{Kind: CPUContention, Service: app.cart, Replica: -1, Size: 20}, grew(func(s ReplicaState) float64 { return s.Hogged }, app.cart, 1)},
		"host":      {Fault{Kind: HostContention, Host: 0, Size: 40}, nil},
		"throttled": {Fault{Kind: Throttling, Service: app.cart, Replica: -1, Size: 0.15}, grew(func(s ReplicaState) float64 { return s.Throttled }, app.cart, 2)},
		"memory":    {Fault{Kind: MemoryPressure, Service: app.front, Replica: -1, Size: 0.95}, grew(func(s ReplicaState) float64 { return s.PageFaults }, app.front, 1)},
		"garbage":   {Fault{Kind: MemoryPressure, Service: app.front, Replica: -1, Size: 0.95}, grew(func(s ReplicaState) float64 { return s.GCSeconds }, app.front, 4)},
		"disk":      {Fault{Kind: DiskContention, Service: app.store, Replica: -1, Size: 0.85}, grew(func(s ReplicaState) float64 { return s.DiskSeconds }, app.store, 4)},
		"delay":     {Fault{Kind: NetworkDelay, Service: app.cart, Replica: -1, Size: 0.010}, nil},
		"loss":      {Fault{Kind: PacketLoss, Service: app.cart, Replica: -1, Size: 0.03}, grew(func(s ReplicaState) float64 { return s.Retransmits }, app.cart, 1)},
		"slow":      {Fault{Kind: SlowDependency, Service: app.store, Replica: -1, Size: 8}, nil},
		"pool": {Fault{Kind: PoolExhaustion, Service: app.cart, Replica: -1, Pool: 0, Size: 1}, func(t *testing.T, r, twin *record) {
			grew(func(s ReplicaState) float64 { return s.PoolWait[0] }, app.cart, 10)(t, r, twin)
		}},
		"lock":    {Fault{Kind: Regression, Service: app.cart, Replica: -1, Size: 0.030}, nil},
		"replica": {Fault{Kind: BadReplica, Service: app.cart, Replica: 1, Size: 0.030}, nil},
		"surge":   {Fault{Kind: TrafficSurge, Entry: 0, Size: 8}, grew(func(s ReplicaState) float64 { return s.SentMiB }, app.front, 7)},
		"storm":   {Fault{Kind: RetryStorm, Service: app.cart, Replica: -1, Size: 0.5}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r, twin := withFault(t, app, tt.fault)
			tail := func(r *record, from, to time.Duration) float64 { return quantile(r.latencies(0, from, to), 0.95) }
			factor := 1.5
			if tt.fault.Kind == PoolExhaustion {
				factor = 1.05 // one connection of each replica is in use for 17 % of the time
			}
			assert.Greater(t, tail(r, faultStart, faultEnd), factor*tail(twin, faultStart, faultEnd))
			assert.Equal(t, tail(twin, 0, faultStart-time.Second), tail(r, 0, faultStart-time.Second))
			// A backlog is worked off within seconds.
			after := faultEnd + 10*time.Second
			assert.InEpsilon(t, tail(twin, after, never), tail(r, after, never), 0.05)
			if tt.moves != nil {
				tt.moves(t, r, twin)
			}
		})
	}
}

// The median suffers from a cache without hits, as then all requests read twice.
func TestCacheCollapseHurts(t *testing.T) {
	app := newShop()
	r, twin := withFault(t, app, Fault{Kind: CacheCollapse, Service: app.cache, Replica: -1, Size: 0.05})
	median := func(r *record) float64 { return quantile(r.latencies(0, faultStart, faultEnd), 0.5) }
	assert.Greater(t, median(r), 1.25*median(twin))
}

// A lock moves no counter of its service but those that count how much it serves.
func TestRegressionIsLatent(t *testing.T) {
	app := newShop()
	r, twin := withFault(t, app, Fault{Kind: Regression, Service: app.cart, Replica: -1, Size: 0.030})
	for i, s := range r.states[170].replicas {
		w := twin.states[170].replicas[i]
		if s.Service != app.cart {
			continue
		}
		// But for the requests that are half served at either time: a few of 40 per
		// second in 171 s.
		assert.InEpsilon(t, w.CPUSeconds, s.CPUSeconds, 0.005)
		assert.InEpsilon(t, w.SentMiB, s.SentMiB, 0.005)
		assert.Equal(t, w.Retransmits, s.Retransmits)
		assert.Equal(t, w.PageFaults, s.PageFaults)
	}
}

// One replica of two is slow: the requests that it serves are, and no others.
func TestBadReplicaAlone(t *testing.T) {
	app := newShop()
	r, _ := withFault(t, app, Fault{Kind: BadReplica, Service: app.cart, Replica: 1, Size: 0.030})
	served := [2]int{}
	for _, s := range r.of(Server, app.cart) {
		if s.Start >= faultStart && s.End < faultEnd {
			served[s.Replica]++
			assert.Equal(t, s.Replica == 1, s.took() > 30*time.Millisecond)
		}
	}
	// Half of 2400 each, of the standard deviation √(2400)/2.
	assert.InDelta(t, served[0], served[1], 5*49)
}

// Decoys do no harm to the entry that is watched.
func TestDecoysDoNotHurt(t *testing.T) {
	app := newShop()
	t.Run("a deploy and a gap change no span", func(t *testing.T) {
		for _, kind := range []FaultKind{Deploy, MetricGap} {
			r, twin := withFault(t, app, Fault{Kind: kind, Service: app.cart, Replica: -1})
			for i := range r.spans {
				r.spans[i].Deploys = 0
			}
			assert.Equal(t, twin.answers, r.answers)
			require.Len(t, r.spans, len(twin.spans))
			for i := range r.spans {
				if r.spans[i] != twin.spans[i] {
					assert.Equal(t, twin.spans[i], r.spans[i])
				}
			}
		}
	})
	t.Run("hogs off the path", func(t *testing.T) {
		r, twin := withFault(t, app, Fault{Kind: OffPath, Service: app.lonely, Replica: -1, Size: 8})
		assert.Equal(t, twin.latencies(0, 0, never), r.latencies(0, 0, never))
		assert.Greater(t, mean(r.latencies(1, faultStart, faultEnd)), 4*mean(twin.latencies(1, faultStart, faultEnd)))
	})
	t.Run("a consumer that nobody waits for", func(t *testing.T) {
		r, twin := withFault(t, app, Fault{Kind: CPUContention, Service: app.mail, Replica: -1, Size: 4})
		assert.Equal(t, twin.latencies(0, 0, never), r.latencies(0, 0, never))
	})
	t.Run("restarts", func(t *testing.T) {
		r, twin := withFault(t, app, Fault{Kind: Restart, Service: app.cart, Replica: -1, Size: 5})
		a, b := r.latencies(0, faultStart, faultEnd), twin.latencies(0, faultStart, faultEnd)
		assert.InEpsilon(t, quantile(b, 0.95), quantile(a, 0.95), 0.05)
		for _, s := range r.answers {
			assert.False(t, s.failed)
		}
	})
}

// A restart takes one replica after the other out, and its counters begin anew.
func TestRestart(t *testing.T) {
	app := newShop()
	r, _ := withFault(t, app, Fault{Kind: Restart, Service: app.cart, Replica: -1, Size: 5})
	first := 2 // replicas of front come before those of cart
	for _, s := range r.states {
		at := s.at - faultStart
		for i := range 2 {
			down := at >= time.Duration(5*i)*time.Second && at < time.Duration(5*i+5)*time.Second
			assert.Equal(t, !down, s.replicas[first+i].Up, "replica %d at %s", i, s.at)
			if at >= time.Duration(5*i+5)*time.Second {
				assert.Equal(t, faultStart+time.Duration(5*i+5)*time.Second, s.replicas[first+i].Started)
			}
		}
	}
	fresh := r.states[64].replicas[first]
	assert.Less(t, fresh.CPUSeconds, 0.01)
	assert.Less(t, fresh.SentMiB, 0.01)
	assert.Less(t, fresh.PoolAcquired[0], 5.0)
	for _, s := range r.of(Server, app.cart) {
		// What was there when it went is served to its end.
		if at := s.Start - faultStart; at >= 0 && at < 10*time.Second {
			assert.Equal(t, at < 5*time.Second, s.Replica == 1, "at %s", s.Start)
		}
	}

	// An only replica is replaced without a gap.
	r, twin := withFault(t, app, Fault{Kind: Restart, Service: app.store, Replica: -1, Size: 5})
	assert.Equal(t, twin.answers, r.answers)
	for _, s := range r.states {
		assert.True(t, s.replicas[4].Up)
	}
	assert.Equal(t, faultStart+5*time.Second, r.states[100].replicas[4].Started)
}

// A deploy changes the version, and counters begin anew.
func TestDeploy(t *testing.T) {
	app := newShop()
	r, _ := withFault(t, app, Fault{Kind: Deploy, Service: app.cart, Replica: -1})
	for _, s := range r.spans {
		want := 0
		if s.Service == app.cart && s.End >= faultStart {
			want = 1
		}
		if want != s.Deploys {
			assert.Equal(t, want, s.Deploys)
		}
	}
	assert.Equal(t, 0, r.states[58].replicas[2].Deploys)
	assert.Equal(t, 1, r.states[170].replicas[2].Deploys)
	assert.Equal(t, faultStart, r.states[170].replicas[2].Started)
}

// A service in a gap is not in the samples; its host is.
func TestMetricGap(t *testing.T) {
	app := newShop()
	r, twin := withFault(t, app, Fault{Kind: MetricGap, Service: app.cart, Replica: -1})
	for i, s := range r.states {
		want := len(twin.states[i].replicas)
		if s.at >= faultStart && s.at < faultEnd {
			want -= 2
		}
		assert.Len(t, s.replicas, want)
		assert.Equal(t, twin.states[i].hosts, s.hosts)
	}
	assert.Equal(t, twin.states[170], r.states[170])
}

// Restarts do not outlast their fault.
func TestRestartEnds(t *testing.T) {
	app := newShop()
	r, _ := withFault(t, app, Fault{Kind: Restart, Service: app.cart, Replica: -1, Size: 50})
	assert.False(t, r.states[108].replicas[2].Up)
	assert.True(t, r.states[110].replicas[2].Up)
	assert.False(t, r.states[118].replicas[3].Up)
	assert.True(t, r.states[120].replicas[3].Up)
}

// Faults of one service at the same time add up, and each ends for itself.
func TestFaultsAddUp(t *testing.T) {
	app := pair(Link{}, 5, false)
	at := func(k FaultKind, size float64, start, end time.Duration) Fault {
		return Fault{Kind: k, Service: 1, Replica: -1, Size: size, Start: start * time.Second, End: end * time.Second}
	}
	r := play(t, app, Config{Seed: 1, Duration: 60 * time.Second, Faults: []Fault{
		at(NetworkDelay, 0.010, 0, 40), at(Blip, 0.020, 20, 60), at(Regression, 0.100, 20, 40),
	}})
	for _, a := range r.answers {
		want := 12 * time.Millisecond
		switch {
		case a.start >= 40*time.Second:
			want = 22 * time.Millisecond
		case a.start >= 20*time.Second:
			want = 132 * time.Millisecond
		}
		edge := a.start % (20 * time.Second)
		if edge > 19*time.Second { // may meet both
			continue
		}
		assert.Equal(t, want, a.end-a.start)
	}
}
