package apps

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/simulate"
)

func TestVisits(t *testing.T) {
	app := tiny()
	root := app.Entries[0].RPC
	//                            SELECT GET Do jobs page collect
	assert.InDeltaSlice(t, []float64{0.25, 1, 1, 1, 1, 0}, visitsOf(app, root, true), 1e-12)
	assert.InDeltaSlice(t, []float64{0.25, 1, 1, 0, 1, 0}, visitsOf(app, root, false), 1e-12)
}

func TestDemand(t *testing.T) {
	app := tiny()
	d := demandOf(app) // 10 pages/s, 5 jobs/s
	assert.InDelta(t, 10*2e-3, d[0].cpu, 1e-12, "front")
	assert.InDelta(t, 10*4e-3, d[1].cpu, 1e-12, "back: twice in half of the requests")
	assert.InDelta(t, (10+5)*2e-3, d[2].cpu, 1e-12, "worker: messages and jobs")
	assert.InDelta(t, 10*0.25*1e-3, d[4].cpu, 1e-12, "db")
	assert.InDelta(t, 10*0.25*2e-3, d[4].disk, 1e-12, "db")
	assert.InDelta(t, 10.0, d[0].alloc, 1e-12, "MiB/s")
}

func TestReach(t *testing.T) {
	r := newReach(tiny())
	assert.InDeltaSlice(t, []float64{1, 1, 0, 1, 0.25, 0}, r.services, 1e-12)
	assert.True(t, r.on(0))
	assert.False(t, r.on(2), "nobody waits for the worker")
	assert.False(t, r.on(4), "a quarter of the requests is too few")
	assert.Equal(t, []int{0}, r.callers(1))
	assert.Equal(t, []int{1, 3}, r.callees(0))
	assert.Empty(t, r.callers(0))
}

// Erlang's C: of one server it is its utilisation; of two with one busy on
// average it is 1/3. Then the wait is h/(c-a), less the evenness of the times.
func TestErlangWait(t *testing.T) {
	w := erlangWait(1, 0.5, 0.01)
	assert.InDelta(t, 0.5, w.probability, 1e-12)
	assert.InDelta(t, evenness*0.01/0.5, w.mean, 1e-12)
	w = erlangWait(2, 1, 0.01)
	assert.InDelta(t, 1.0/3, w.probability, 1e-12)
	assert.InDelta(t, evenness*0.01, w.mean, 1e-12)
	assert.Less(t, erlangWait(16, 1, 0.01).probability, 1e-9)
	assert.InDelta(t, 1, erlangWait(1, 5, 0.01).probability, 0.04, "a full queue")
	assert.True(t, math.IsInf(erlangWait(0, 1, 1).mean, 1))
}

func TestHostStretch(t *testing.T) {
	assert.InDelta(t, 1, hostStretch(4, 0, 0), 1e-12, "an empty host")
	assert.InDelta(t, 2, hostStretch(1, 0.5, 0), 2.01, "M/M/1 with processor sharing at 1/2")
	assert.InDelta(t, 2.5, hostStretch(4, 0, 9), 1e-12, "ten threads on four cores")
}

// The mean of a log-normal is exp(mu + sigma^2/2).
func TestLogNormal(t *testing.T) {
	l := newLogNormal(simulate.Dist{Mean: 0.004, CV: 0.5})
	assert.InEpsilon(t, 0.004, math.Exp(l.mu+l.sigma*l.sigma/2), 1e-12)
	w := walk{}
	assert.InDelta(t, 0.004, w.draw(newLogNormal(simulate.Dist{Mean: 0.004})), 1e-15)
	assert.Zero(t, w.draw(newLogNormal(simulate.Dist{})))
}

// Tail promises to be within a third of what a run shows. With 36 requests a
// second, 110 s hold 4000 of them, whose 99th percentile has a standard error of
// about 3 %; Tail's own draws have 5 %. So what is left is the error of the
// arithmetic.
func TestTail_isNearWhatARunShows(t *testing.T) {
	app := appOf(t, "chain")
	at := func(kind simulate.FaultKind, service int, size float64) simulate.Fault {
		f := blank(kind)
		f.Service, f.Size, f.End = service, size, 2*time.Minute
		return f
	}
	for name, f := range map[string]simulate.Fault{
		"healthy":     at(simulate.Deploy, 1, 0),
		"hogs":        at(simulate.CPUContention, 4, 20),
		"quota":       at(simulate.Throttling, 6, 0.12),
		"memory":      at(simulate.MemoryPressure, 3, 0.97),
		"disk":        at(simulate.DiskContention, 8, 0.9),
		"delay":       at(simulate.NetworkDelay, 2, 0.02),
		"loss":        at(simulate.PacketLoss, 2, 0.03),
		"regression":  at(simulate.Regression, 5, 0.05),
		"retry storm": at(simulate.RetryStorm, 5, 0.3),
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, app, 2*time.Minute, f).p99(10*time.Second, 2*time.Minute)
			assert.InEpsilon(t, got, Tail(app, f), 1.0/3)
		})
	}
}

func TestTail_growsWithEveryFault(t *testing.T) {
	app := appOf(t, "social")
	d := newDrawer(app, seeded(t))
	for _, kind := range faultKinds {
		for _, c := range d.candidates(kind) {
			f := c.fault
			f.Size = c.severe
			tail := Tail(app, f)
			// Draws differ where a fault adds some: a 99th percentile of 1500 has an error of 5 %.
			assert.Greater(t, tail, 0.9*d.healthy, "%s in %s", kind, ServiceName(app, f.Service))
		}
		require.NotEmpty(t, d.candidates(kind), kind)
	}
}
