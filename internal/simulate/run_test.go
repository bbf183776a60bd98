package simulate

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Beyond the bound requests fail at once and nobody serves them.
func TestMaxInFlight(t *testing.T) {
	app := station{cores: 1, workers: 1, cpu: Dist{Mean: 1}, lambda: 100}.app()
	r := play(t, app, Config{Seed: 1, Duration: 10 * time.Second, MaxInFlight: 5, SampleEvery: time.Second})
	refused := 0
	for _, a := range r.answers {
		if a.failed {
			refused++
			assert.Equal(t, a.start, a.end)
		}
	}
	assert.Equal(t, refused, r.stats.Refused)
	served := len(r.answers) - refused
	assert.Equal(t, 9, served, "one per second, but for the time until the first came")
	assert.Equal(t, r.stats.Requests, refused+served+5)
	for _, s := range r.states {
		assert.LessOrEqual(t, s.replicas[0].Active+s.replicas[0].Waiting, 5)
	}
}

// A run ends when its context does, and says so.
func TestContextEnds(t *testing.T) {
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	n := 0
	sink := probe{func() {
		if n++; n == 3 {
			cancel(why)
		}
	}}
	stats, err := Run(ctx, chain(5, 100), Config{Duration: time.Hour, SampleEvery: time.Second}, sink)
	require.ErrorIs(t, err, why)
	assert.Positive(t, stats.Events)
	assert.Less(t, n, 20)
}

// Samples come at equal times, with every replica and host, and counters only grow.
func TestSamples(t *testing.T) {
	app := newShop()
	r := play(t, app.App, Config{Seed: 1, Duration: time.Minute, SampleEvery: 5 * time.Second})
	require.Len(t, r.states, 12)
	for i, s := range r.states {
		assert.Equal(t, time.Duration(i+1)*5*time.Second, s.at)
		require.Len(t, s.hosts, len(app.Hosts))
		require.Len(t, s.replicas, 8)
		if i == 0 {
			continue
		}
		for j, now := range s.replicas {
			was := r.states[i-1].replicas[j]
			assert.True(t, now.Up)
			assert.Equal(t, was.Service, now.Service)
			assert.Greater(t, now.CPUSeconds, was.CPUSeconds)
			assert.GreaterOrEqual(t, now.DiskSeconds, was.DiskSeconds)
			assert.GreaterOrEqual(t, now.DiskOps, was.DiskOps)
			assert.GreaterOrEqual(t, now.GCCount, was.GCCount)
			assert.GreaterOrEqual(t, now.SentMiB, was.SentMiB)
			assert.Len(t, now.PoolAcquired, len(app.Services[now.Service].Pools))
			for k := range now.PoolAcquired {
				assert.Greater(t, now.PoolAcquired[k], was.PoolAcquired[k])
			}
			// Each replica has a host of its own here.
			assert.InDelta(t, now.CPUSeconds, s.hosts[now.Host].CPUSeconds, 1e-9)
			assert.InDelta(t, now.DiskSeconds, s.hosts[now.Host].DiskSeconds, 1e-9)
			assert.Equal(t, now.MemoryMiB+hostMiB, s.hosts[now.Host].MemoryMiB)
			assert.Equal(t, now.SentMiB, s.hosts[now.Host].SentMiB)
		}
	}
}

// Samples do not change what happens.
func TestSamplesAreSilent(t *testing.T) {
	app := newShop()
	without := play(t, app.App, Config{Seed: 1, Duration: time.Minute})
	with := play(t, app.App, Config{Seed: 1, Duration: time.Minute, SampleEvery: 100 * time.Millisecond})
	assert.Equal(t, without.answers, with.answers)
	assert.Equal(t, without.spans, with.spans)
}

// Requests are shared out evenly: half of n to each of two, of the standard
// deviation √n/2; and what serves a request has nothing to do with what served its
// caller.
func TestBalance(t *testing.T) {
	app := newShop()
	r := play(t, app.App, Config{Seed: 1, Duration: 2 * time.Minute})
	served := map[[16]byte]int{}
	for _, s := range r.of(Server, app.front) {
		served[s.Trace] = s.Replica
	}
	var pairs [2][2]int
	for _, s := range r.of(Server, app.cart) {
		if f, ok := served[s.Trace]; ok {
			pairs[f][s.Replica]++
		}
	}
	n := float64(len(served))
	for _, row := range pairs { // a quarter each: √(3n/16)
		for _, v := range row {
			assert.InDelta(t, n/4, v, 5*0.44*69)
		}
	}
	assert.Greater(t, n, 4500.0)
}
