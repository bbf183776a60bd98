package emit_test

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/simulate"
	"github.com/sage-rca/sage/internal/simulate/apps"
	"github.com/sage-rca/sage/internal/simulate/emit"
)

// sums returns the requests of each RPC over all windows, and the calls of each
// uninstrumented one.
func (o *observed) sums() (served, called map[identity.RPC]float64) {
	served, called = map[identity.RPC]float64{}, map[identity.RPC]float64{}
	for _, s := range o.snaps {
		for _, r := range s.RPCs {
			served[r.Key] += r.Count
		}
		for _, e := range s.Edges {
			if e.Leaf {
				called[e.Key.Callee] += e.Count
			}
		}
	}
	return served, called
}

func (o *observed) key(rpc int, namespace string) identity.RPC {
	r := &o.app.RPCs[rpc]
	return identity.RPC{
		Service:   identity.Service{Namespace: namespace, Name: o.app.Services[r.Service].Name},
		Operation: r.Operation,
	}
}

// Windows show what was simulated, under the same names, request for request.
func TestEmitter_throughIngest(t *testing.T) {
	for _, name := range []string{"chain", "fanout", "sockshop", "social", "syn-64"} {
		t.Run(name, func(t *testing.T) {
			o := play(t, name, emit.Options{Namespace: "prod"}, simulate.Config{Seed: 1, Duration: 40 * time.Second})
			assert.Empty(t, o.counts.spans, "nothing is refused")
			served, called := o.sums()
			lost := o.counts.notes["unmatched_parent"] // calls of requests that were not answered when the run ended
			gap := 0.0
			for rpc := range o.app.RPCs {
				svc := &o.app.Services[o.app.RPCs[rpc].Service]
				if !svc.Uninstrumented {
					assert.Equal(t, o.served[rpc], served[o.key(rpc, "prod")], "%s %s", svc.Name, o.app.RPCs[rpc].Operation)
					delete(served, o.key(rpc, "prod"))
					continue
				}
				if o.called[rpc] == 0 { // brokers and daemons
					continue
				}
				missing := o.called[rpc] - called[o.key(rpc, "")]
				assert.GreaterOrEqual(t, missing, 0.0, "%s %s", svc.Name, o.app.RPCs[rpc].Operation)
				gap += missing
				delete(called, o.key(rpc, ""))
			}
			assert.LessOrEqual(t, gap, float64(lost))
			assert.Less(t, lost, 60)
			assert.Empty(t, served, "nothing is served that was not simulated")
			for k, n := range called { // of the broker, each
				if strings.HasPrefix(k.Operation, "publish ") {
					assert.GreaterOrEqual(t, n, consumed(o, strings.TrimPrefix(k.Operation, "publish ")), "%s", k)
					delete(called, k)
				}
			}
			assert.Empty(t, called, "nothing else is called")
		})
	}
}

// consumed is the number of messages of a topic that its consumers have handled.
func consumed(o *observed, topic string) float64 {
	n := 0.0
	for rpc := range o.app.RPCs {
		if o.app.RPCs[rpc].Operation == topic && len(o.app.RPCs[rpc].Steps) > 0 {
			n = max(n, o.served[o.app.RPCs[rpc].Steps[0].Calls[0].RPC])
		}
	}
	return n
}

// Edges are those of the call tree: messages go from who sends them to who
// consumes them, and to the broker between, which their sender waits for.
func TestEmitter_edges(t *testing.T) {
	o := play(t, "social", emit.Options{}, simulate.Config{Seed: 1, Duration: 40 * time.Second})
	type edge struct{ from, to string }
	got := map[edge]bool{}
	for _, s := range o.snaps[1 : len(o.snaps)-1] {
		for _, e := range s.Edges {
			got[edge{e.Key.Caller.Service.Name, e.Key.Callee.Service.Name}] = e.Async
		}
	}
	want := map[edge]bool{}
	add := func(from int, c *simulate.Call) {
		to := o.app.RPCs[c.RPC].Service
		if c.Async { // through the broker
			want[edge{o.app.Services[from].Name, o.app.Services[to].Name}] = false
			to = o.app.RPCs[o.app.RPCs[c.RPC].Steps[0].Calls[0].RPC].Service
		}
		want[edge{o.app.Services[from].Name, o.app.Services[to].Name}] = c.Async
	}
	for i := range o.app.RPCs {
		from := o.app.RPCs[i].Service
		if o.app.Services[from].Uninstrumented {
			continue
		}
		for _, step := range o.app.RPCs[i].Steps {
			for k := range step.Calls {
				add(from, &step.Calls[k])
				if c := step.Calls[k].Cache; c != nil {
					add(from, c.Miss)
				}
			}
		}
	}
	assert.Equal(t, want, got)
}

// Head sampling keeps a share p of the traces, each with the weight 1/p. Of n
// traces the weights so sum up to n with a standard error of sqrt(n(1-p)/p); four
// of them are exceeded by chance once in 16,000.
func TestEmitter_sampling(t *testing.T) {
	for _, p := range []float64{0.5, 0.1} {
		o := play(t, "chain", emit.Options{SampleRatio: p}, simulate.Config{Seed: 1, Duration: 2 * time.Minute})
		served, _ := o.sums()
		root := o.app.Entries[0].RPC
		n := o.served[root]
		assert.InDelta(t, n, served[o.key(root, "")], 4*math.Sqrt(n*(1-p)/p))
		assert.NotEqual(t, n, served[o.key(root, "")])
		for rpc := range 10 { // traces are whole: every service has the same ones, but for the last
			assert.InDelta(t, served[o.key(root, "")], served[o.key(rpc, "")], 6/p)
		}
		assert.Less(t, float64(o.counts.used), 1.5*p*20*n)
	}
}

// A service that sends nothing is called under its own name, and calls on: it passes the
// context on.
func TestEmitter_mute(t *testing.T) {
	const quote = 3
	o := play(t, "chain", emit.Options{Mute: map[int]bool{quote: true}}, simulate.Config{Seed: 1, Duration: 30 * time.Second})
	s := o.snaps[1]
	callers, callees := 0, 0
	for _, e := range s.Edges {
		if e.Key.Callee.Service.Name == "quote" {
			callers++
			assert.Equal(t, "order-api", e.Key.Caller.Service.Name)
			assert.Zero(t, e.Matched, "nobody but the caller has told")
		}
		if e.Key.Caller.Service.Name == "quote" {
			callees++
			assert.Zero(t, e.Client.Count())
			assert.Positive(t, e.Count)
		}
	}
	assert.Equal(t, 1, callers)
	assert.Positive(t, callees)
	for _, r := range s.Resources {
		assert.NotEqual(t, "quote", r.Service.Name)
	}
}

// Each replica has the metrics of its host, its container and its runtime.
func TestEmitter_metricNames(t *testing.T) {
	o := play(t, "chain", emit.Options{}, simulate.Config{Seed: 1, Duration: 60 * time.Second, SampleEvery: 10 * time.Second})
	common := []string{
		"container.cpu.limit_utilization", "container.cpu.throttled", "container.cpu.time",
		"container.memory.major_faults", "container.memory.working_set",
		"host.cpu.time_count", "host.cpu.usage", "host.disk.busy", "host.disk.operations", "host.disk.wait", "host.memory.major_faults",
		"host.memory.usage", "host.network.dropped", "host.network.io",
		"pod.network.errors", "pod.network.io", "requests.active",
	}
	want := map[string][]string{
		"stock": {"container.disk.io", "runtime.gc.time", "runtime.memory.heap", "runtime.threads", "pool.db.used", "pool.db.pending", "pool.db.wait"},
		"tax":   {"runtime.goroutines", "runtime.memory.used"},
		"risk":  {"runtime.gc.v8_time", "runtime.memory.v8_heap", "runtime.eventloop.utilization"},
	}
	s := o.snaps[3]
	require.Len(t, s.Resources, 10)
	for _, r := range s.Resources {
		more, ok := want[r.Service.Name]
		if !ok {
			continue
		}
		var names []string
		for _, v := range r.Values {
			names = append(names, v.Metric)
		}
		assert.Equal(t, slices.Sorted(slices.Values(append(slices.Clone(common), more...))), names, r.Service.Name)
	}
	// Of uninstrumented daemons nobody knows which service they are; all else is joined.
	refused := slices.Sorted(maps.Keys(o.counts.lost))
	assert.Equal(t, []string{"no_service"}, refused)
	for _, r := range s.Resources {
		for s := range o.app.Services {
			if o.app.Services[s].Name == r.Service.Name {
				assert.Len(t, r.Instances, len(o.app.Services[s].Hosts), "replicas of %s that report", r.Service.Name)
			}
		}
	}
}

// Metrics say what the state was: without noise, the CPU of a container is the
// simulated one.
func TestEmitter_metricValues(t *testing.T) {
	hog := simulate.Fault{
		Kind: simulate.CPUContention, Service: 5, Replica: -1, Host: -1, Entry: -1, Pool: -1, Size: 6,
		Start: 30 * time.Second, End: time.Minute,
	}
	o := play(t, "chain", emit.Options{MetricNoise: -1},
		simulate.Config{Seed: 1, Duration: 60 * time.Second, SampleEvery: 10 * time.Second, Faults: []simulate.Fault{hog}})
	value := func(window int, metric string) float64 {
		for _, r := range o.snaps[window].Resources {
			if r.Service.Name != "tax" {
				continue
			}
			for _, v := range r.Values {
				if v.Metric == metric {
					return v.Value
				}
			}
		}
		t.Fatalf("no %s in window %d", metric, window)
		return 0
	}
	// Healthy: 36 requests a second of 6.5 ms. In 10 s come 360, with a standard error
	// of 19, and drift by up to 16 %.
	assert.InEpsilon(t, 36*6.5e-3, value(2, "container.cpu.time"), 0.4)
	assert.InDelta(t, value(2, "container.cpu.time"), value(2, "container.cpu.limit_utilization"), 1e-9, "of one core")
	// Under hogs the whole limit is used, and the container wants more all the time.
	assert.InEpsilon(t, 1, value(5, "container.cpu.time"), 0.01)
	assert.Greater(t, value(5, "container.cpu.throttled"), 0.3)
	assert.Less(t, value(2, "container.cpu.throttled"), 0.1)
}

// Windows say of every replica that serves on which host it was put.
func TestEmitter_hosts(t *testing.T) {
	o := play(t, "social", emit.Options{}, simulate.Config{Seed: 1, Duration: 30 * time.Second})
	want := map[string]string{}
	for s := range o.app.Services {
		for r, h := range o.app.Services[s].Hosts {
			want[apps.InstanceID(o.app, s, r)] = o.app.Hosts[h].Name
		}
	}
	seen := map[string]bool{}
	for _, s := range o.snaps {
		for _, r := range s.RPCs {
			for _, in := range r.Instances {
				assert.Equal(t, want[in.ID], in.Host, in.ID)
				seen[in.Host] = true
			}
		}
	}
	assert.Greater(t, len(seen), 2)
}

// Histograms of SDKs count every request and call, whatever is sampled.
func TestEmitter_durations(t *testing.T) {
	o := play(t, "chain", emit.Options{SampleRatio: 0.1, Durations: true},
		simulate.Config{Seed: 1, Duration: 2 * time.Minute, SampleEvery: 5 * time.Second})
	all := play(t, "chain", emit.Options{}, simulate.Config{Seed: 1, Duration: 2 * time.Minute, SampleEvery: 5 * time.Second})
	total := func(of *observed, at int) (n, sum, calls float64) {
		for _, s := range of.snaps[at : at+2] {
			for _, r := range s.RPCs {
				n, sum = n+r.Count, sum+r.Exclusive.Sum()
			}
			for _, e := range s.Edges {
				calls += e.Client.Sum()
			}
		}
		return n, sum, calls
	}
	for at := 2; at < 8; at += 2 { // but for requests at the edges of windows
		n, sum, calls := total(o, at)
		wantN, wantSum, wantCalls := total(all, at)
		assert.InEpsilon(t, wantN, n, 0.01)
		assert.InEpsilon(t, wantSum, sum, 0.02)
		assert.InEpsilon(t, wantCalls, calls, 0.01)
	}
	for reason := range o.counts.lost {
		assert.Equal(t, "no_service", reason, "of daemons")
	}
}
