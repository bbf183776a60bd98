package rca

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// back is slow, and mid, which waits for it, has no connection left for who comes next: of
// mid's requests some wait, and some do not.
func TestDiagnose_held(t *testing.T) {
	spread := []float64{0.001, 0.010, 0.080, 0.090, 0.100, 0.150}
	all := []float64{0.080, 0.081, 0.082, 0.083, 0.084}
	throttled := feature.Key{Kind: feature.Metric, Service: svc("mid"), Name: "container.cpu.throttled"}
	pending := feature.Key{Kind: feature.Metric, Service: svc("mid"), Name: "db.client.connection.pending_requests"}
	for name, c := range map[string]struct {
		back     float64 // own time of back, s
		mid      []float64
		change   func(*world)
		base     func(*world)
		replicas []float64 // medians of mid's, s
		own      float64   // of mid, s; 0: 0.082
		fewer    float64   // of 60 requests that keep mid busy all the time
		want     []string
	}{
		"some wait for a connection": {back: 0.400, mid: spread, want: []string{"service back"}},
		"all of them do":             {back: 0.400, mid: all, want: []string{"service back", "service mid"}},
		"all of them do, says a metric": {
			back: 0.400, mid: all, base: func(w *world) { w.metric[pending] = 0 }, change: func(w *world) { w.metric[pending] = 40 },
			want: []string{"service back"},
		},
		"all of them do, endlessly":    {back: 0.400, mid: []float64{1.1, 1.2, 1.3, 1.4}, own: 1.25, want: []string{"service back"}},
		"calls hold for hardly longer": {back: 0.040, mid: spread, want: []string{"service mid", "service back"}},
		"one at a time, at most":       {back: 0.400, mid: spread, fewer: 30, want: []string{"service back", "service mid"}},
		"mid lacks CPU": {
			back: 0.400, mid: spread, base: func(w *world) { w.metric[throttled] = 0 }, change: func(w *world) { w.metric[throttled] = 0.6 },
			want: []string{"service back", "service mid"},
		},
		"one replica of mid is slow": {back: 0.400, mid: spread, replicas: []float64{0.5, 0.9}, want: []string{"service back", "service mid"}},
		"all replicas of mid are":    {back: 0.400, mid: spread, replicas: []float64{0.5, 0.52}, fewer: -60, want: []string{"service back"}},
	} {
		t.Run(name, func(t *testing.T) {
			base := chain()
			if c.base != nil {
				c.base(base)
			}
			in, rec := incident(base, func(w *world) {
				w.own[op("back")], w.own[op("mid")] = c.back, cmp.Or(c.own, 0.082)
				if c.change != nil {
					c.change(w)
				}
			})
			mid := window.RPC{Key: op("mid"), Count: 60, Latency: new(sketch.Sketch), Exclusive: new(sketch.Sketch)}
			for _, s := range c.mid {
				mid.Exclusive.Add(int64(s*1e9), 10)
			}
			in.Snapshot.End = in.Snapshot.Start + int64(30*time.Second)
			mid.Latency.Add(int64(500*time.Millisecond), 60-c.fewer)
			for i, seconds := range c.replicas {
				one := window.Instance{ID: string(rune('a' + i)), Count: 20, Latency: new(sketch.Sketch)}
				one.Latency.Add(int64(seconds*1e9), 20)
				mid.Instances = append(mid.Instances, one)
			}
			in.Snapshot.RPCs = append(in.Snapshot.RPCs, mid)
			v := diagnose(in, Config{}.withDefaults(), rec, nil)
			require.False(t, v.Abstained, v.Reason)
			assert.ElementsMatch(t, c.want, kindsOf(v))
		})
	}
}

// longer says that all calls take so many times as long.
type longer struct {
	healthy
	times float64
}

func (w longer) holding(_, _ rpc, _ call) float64 { return w.times }

// A queue grows without end while more comes than gets done; what hardly is one does not.
func TestHeld(t *testing.T) {
	r := newReach(graphOf(chain()), op("front"))
	back, db := r.g.ServiceChannel(svc("back")), r.g.ServiceChannel(svc("db"))
	for name, c := range map[string]struct {
		times, own, slow float64
		metric           string // of what is own
		want             float64
	}{
		"a tenth":                    {4, 10, 1, "", 11},
		"less":                       {4, 11, 1, "", 1},
		"five times as long":         {5, 11, 1, "", 12},
		"twice as long":              {2, 5, 1, "", 1},
		"the callee is as usual":     {5, 5, 0, "", 0},
		"what is own are more calls": {5, 5, 1, CallsMetric, 1},
	} {
		by := make([]suspect, len(r.g.Channels))
		by[back] = suspect{channel: back, excess: c.own, parts: []part{{kind: KindService, mechanism: Latent, excess: c.own, metric: c.metric}}}
		by[db] = suspect{channel: db, excess: c.slow, parts: []part{{kind: KindDependency, mechanism: Latent, excess: c.slow}}}
		held(r, by, longer{times: c.times}, slowed{r.g, map[identity.RPC][]int{}})
		assert.InDelta(t, c.want, by[db].excess, 0, name)
		assert.InDelta(t, c.own+c.slow, by[db].excess+by[back].excess, 0, name)
	}
}

// All operations of a service share its connections: what calls of one of them hold, requests
// of another wait for.
func TestDiagnose_heldByAnother(t *testing.T) {
	base, list, toDB := listing()
	base.serve("other", 0.010, 1).serve("front", 0.005, 1).
		query("other", "store", 1, 0.010).call("front", "mid", 1, 0.002).call("front", "other", 1, 0.002)
	for name, c := range map[string]struct {
		seconds float64 // of a query
		want    []string
	}{
		"another operation's calls hold all":  {2, []string{"dependency store"}},
		"these take hardly longer than usual": {0.012, []string{"service mid"}},
	} {
		in, rec := incident(base, func(w *world) {
			w.own[list], w.own[op("mid")] = 2, 2
			w.leaf[toDB], w.leaf[edge("other", "store")] = c.seconds, c.seconds
		})
		in.Snapshot.End = in.Snapshot.Start + int64(30*time.Second)
		mid := window.RPC{Key: op("mid"), Count: 60, Latency: new(sketch.Sketch), Exclusive: new(sketch.Sketch)}
		for _, s := range []float64{0.01, 0.1, 1, 3, 4} {
			mid.Exclusive.Add(int64(s*1e9), 12)
		}
		mid.Latency.Add(int64(2*time.Second), 60)
		query := window.Edge{Key: toDB, Count: 60, Client: new(sketch.Sketch)}
		query.Client.Add(int64(c.seconds*1e9), 60)
		in.Snapshot.RPCs = append(in.Snapshot.RPCs, mid)
		in.Snapshot.Edges = append(in.Snapshot.Edges, query)
		v := diagnose(in, Config{}.withDefaults(), rec, nil)
		require.False(t, v.Abstained, v.Reason)
		assert.Equal(t, c.want, kindsOf(v), name)
	}
}

// The store that holds all connections may lie where the entry's own requests never come: the way to it
// leads through who waits.
func TestDiagnose_heldOutOfSight(t *testing.T) {
	base, list, toDB := listing()
	base.serve("front", 0.005, 1).call("front", "mid", 1, 0.002)
	in, rec := incident(base, func(w *world) { w.own[list], w.own[op("mid")], w.leaf[toDB] = 2, 2, 2 })
	in.Snapshot.End = in.Snapshot.Start + int64(30*time.Second)
	mid := window.RPC{Key: op("mid"), Count: 60, Latency: new(sketch.Sketch), Exclusive: new(sketch.Sketch)}
	for _, s := range []float64{0.01, 0.1, 1, 3, 4} {
		mid.Exclusive.Add(int64(s*1e9), 12)
	}
	mid.Latency.Add(int64(2*time.Second), 60)
	query := window.Edge{Key: toDB, Count: 60, Client: new(sketch.Sketch)}
	query.Client.Add(int64(2*time.Second), 60)
	in.Snapshot.RPCs = append(in.Snapshot.RPCs, mid)
	in.Snapshot.Edges = append(in.Snapshot.Edges, query)
	v := diagnose(in, Config{}.withDefaults(), rec, nil)
	require.False(t, v.Abstained, v.Reason)
	assert.Equal(t, []string{"dependency store"}, kindsOf(v))
	assert.Equal(t, []string{"front", "mid", "store"}, v.Culprits[0].Path)
	sound(t, v)
}

// The pause before the next attempt is no work that takes all requests longer.
func TestSteady(t *testing.T) {
	for _, c := range []struct {
		own   []float64 // ms
		again float64   // ms between attempts, of so many of 100 requests
		of    float64
		want  bool
	}{
		{[]float64{30, 30, 31, 32, 900}, 0, 0, true},
		{[]float64{12, 14, 31, 500, 900}, 0, 0, false},
		{[]float64{31, 31, 40, 500, 900}, 20, 100, false},
		{[]float64{50, 50, 51, 52, 900}, 20, 100, true},
		{[]float64{30, 30, 31, 32, 900}, 20, 50, true}, // half of them do not wait
		{[]float64{1100, 1200, 1300, 1400, 1500}, 0, 0, false},
	} {
		in, rec := incident(chain(), func(w *world) { w.own[op("mid")] = c.own[2] / 1e3 })
		mid := window.RPC{Key: op("mid"), Count: 100, Exclusive: new(sketch.Sketch)}
		for _, ms := range c.own {
			mid.Exclusive.Add(int64(ms*1e6), 20)
		}
		call := window.Edge{Key: edge("mid", "back"), Count: 200, Again: new(sketch.Sketch)}
		if c.of > 0 {
			call.Again.Add(int64(c.again*1e6), c.of)
		}
		in.Snapshot.RPCs = append(in.Snapshot.RPCs, mid)
		in.Snapshot.Edges = append(in.Snapshot.Edges, call)
		r := newReach(in.Graph, in.Entry)
		d := &diagnosis{in: in, r: r, v: newView(rec, in.Onset, 3.5)}
		d.v.measure(r, in.Snapshot)
		at := slices.IndexFunc(r.rpcs, func(p rpc) bool { return p.key == op("mid") })
		assert.Equal(t, c.want, d.steady(r.rpcs[at]), "%v %v", c.own, c.again)
	}
}

// Queues for what is slow are not of one length everywhere; a replica that is slow itself
// stands out by half of what all wait for.
func TestUneven(t *testing.T) {
	for _, c := range []struct {
		medians []float64
		wait    float64
		want    bool
	}{
		{[]float64{3.0, 3.0, 3.4}, 3, false},
		{[]float64{3.0, 3.0, 4.6}, 3, true},
		{[]float64{3.0, 3.0, 3.4}, 0.6, true},
		{[]float64{3.0, 3.4, 3.4}, 0.6, false},
		{[]float64{3.0}, 0, false},
	} {
		in, rec := incident(chain(), func(w *world) { w.own[op("mid")] = 0.3 })
		mid := window.RPC{Key: op("mid"), Count: 60}
		for i, seconds := range c.medians {
			one := window.Instance{ID: string(rune('a' + i)), Count: 20, Latency: new(sketch.Sketch)}
			one.Latency.Add(int64(seconds*1e9), 20)
			mid.Instances = append(mid.Instances, one)
		}
		in.Snapshot.RPCs = append(in.Snapshot.RPCs, mid)
		r := newReach(in.Graph, in.Entry)
		d := &diagnosis{in: in, r: r, v: newView(rec, in.Onset, 3.5)}
		d.v.measure(r, in.Snapshot)
		assert.Equal(t, c.want, d.uneven(op("mid"), c.wait), "%v %v", c.medians, c.wait)
	}
}
