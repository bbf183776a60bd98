package rca

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

const hostCPU = "host.cpu.utilization"

func hostMetric(service, name string) feature.Key {
	return feature.Key{Kind: feature.Metric, Service: svc(service), Name: name}
}

// placed puts one replica of each service on a host, which reads value of a metric.
func placed(in *Input, metric string, on map[string]string, reads map[string]float64) {
	in.Snapshot.RPCs = nil
	for _, name := range []string{"back", "front", "mid"} { // sorted
		host := on[name]
		in.Snapshot.RPCs = append(in.Snapshot.RPCs, window.RPC{
			Key: op(name), Count: 400, Instances: []window.Instance{{ID: name + "-1", Host: host, Count: 400, Latency: sketched(400, 0.1)}},
		})
		in.Snapshot.Resources = append(in.Snapshot.Resources, window.Resource{
			Service:   svc(name),
			Instances: []window.InstanceValues{{ID: name + "-1", Values: []window.Value{{Metric: metric, Value: reads[host]}}}},
		})
	}
}

// back and mid share node-1, front is on node-2. What makes back slow is the host's only
// where the host says so, mid is slower too, and back itself takes no more.
func TestDiagnose_host(t *testing.T) {
	shared := map[string]string{"back": "node-1", "mid": "node-1", "front": "node-2"}
	busy := func(w *world, metric string, names ...string) {
		for _, n := range names {
			w.metric[hostMetric(n, metric)] = 0.95
		}
	}
	slow := func(w *world, back, mid float64) { w.own[op("back")], w.own[op("mid")] = back, mid }
	for name, c := range map[string]struct {
		metric    string
		on        map[string]string
		fault     func(*world)
		want      Kind
		mechanism Mechanism
	}{
		"all on the host are slower": {hostCPU, shared, func(w *world) {
			slow(w, 0.160, 0.030)
			busy(w, hostCPU, "back", "mid")
		}, KindHost, CPU},
		"one service on the host is slower": {hostCPU, shared, func(w *world) {
			slow(w, 0.160, 0.010)
			busy(w, hostCPU, "back", "mid")
		}, KindService, CPU},
		"nobody knows the hosts": {hostCPU, nil, func(w *world) {
			slow(w, 0.160, 0.030)
			busy(w, hostCPU, "back", "mid")
		}, KindService, CPU},
		"they are on two hosts": {hostCPU, map[string]string{"back": "node-1", "mid": "node-2", "front": "node-2"}, func(w *world) {
			slow(w, 0.160, 0.030)
			busy(w, hostCPU, "back")
		}, KindService, CPU},
		"the host is as usual": {hostCPU, shared, func(w *world) {
			slow(w, 0.160, 0.030)
		}, KindService, Latent},
		"the service takes the CPU itself": {hostCPU, shared, func(w *world) {
			slow(w, 0.160, 0.030)
			busy(w, hostCPU, "back", "mid")
			w.metric[cpu("back")] = 0.9
		}, KindService, CPU},
		"the neighbour takes the CPU": {hostCPU, shared, func(w *world) {
			slow(w, 0.160, 0.030)
			busy(w, hostCPU, "back", "mid")
			w.metric[cpu("mid")] = 0.9
		}, KindService, CPU},
		"the service waits for the CPU": {hostCPU, shared, func(w *world) {
			slow(w, 0.160, 0.030)
			busy(w, hostCPU, "back", "mid")
			w.metric[hostMetric("back", "container.cpu.pressure")] = 0.9
		}, KindHost, CPU},
		"the neighbour is slower for another reason": {hostCPU, shared, func(w *world) {
			slow(w, 0.160, 0.030)
			busy(w, hostCPU, "back")
			w.metric[hostMetric("mid", "db.client.connection.wait_time")] = 0.9
		}, KindService, CPU},
		"the host's use of memory has harmless reasons": {"host.memory.utilization", shared, func(w *world) {
			slow(w, 0.160, 0.030)
			busy(w, "host.memory.utilization", "back", "mid")
		}, KindService, Memory},
		"the host pages": {"host.memory.swap", shared, func(w *world) {
			slow(w, 0.160, 0.030)
			busy(w, "host.memory.swap", "back", "mid")
		}, KindHost, Memory},
		"the host's disk": {diskBusy, shared, func(w *world) {
			slow(w, 0.160, 0.030)
			busy(w, diskBusy, "back", "mid")
		}, KindHost, Disk},
	} {
		t.Run(name, func(t *testing.T) {
			w := chain()
			for _, n := range []string{"back", "mid", "front"} {
				w.metric[hostMetric(n, c.metric)] = 0.1
			}
			w.metric[hostMetric("back", "container.cpu.pressure")] = 0.1
			w.metric[hostMetric("mid", "db.client.connection.wait_time")] = 0.01
			in, rec := incident(w, c.fault)
			placed(&in, c.metric, c.on, map[string]float64{"node-1": 0.95, "node-2": 0.1})
			v := diagnose(in, Config{}.withDefaults(), rec, nil)
			require.False(t, v.Abstained, v.Reason)
			first := v.Culprits[0]
			assert.Equal(t, svc("back"), first.Service, "the service stays the culprit")
			assert.Equal(t, c.want, first.Kind)
			assert.Equal(t, c.mechanism, first.Mechanism)
			if c.want == KindHost {
				assert.Equal(t, "node-1", first.Host)
				assert.Equal(t, []identity.Service{svc("mid")}, first.Neighbours)
				assert.Equal(t, c.metric, first.Metric)
				assert.Equal(t, "on node-1 mid slower too", first.Evidence[0])
			} else {
				assert.Empty(t, first.Host)
				assert.Empty(t, first.Neighbours)
			}
			sound(t, v)
		})
	}
}

// A job that sends metrics and no spans takes the CPU of a host: it is not the host that
// lacks it, where it is known to run there.
func TestDiagnose_hostOfAJob(t *testing.T) {
	for _, c := range []struct {
		job  string // its host
		uses float64
		want Kind
	}{
		{"node-1", 0.9, KindService},
		{"node-1", 0.1, KindHost},
		{"node-2", 0.9, KindHost},
		{"", 0.9, KindHost},
	} {
		w := chain()
		for _, n := range []string{"back", "mid", "front"} {
			w.metric[hostMetric(n, hostCPU)] = 0.1
		}
		w.metric[cpu("job")] = 0.1
		in, rec := incident(w, func(w *world) {
			w.own[op("back")], w.own[op("mid")] = 0.160, 0.030
			w.metric[hostMetric("back", hostCPU)], w.metric[hostMetric("mid", hostCPU)] = 0.95, 0.95
			w.metric[cpu("job")] = c.uses
		})
		placed(&in, hostCPU, map[string]string{"back": "node-1", "mid": "node-1", "front": "node-2"}, map[string]float64{"node-1": 0.95, "node-2": 0.1})
		in.Snapshot.Resources = append(in.Snapshot.Resources, window.Resource{
			Service:   svc("job"),
			Instances: []window.InstanceValues{{ID: "job-1", Host: c.job, Values: []window.Value{{Metric: "process.cpu.utilization", Value: c.uses}}}},
		})
		v := diagnose(in, Config{}.withDefaults(), rec, nil)
		require.False(t, v.Abstained, v.Reason)
		assert.Equal(t, svc("back"), v.Culprits[0].Service)
		assert.Equal(t, c.want, v.Culprits[0].Kind, "%+v", c)
	}
}

// Where hosts are known, what one of them does to three services is one cause with all
// that the three contribute, as whom it hurts most; nothing else differs.
func TestDiagnose_hostIsOneCulprit(t *testing.T) {
	w := chain()
	for _, n := range []string{"back", "mid", "front"} {
		w.metric[hostMetric(n, hostCPU)] = 0.1
	}
	in, rec := incident(w, func(w *world) {
		w.own[op("back")], w.own[op("mid")], w.own[op("front")] = 0.160, 0.080, 0.060
		for _, n := range []string{"back", "mid", "front"} {
			w.metric[hostMetric(n, hostCPU)] = 0.95
		}
	})
	answer := func(on map[string]string) Verdict {
		in := in
		in.Snapshot = &window.Snapshot{Start: in.Snapshot.Start, End: in.Snapshot.End}
		placed(&in, hostCPU, on, map[string]float64{"": 0.95, "node-1": 0.95})
		return diagnose(in, Config{}.withDefaults(), rec, nil)
	}
	got, want := answer(map[string]string{"back": "node-1", "mid": "node-1", "front": "node-1"}), answer(nil)
	require.Len(t, want.Culprits, 3)
	require.Len(t, got.Culprits, 1)
	require.Len(t, got.Candidates, 1)
	c := &got.Candidates[0]
	assert.Equal(t, KindHost, c.Kind)
	assert.Len(t, c.Neighbours, 2)
	assert.InDelta(t, 1, c.Contribution, 1e-12)
	c.Kind, c.Host, c.Neighbours, c.Evidence = KindService, "", nil, slices.Delete(c.Evidence, 0, 1)
	c.Contribution = want.Candidates[0].Contribution
	assert.Equal(t, fmt.Sprint(want.Candidates[:1]), fmt.Sprint(got.Candidates), "NaN is not equal to itself")
}

// Of two replicas each, back and mid have one that is slow. It is the host's fault where
// both are on one, and no good one is beside them.
func TestDiagnose_hostOfBadReplicas(t *testing.T) {
	const bad, good = 0.9, 0.05
	type replica struct {
		host string
		p50  float64 // seconds
	}
	for name, c := range map[string]struct {
		back, mid [2]replica
		calls     []identity.Edge
		reads     map[string]float64
		takes     string // the service whose first replica uses more CPU than its other
		want      Kind
		mechanism Mechanism
	}{
		"both on one host":      {[2]replica{{"node-1", bad}, {"node-2", good}}, [2]replica{{"node-1", bad}, {"node-2", good}}, nil, nil, "", KindHost, Latent},
		"the host says why":     {[2]replica{{"node-1", bad}, {"node-2", good}}, [2]replica{{"node-1", bad}, {"node-2", good}}, nil, map[string]float64{"node-1": 0.9, "node-2": 0.2}, "", KindHost, CPU},
		"on two hosts":          {[2]replica{{"node-1", bad}, {"node-2", good}}, [2]replica{{"node-1", good}, {"node-2", bad}}, nil, nil, "", KindInstance, Latent},
		"only one is bad":       {[2]replica{{"node-1", bad}, {"node-2", good}}, [2]replica{{"node-1", good}, {"node-2", good}}, nil, nil, "", KindInstance, Latent},
		"a good one beside it":  {[2]replica{{"node-1", bad}, {"node-1", good}}, [2]replica{{"node-1", bad}, {"node-2", good}}, nil, nil, "", KindInstance, Latent},
		"and beside the other":  {[2]replica{{"node-1", bad}, {"node-2", good}}, [2]replica{{"node-1", bad}, {"node-1", good}}, nil, nil, "", KindInstance, Latent},
		"the other calls it":    {[2]replica{{"node-1", bad}, {"node-2", good}}, [2]replica{{"node-1", bad}, {"node-2", good}}, []identity.Edge{edge("mid", "back")}, nil, "", KindInstance, Latent},
		"nobody knows the host": {[2]replica{{"", bad}, {"", good}}, [2]replica{{"", bad}, {"", good}}, nil, nil, "", KindInstance, Latent},
		"it takes the CPU":      {[2]replica{{"node-1", bad}, {"node-2", good}}, [2]replica{{"node-1", bad}, {"node-2", good}}, nil, nil, "back", KindInstance, CPU},
		"the other takes it":    {[2]replica{{"node-1", bad}, {"node-2", good}}, [2]replica{{"node-1", bad}, {"node-2", good}}, nil, nil, "mid", KindInstance, Latent},
	} {
		t.Run(name, func(t *testing.T) {
			in, rec := incident(chain(), func(w *world) { w.own[op("back")] = 0.220 })
			in.Snapshot.RPCs = nil
			for _, e := range c.calls {
				in.Snapshot.Edges = append(in.Snapshot.Edges, window.Edge{Key: e})
			}
			for i, rs := range [...][2]replica{c.back, c.mid} {
				name := [...]string{"back", "mid"}[i]
				rpc := window.RPC{Key: op(name), Count: 40}
				res := window.Resource{Service: svc(name)}
				for k, r := range rs {
					id := name + string(rune('1'+k))
					rpc.Instances = append(rpc.Instances, window.Instance{ID: id, Host: r.host, Count: 20, Latency: sketched(20, r.p50)})
					var values []window.Value
					if v, ok := c.reads[r.host]; ok {
						values = append(values, window.Value{Metric: hostCPU, Value: v})
					}
					use := 0.3
					if k == 0 && name == c.takes {
						use = 0.95
					}
					values = append(values, window.Value{Metric: "process.cpu.utilization", Value: use})
					res.Instances = append(res.Instances, window.InstanceValues{ID: id, Values: values})
				}
				in.Snapshot.RPCs, in.Snapshot.Resources = append(in.Snapshot.RPCs, rpc), append(in.Snapshot.Resources, res)
			}
			v := diagnose(in, Config{}.withDefaults(), rec, nil)
			require.Len(t, v.Culprits, 1)
			cause := v.Culprits[0]
			assert.Equal(t, svc("back"), cause.Service)
			assert.Equal(t, c.want, cause.Kind)
			assert.Equal(t, c.mechanism, cause.Mechanism)
			assert.Equal(t, "back1", cause.Instance)
			if c.want == KindHost {
				assert.Equal(t, "node-1", cause.Host)
				assert.Equal(t, []identity.Service{svc("mid")}, cause.Neighbours)
			}
		})
	}
}

func TestIsUse(t *testing.T) {
	for metric, want := range map[string]bool{
		"container.cpu.pressure": false, "process.memory.major_faults": false, "runtime.eventloop.delay": false,
		"process.cpu.utilization": true, "container.cpu.throttled": true, "process.disk.io": true,
		"host.cpu.utilization": false, "system.cpu.utilization": false, "error_ratio": true, "": false,
	} {
		assert.Equal(t, want, isUse(metric), metric)
	}
}

// Culprits on one bad host are one cause, with what all of them contribute.
func TestVerdict_oneHost(t *testing.T) {
	on := func(host, service string, share float64) Cause {
		return Cause{Kind: KindHost, Host: host, Service: svc(service), Contribution: share, Probability: 0.9}
	}
	v := Verdict{Candidates: []Cause{
		on("n1", "a", 3), {Kind: KindService, Service: svc("b"), Contribution: 2}, on("n1", "c", 1), on("n2", "d", 1), on("n1", "e", 1),
	}}
	v.conclude(4)
	assert.Equal(t, []string{"a", "b", "d"}, services(v))
	require.Len(t, v.Candidates, 3)
	for i, share := range []float64{5. / 8, 2. / 8, 1. / 8} {
		assert.InDelta(t, share, v.Candidates[i].Contribution, 1e-12)
	}
	v = Verdict{Candidates: []Cause{{Kind: KindService, Service: svc("b"), Contribution: 1}, on("n1", "a", 1), on("n1", "c", 2)}}
	v.conclude(1)
	assert.Equal(t, []string{"b"}, services(v))
	assert.Len(t, v.Candidates, 2)
}

// A host that has no point in the window is the one that all replicas run on.
func TestDiagnosis_onlyHost(t *testing.T) {
	for name, c := range map[string]struct {
		hosts [][]string // of the replicas of the operations of back
		want  string
	}{
		"one":          {[][]string{{"n1", "n1"}, {"n1"}}, "n1"},
		"two":          {[][]string{{"n1"}, {"n1", "n2"}}, ""},
		"one unknown":  {[][]string{{"n1", ""}}, ""},
		"none is said": {[][]string{{"", ""}}, ""},
		"no replica":   {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := &window.Snapshot{RPCs: []window.RPC{{Key: op("mid"), Instances: []window.Instance{{ID: "m", Host: "n9"}}}}}
			for _, hosts := range c.hosts {
				r := window.RPC{Key: op("back")}
				for _, h := range hosts {
					r.Instances = append(r.Instances, window.Instance{ID: "x", Host: h})
				}
				s.RPCs = append(s.RPCs, r)
			}
			d := &diagnosis{in: Input{Snapshot: s}}
			assert.Equal(t, c.want, d.onlyHost(svc("back")))
			assert.Equal(t, c.want, d.worstHost(&Cause{Kind: KindService, Service: svc("back")}, hostCPU))
		})
	}
}
