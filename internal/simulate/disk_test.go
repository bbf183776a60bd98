package simulate

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// readers are two services on one host that read for 100 ms each, called at the
// same time. The disk does rate seconds of work per second.
func readers(rate float64) *App {
	t := tree{}
	front := t.service(Service{Hosts: []int{t.host(8)}})
	h := t.host(8)
	t.app.Hosts[h].DiskRate = rate
	var calls []Call
	for range 2 {
		svc := t.service(Service{Hosts: []int{h}})
		calls = append(calls, to(t.rpc(RPC{Service: svc, CPU: ms(2), Disk: ms(100)})))
	}
	t.entry(t.rpc(RPC{Service: front, Steps: []Step{{Calls: calls}}}), 0.1)
	return &t.app
}

// The disk serves one at a time, after the work before it.
func TestDiskIsFirstComeFirstServed(t *testing.T) {
	r := play(t, readers(1), Config{Seed: 1, Duration: time.Minute, SampleEvery: time.Minute})
	assert.InDelta(t, 102, r.first(Server, 1)[0], 1e-5)
	assert.InDelta(t, 202, r.first(Server, 2)[0], 1e-5)
	n := float64(len(r.answers))
	last := r.states[0]
	for i := 1; i <= 2; i++ {
		assert.InDelta(t, n*0.1, last.replicas[i].DiskSeconds, 1e-6)
		assert.Equal(t, n, last.replicas[i].DiskOps)
	}
	assert.InDelta(t, n*0.2, last.hosts[1].DiskSeconds, 1e-6)
	assert.Zero(t, last.hosts[0].DiskSeconds)

	r = play(t, readers(2), Config{Seed: 1, Duration: time.Minute})
	assert.InDelta(t, 52, r.first(Server, 1)[0], 1e-5)
	assert.InDelta(t, 102, r.first(Server, 2)[0], 1e-5)
}

// Another writer slows what is being read from the time when it begins, and keeps
// the disk busy while nobody reads.
func TestDiskContentionInFlight(t *testing.T) {
	app := readers(1)
	start := play(t, app, Config{Seed: 1, Duration: time.Minute}).answers[0].start
	f := Fault{Kind: DiskContention, Service: 1, Replica: -1, Size: 0.75, Start: start + 52*time.Millisecond, End: start + 92*time.Millisecond}
	r := play(t, app, Config{Seed: 1, Duration: time.Minute, Faults: []Fault{f}})
	// 2 ms, 50 ms that do 50, 40 ms that do 10, 40 ms; then the other one's 100 ms.
	assert.InDelta(t, 132, r.first(Server, 1)[0], 1e-5)
	assert.InDelta(t, 232, r.first(Server, 2)[0], 1e-5)

	f.Start, f.End = 0, time.Hour
	r = play(t, app, Config{Seed: 1, Duration: time.Minute, SampleEvery: time.Minute, Faults: []Fault{f}})
	require.NotEmpty(t, r.answers)
	n := float64(len(r.answers))
	// Each time 400 ms for the first, 100 ms for the second, and three quarters of the
	// rest; the last time may not have ended.
	served := 0.5*n + 0.75*(60-0.5*n)
	assert.InDelta(t, served, r.states[0].hosts[1].DiskSeconds, 0.25*0.5)
	assert.GreaterOrEqual(t, r.states[0].replicas[1].DiskSeconds, 0.4*n-1e-6)
	assert.LessOrEqual(t, r.states[0].replicas[1].DiskSeconds, 0.4*(n+1)+1e-6)
}
