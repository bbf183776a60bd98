package ingest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/window"
)

func TestWindowsCloseByWatermark(t *testing.T) {
	r := newRig(t, testConfig())
	r.Start()
	r.Traces(batchOf(t, root(1, 1*time.Second)), now())
	r.Traces(batchOf(t, root(2, 14*time.Second)), now()) // 4 s after the end of the first window
	r.Traces(batchOf(t, root(3, 9*time.Second)), now())  // out of order, in time
	r.Traces(batchOf(t, root(4, 15*time.Second)), now()) // closes it
	r.Traces(batchOf(t, root(5, 9*time.Second)), now())  // late
	snaps := r.end()
	require.Equal(t, []int{0, 10}, starts(snaps))
	assert.Equal(t, snaps[0].Start+int64(10*time.Second), snaps[0].End)
	assert.InDelta(t, 2, snaps[0].RPCs[0].Count, 0)
	assert.InDelta(t, 2, snaps[1].RPCs[0].Count, 0)
	assert.Equal(t, map[string]int{"late": 1}, r.spans)
	assert.Equal(t, 5, r.used)
}

func TestJumpsInTimeMakeNoWindows(t *testing.T) {
	r := newRig(t, testConfig())
	r.Traces(batchOf(t, root(1, time.Second)), now())
	r.Traces(batchOf(t, root(2, time.Hour+time.Second)), now())
	r.Metrics(gaugeOf(t, attrs{"service.name": "web"}, "process.memory.usage", 2*time.Hour, 1), now())
	assert.Equal(t, []int{0, 3600, 7200}, starts(r.end()))
}

func TestOldSpansOpenNoWindows(t *testing.T) {
	r := newRig(t, testConfig())
	r.Traces(batchOf(t, root(1, time.Hour)), now())
	for k := range 100 { // one in each of the windows before
		r.Traces(batchOf(t, root(uint64(k+2), time.Hour-time.Duration(k+2)*10*time.Second)), now())
		r.Metrics(gaugeOf(t, attrs{"service.name": "web"}, "process.memory.usage", time.Hour-time.Duration(k+2)*10*time.Second, 1), now())
	}
	assert.Equal(t, []int{3600}, starts(r.end()))
	assert.Equal(t, 100, r.spans["late"])
	assert.Equal(t, 100, r.lost["late"])
}

func TestMetricsAloneCloseWindows(t *testing.T) {
	r := newRig(t, testConfig())
	r.Start()
	for k := range 4 {
		r.Metrics(gaugeOf(t, attrs{"service.name": "web"}, "process.memory.usage", time.Duration(k)*10*time.Second, float64(k)), now())
	}
	snaps := r.end()
	require.Equal(t, []int{0, 10, 20, 30}, starts(snaps))
	for k, s := range snaps {
		v, ok := valueOf(t, s, "process.memory.usage")
		assert.True(t, ok)
		assert.InDelta(t, float64(k), v, 0)
		assert.Empty(t, s.RPCs)
	}
	assert.Equal(t, 4, r.points)
}

func TestSpansAndMetricsShareAWindow(t *testing.T) {
	for name, c := range map[string]struct {
		silent time.Duration // of spans, by the wall clock
		late   int
	}{
		"while spans come, event time is theirs": {0, 0},
		"where they are silent, that of metrics": {time.Minute, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, testConfig())
			r.Traces(batchOf(t, root(1, time.Second)), now())
			wall := now().Add(c.silent)
			r.Metrics(gaugeOf(t, attrs{"service.name": "web"}, "process.memory.usage", 30*time.Second, 7), wall)
			r.Metrics(gaugeOf(t, attrs{"service.name": "web", "host.name": "other"}, "process.memory.usage", time.Second, 7), wall)
			snaps := r.end()
			require.Equal(t, []int{0, 30}, starts(snaps))
			assert.Len(t, snaps[0].Resources, 1-c.late)
			assert.Equal(t, c.late, r.lost["late"])
		})
	}
}

// Who sends an hour of metrics, and then the spans of that hour, loses nothing.
func TestMetricsSentFirst(t *testing.T) {
	const windows = 360
	cfg := testConfig()
	cfg.MaxPending = windows
	r := newRig(t, cfg)
	for k := range windows {
		r.Metrics(gaugeOf(t, attrs{"service.name": "web"}, "process.memory.usage", time.Duration(10*k+1)*time.Second, 7), now())
	}
	for k := range windows {
		r.Traces(batchOf(t, root(uint64(k+1), time.Duration(10*k+1)*time.Second)), now())
	}
	snaps := r.end()
	require.Len(t, snaps, windows)
	for k, s := range snaps {
		require.Len(t, s.RPCs, 1, "window %d", k)
		require.Len(t, s.Resources, 1, "window %d", k)
	}
	assert.Empty(t, r.spans)
	assert.Empty(t, r.lost)
}

// How far metrics may be ahead is bounded by what that holds.
func TestBehind(t *testing.T) {
	for streams, want := range map[int]time.Duration{0: 1000, 1: 1000, 1 << 8: 16, 1 << 10: 4} {
		cfg := testConfig()
		cfg.Limits.MetricStreams = 1 << 10
		r := newRig(t, cfg)
		for n := range streams {
			require.Equal(t, window.MetricUsed, r.metrics.folder.Add(&window.Point{Stream: uint64(n + 1), Hash: uint64(n+1) * 0x9e3779b97f4a7c15, Time: 1, Value: 1}))
		}
		assert.Equal(t, int64(want*cfg.Window), r.behind(now().UnixNano()), "%d streams", streams)
	}
}

func TestIdle(t *testing.T) {
	r := newRig(t, testConfig())
	wall := at(0)
	r.Idle(wall) // before anything
	r.Traces(batchOf(t, root(1, time.Second)), wall)
	r.Idle(wall.Add(14 * time.Second))
	r.Traces(batchOf(t, root(2, 2*time.Second)), wall.Add(14*time.Second)) // still open
	r.Idle(wall.Add(28 * time.Second))
	r.Idle(wall.Add(29 * time.Second)) // a window and the lateness after the last
	r.Idle(wall.Add(60 * time.Second))
	r.Traces(batchOf(t, root(3, 3*time.Second)), wall.Add(60*time.Second))
	snaps := r.end()
	require.Equal(t, []int{0}, starts(snaps))
	assert.InDelta(t, 2, snaps[0].RPCs[0].Count, 0)
	assert.Equal(t, 1, r.spans["late"])
}

func TestFlush(t *testing.T) {
	r := newRig(t, testConfig())
	r.Flush()
	r.Traces(batchOf(t, root(1, time.Second)), now())
	r.Flush()
	r.Flush()
	r.Traces(batchOf(t, root(2, 11*time.Second)), now()) // goes on in the next window
	assert.Equal(t, []int{0, 10}, starts(r.end()))
}

func TestAFullQueueRefusesWindows(t *testing.T) {
	cfg := testConfig()
	cfg.MaxPending = 2
	r := newRig(t, cfg) // nobody takes them before Close
	for k := range 5 {
		r.Traces(batchOf(t, root(uint64(k+1), time.Duration(k)*time.Minute)), now())
	}
	assert.Equal(t, []int{0, 60, 240}, starts(r.end()), "the last was still open")
	assert.Equal(t, 2, r.windows)
}

func TestClose(t *testing.T) {
	for _, start := range []bool{false, true} {
		r := newRig(t, testConfig())
		if start {
			r.Start()
		}
		r.Traces(batchOf(t, root(1, time.Second)), now())
		require.NoError(t, r.Close(t.Context()))
		require.NoError(t, r.Close(t.Context()), "twice")
		r.Start() // too late
		r.Traces(batchOf(t, root(2, time.Minute)), now())
		r.Metrics(gaugeOf(t, attrs{"service.name": "web"}, "process.memory.usage", time.Minute, 1), now())
		r.Idle(now())
		r.Flush()
		assert.Equal(t, []int{0}, starts(r.snaps))
		assert.Equal(t, 1, r.used)
		assert.Zero(t, r.points)
	}
}

func TestClose_honoursItsContext(t *testing.T) {
	gate, done := make(chan struct{}), make(chan struct{})
	i, err := New(testConfig(), newCounter(), func(*window.Snapshot) bool {
		<-gate
		close(done)
		return true
	})
	require.NoError(t, err)
	i.Start()
	i.Traces(batchOf(t, root(1, time.Second)), now())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, i.Close(ctx), context.Canceled)
	close(gate)
	<-done
	require.NoError(t, i.Close(t.Context()))
}

func TestConcurrentUse(t *testing.T) {
	r := newRig(t, testConfig())
	r.Start()
	var wg sync.WaitGroup
	const senders, each = 4, 200
	for w := range senders {
		wg.Go(func() {
			for k := range each {
				r.Traces(batchOf(t, root(uint64(w*each+k+1), time.Duration(k)*100*time.Millisecond)), now())
				r.Metrics(gaugeOf(t, attrs{"service.name": "web"}, "process.memory.usage", time.Duration(k)*100*time.Millisecond, 1), now())
				if k%50 == 0 {
					r.Idle(now())
				}
			}
		})
	}
	wg.Wait()
	total := 0.0
	for _, s := range r.end() {
		for _, rpc := range s.RPCs {
			total += rpc.Count
		}
	}
	assert.Equal(t, senders*each, r.used)
	assert.InDelta(t, senders*each, total+float64(r.spans["late"]), 0, "every request is in a window or late")
}

// A replica is where its latest request was, whatever its resource said before.
func TestWindows_sayWhereReplicasRun(t *testing.T) {
	r := newRig(t, testConfig())
	on := func(node, instance string, trace uint64, end time.Duration) sp {
		s := root(trace, end)
		s.resource = attrs{"service.instance.id": instance, "k8s.node.name": node}
		return s
	}
	r.Traces(batchOf(t, on("node-1", "a", 1, 2*time.Second), on("node-2", "a", 2, 4*time.Second), on("node-2", "b", 3, time.Second), root(4, time.Second)), now())
	r.Traces(batchOf(t, on("node-1", "a", 5, 12*time.Second)), now())
	var got []map[string]string
	for _, s := range r.end() {
		hosts := map[string]string{}
		for _, in := range s.RPCs[0].Instances {
			hosts[in.ID] = in.Host
		}
		got = append(got, hosts)
	}
	assert.Equal(t, []map[string]string{{"": "", "a": "node-2", "b": "node-2"}, {"a": "node-1"}}, got)
}

// What listens at one address is as many services as ports. However often a connection
// is made, it adds none: its own port is that of the caller.
func TestWindows_servicesOfOneAddress(t *testing.T) {
	r := newRig(t, testConfig())
	for k := range 100 {
		trace := uint64(k + 1)
		served := root(trace, time.Second)
		served.attrs = attrs{"server.port": 8080, "network.peer.address": "127.0.0.1", "network.peer.port": 40000 + k, "client.port": 40000 + k}
		called := served
		called.id, called.parent, called.kind, called.name = 2, 1, ptrace.SpanKindClient, "GET"
		called.attrs = attrs{"server.address": "127.0.0.1", "server.port": 8083 + k%2, "network.local.port": 50000 + k}
		r.Traces(batchOf(t, served, called), now())
	}
	snaps := r.end()
	require.Len(t, snaps, 1)
	require.Len(t, snaps[0].RPCs, 1)
	var names []string
	for _, e := range snaps[0].Edges {
		names = append(names, e.Key.Callee.Service.Name)
		assert.InDelta(t, 50, e.Count, 0)
	}
	assert.Equal(t, []string{"127.0.0.1:8083", "127.0.0.1:8084"}, names)
}
