package rca

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/window"
)

const diskBusy = "host.disk.busy"

func diskOf(name string) feature.Key {
	return feature.Key{Kind: feature.Metric, Service: svc(name), Name: diskBusy}
}

// replicas are what the replicas of a service say of the disks of their hosts.
func replicas(name string, busy ...float64) window.Resource {
	out := window.Resource{Service: svc(name)}
	for i, v := range busy {
		out.Instances = append(out.Instances, window.InstanceValues{
			ID: name + string(rune('1'+i)), Values: []window.Value{{Metric: diskBusy, Value: v}},
		})
	}
	return out
}

// A leaf of which nobody knows the host, or what its disk does, is on the one with the
// saturated disk, where it is not known to be elsewhere.
func TestDiagnose_leafOnSaturatedDisk(t *testing.T) {
	for name, c := range map[string]struct {
		mid, db float64 // seconds: usually 0.010 and 0.030
		busy    float64 // the disk of mid's host; usually 0.1
		on      string  // the host of which the leaf, which reports its CPU, says that it runs there
		want    []string
	}{
		"the leaf is slower":              {0.160, 0.330, 0.9, "", []string{"db"}},
		"the service is slower":           {0.310, 0.180, 0.9, "", []string{"mid"}},
		"no disk is busier than usual":    {0.160, 0.330, 0.1, "", []string{"db", "mid"}},
		"the leaf runs elsewhere":         {0.160, 0.330, 0.9, "node-9", []string{"db", "mid"}},
		"the leaf runs there":             {0.160, 0.330, 0.9, "node-1", []string{"db"}},
		"half as busy again is not worse": {0.160, 0.330, 0.14, "", []string{"db", "mid"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := chain()
			w.metric[diskOf("mid")] = 0.1
			if c.on != "" {
				w.metric[cpu("db")] = 0.4
			}
			in, rec := incident(w, func(w *world) {
				w.own[op("mid")], w.leaf[edge("back", "db")], w.metric[diskOf("mid")] = c.mid, c.db, c.busy
			})
			in.Snapshot.Resources = []window.Resource{replicas("mid", c.busy)}
			if c.on != "" {
				in.Snapshot.Resources[0].Instances[0].Host = "node-1"
				in.Snapshot.Resources = append(in.Snapshot.Resources, window.Resource{Service: svc("db"), Instances: []window.InstanceValues{{ID: "db-0", Host: c.on}}})
			}
			v := diagnose(in, Config{}.withDefaults(), rec, nil)
			require.False(t, v.Abstained, v.Reason)
			assert.ElementsMatch(t, c.want, services(v))
			sound(t, v)
		})
	}
}

// Where the container of mid is measured, a leaf of which none is runs elsewhere, and both are slow
// for reasons of their own.
func TestDiagnose_leafOutsideOfAllContainers(t *testing.T) {
	used := func(name string) feature.Key {
		return feature.Key{Kind: feature.Metric, Service: svc(name), Name: "container.memory.usage"}
	}
	for name, c := range map[string]struct {
		mid, db bool // whose container is measured
		want    []string
	}{
		"none":       {false, false, []string{"db"}},
		"mid's":      {true, false, []string{"db", "mid"}},
		"both":       {true, true, []string{"db"}},
		"the leaf's": {false, true, []string{"db"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := chain()
			w.metric[diskOf("mid")] = 0.1
			for service, measured := range map[string]bool{"mid": c.mid, "db": c.db} {
				if measured {
					w.metric[used(service)] = 1e8
				}
			}
			in, rec := incident(w, func(w *world) {
				w.own[op("mid")], w.leaf[edge("back", "db")], w.metric[diskOf("mid")] = 0.160, 0.330, 0.9
			})
			in.Snapshot.Resources = []window.Resource{replicas("mid", 0.9)}
			v := diagnose(in, Config{}.withDefaults(), rec, nil)
			require.False(t, v.Abstained, v.Reason)
			assert.ElementsMatch(t, c.want, services(v))
			sound(t, v)
		})
	}
}

// A leaf takes mid, whose host's disk is saturated. What is slow for another reason
// than a disk stays: front lacks CPU, or the messages between front and mid are late.
func TestDiagnose_leafTakesWhatWaitsForTheDiskAlone(t *testing.T) {
	for name, c := range map[string]struct {
		fault func(*world)
		want  []string
	}{
		"front lacks CPU":   {func(w *world) { w.own[op("front")], w.metric[cpu("front")] = 0.205, 0.98 }, []string{"dependency db", "service front"}},
		"messages are late": {func(w *world) { w.network[edge("front", "mid")] = 0.200 }, []string{"dependency db", "edge mid"}},
	} {
		for _, busy := range []float64{0.9, 0.1} {
			t.Run(name, func(t *testing.T) {
				w := chain()
				w.metric[diskOf("mid")] = 0.1
				in, rec := incident(w, func(w *world) {
					w.own[op("mid")], w.leaf[edge("back", "db")], w.metric[diskOf("mid")] = 0.310, 0.530, busy
					c.fault(w)
				})
				in.Snapshot.Resources = []window.Resource{replicas("mid", busy)}
				v := diagnose(in, Config{}.withDefaults(), rec, nil)
				want := slices.Clone(c.want)
				if busy == 0.1 { // there is no disk to wait for
					want = append(want, "service mid")
				}
				assert.ElementsMatch(t, want, kindsOf(v), "%v", busy)
			})
		}
	}
}

// Another leaf, less slow than the first but slower than mid, is on the host as well: that
// the first is there is known only once mid's wait was found to be for the first.
func TestDiagnose_secondLeafOnSaturatedDisk(t *testing.T) {
	for busy, want := range map[float64][]string{0.9: {"db"}, 0.1: {"db", "cache", "mid"}} {
		w := chain().query("back", "cache", 1, 0.010)
		w.metric[diskOf("mid")] = 0.1
		in, rec := incident(w, func(w *world) {
			w.own[op("mid")], w.leaf[edge("back", "db")], w.leaf[edge("back", "cache")] = 0.160, 0.430, 0.230
			w.metric[diskOf("mid")] = busy
		})
		in.Snapshot.Resources = []window.Resource{replicas("mid", busy)}
		v := diagnose(in, Config{}.withDefaults(), rec, nil)
		require.False(t, v.Abstained, v.Reason)
		assert.ElementsMatch(t, want, services(v), "%v", busy)
		sound(t, v)
	}
}

// A store whose cache collapsed asks a database ten times as often, by 90 ms a query
// more slowly. Another service, whose host's disk is saturated, waits behind it, even
// if it waits longer; by more than twice as long it has a fault of its own.
func TestDiagnose_whoAsksMoreOfTheDisk(t *testing.T) {
	for name, c := range map[string]struct {
		rise float64 // of the other service, seconds
		busy float64
		want []string
	}{
		"waits for less":       {0.050, 0.9, []string{"store"}},
		"waits longer":         {0.150, 0.9, []string{"store"}},
		"waits twice as long":  {0.170, 0.9, []string{"store"}},
		"waits more than that": {0.220, 0.9, []string{"other", "store"}},
		"waits for no disk":    {0.150, 0.1, []string{"other", "store"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld().serve("store", 0.010, 1).serve("other", 0.010, 1).serve("front", 0.005, 1).
				query("store", "db", 0.1, 0.030).call("front", "store", 1, 0.002).call("front", "other", 1, 0.002)
			w.metric[diskOf("other")] = 0.1
			in, rec := incident(w, func(w *world) {
				w.calls[edge("store", "db")], w.leaf[edge("store", "db")] = 1, 0.120
				w.own[op("other")], w.metric[diskOf("other")] = 0.010+c.rise, c.busy
			})
			in.Snapshot.Resources = []window.Resource{replicas("other", c.busy)}
			v := diagnose(in, Config{}.withDefaults(), rec, nil)
			require.False(t, v.Abstained, v.Reason)
			assert.ElementsMatch(t, c.want, services(v))
			sound(t, v)
		})
	}
}

// The same of a store whose database keeps up: it has nothing but its extra calls, and
// waits 60 ms itself, of which another service waits 100 ms behind it.
func TestDiagnose_whoAsksMoreAndWaits(t *testing.T) {
	for calls, want := range map[float64][]string{
		1:   {"store"},          // 0.9 x 200 ms of calls that few requests made
		0.1: {"other", "store"}, // as many as ever: two slow services, of one of which the host is not known
	} {
		w := newWorld().serve("store", 0.010, 1).serve("other", 0.010, 1).serve("front", 0.005, 1).
			query("store", "db", 0.1, 0.200).call("front", "store", 1, 0.002).call("front", "other", 1, 0.002)
		w.metric[diskOf("other")] = 0.1
		in, rec := incident(w, func(w *world) {
			w.calls[edge("store", "db")], w.own[op("store")] = calls, 0.070
			w.own[op("other")], w.metric[diskOf("other")] = 0.110, 0.9
		})
		in.Snapshot.Resources = []window.Resource{replicas("other", 0.9)}
		v := diagnose(in, Config{}.withDefaults(), rec, nil)
		assert.ElementsMatch(t, want, services(v))
	}
}

// Who waits for a pool does not wait for the disk that all share.
func TestDiagnose_poolBesideASaturatedDisk(t *testing.T) {
	w := workers()
	w.metric[diskOf("front")], w.metric[diskOf("worker")] = 0.1, 0.1
	in, rec := incident(w, func(w *world) {
		w.lambda[op("front")], w.own[op("worker")] = 1, 0.060
		w.metric[diskOf("front")], w.metric[diskOf("worker")] = 0.9, 0.9
	})
	in.Snapshot.Resources = []window.Resource{replicas("front", 0.9), replicas("worker", 0.9)}
	v := diagnose(in, Config{}.withDefaults(), rec, nil)
	assert.ElementsMatch(t, []string{"front", "worker"}, services(v))
}

// Of two services on one host with a saturated disk, the less slow one is a victim,
// unless one of its replicas is slow and it is not the disk of that one's host which
// is busier than those of the others.
func TestDiagnose_badReplicaIsNoVictim(t *testing.T) {
	for name, c := range map[string]struct {
		slow  float64   // median of mid's first replica, seconds; the others take 0.06
		disks []float64 // of the hosts of mid's replicas; back's is at 0.9
		want  []string
	}{
		"all are slow":                             {0.06, []float64{0.9, 0.9, 0.9}, []string{"service back"}},
		"one is slow, all disks are busy":          {0.6, []float64{0.9, 0.9, 0.9}, []string{"service back", "instance mid"}},
		"one is slow, and its disk is the busiest": {0.6, []float64{0.9, 0.5, 0.5}, []string{"service back"}},
		"one is slow, its disk hardly busier":      {0.6, []float64{0.9, 0.65, 0.5}, []string{"service back", "instance mid"}},
		"one is slow, another's disk is busy":      {0.6, []float64{0.1, 0.9, 0.1}, []string{"service back", "instance mid"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := chain()
			w.metric[diskOf("mid")], w.metric[diskOf("back")] = 0.1, 0.1
			in, rec := incident(w, func(w *world) {
				w.own[op("mid")], w.own[op("back")] = 0.110, 0.220
				w.metric[diskOf("mid")], w.metric[diskOf("back")] = 0.9, 0.9
			})
			in.Snapshot.Resources = []window.Resource{replicas("back", 0.9), replicas("mid", c.disks...)}
			r := window.RPC{Key: op("mid"), Count: 60}
			for i, m := range []float64{c.slow, 0.06, 0.06} {
				r.Instances = append(r.Instances, window.Instance{ID: "mid" + string(rune('1'+i)), Count: 20, Latency: sketched(20, m)})
			}
			in.Snapshot.RPCs = []window.RPC{r}
			v := diagnose(in, Config{}.withDefaults(), rec, nil)
			require.False(t, v.Abstained, v.Reason)
			assert.ElementsMatch(t, c.want, kindsOf(v))
			sound(t, v)
		})
	}
}

func TestDisk_before(t *testing.T) {
	for name, c := range map[string]struct {
		a, b         disk
		first, other bool // whether a is the cause, and whether b is, a being the first of both
	}{
		"the slower":                   {disk{rise: 2}, disk{rise: 1}, true, false},
		"the less slow":                {disk{rise: 1}, disk{rise: 2}, false, true},
		"as slow":                      {disk{rise: 1}, disk{rise: 1}, true, false},
		"asks more":                    {disk{rise: 1, asks: true}, disk{rise: 1.9}, true, false},
		"asks more, and twice as slow": {disk{rise: 1, asks: true}, disk{rise: sameWait}, true, false},
		"asks more, and slower yet":    {disk{rise: 1, asks: true}, disk{rise: 2.1}, false, false},
		"asks for nothing more":        {disk{rise: 9}, disk{rise: 8, asks: true}, false, true},
		"both ask more: the slower":    {disk{rise: 3, asks: true}, disk{rise: 1, asks: true}, true, false},
		"both ask more: the less slow": {disk{rise: 1, asks: true}, disk{rise: 3, asks: true}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.first, c.a.before(c.b, true))
			assert.Equal(t, c.other, c.b.before(c.a, false))
		})
	}
}

func TestDisk_meets(t *testing.T) {
	on := func(v float64) disk { return disk{host: []reading{{metric: diskBusy, value: v}}} }
	named := func(host string, v float64) disk { return disk{host: []reading{{host, diskBusy, v}}} }
	leaf := disk{unknown: true}
	for name, c := range map[string]struct {
		a, b disk
		want bool
	}{
		"the same reading":         {on(0.9), on(0.9), true},
		"another reading":          {on(0.9), on(0.8), false},
		"one host, read apart":     {named("n1", 0.9), named("n1", 0.8), true},
		"two hosts, as busy":       {named("n1", 1), named("n2", 1), false},
		"one host is not named":    {named("n1", 0.9), on(0.9), true},
		"and reads something else": {named("n1", 0.9), on(0.8), false},
		"a leaf, and a busy disk":  {leaf, on(0.9), true},
		"two leaves":               {leaf, leaf, false},
		"a leaf, and nothing busy": {leaf, disk{}, false},
		"a busy disk, and nothing": {on(0.9), disk{}, false},
		"a leaf on that host":      {disk{unknown: true, on: []string{"n1"}}, named("n1", 0.9), true},
		"a leaf on another host":   {disk{unknown: true, on: []string{"n2"}}, named("n1", 0.9), false},
		"on one without a name":    {disk{unknown: true, on: []string{"n2"}}, on(0.9), true},
		"a leaf that took a host":  {disk{unknown: true, host: on(0.9).host}, leaf, true},
		"and what waits for none":  {disk{unknown: true, host: on(0.9).host}, disk{rise: 1}, false},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, c.a.meets(c.b))
			assert.Equal(t, c.want, c.b.meets(c.a))
		})
	}
}

// A leaf of which nobody knows the host is not the cause of waits that are longer than its own.
func TestDisk_before_unknown(t *testing.T) {
	for _, c := range []struct {
		a, b disk
		want bool
	}{
		{disk{unknown: true, rise: 3, tail: 10}, disk{rise: 2, tail: 12}, true},
		{disk{unknown: true, rise: 3, tail: 10}, disk{rise: 2, tail: 13}, false},
		{disk{rise: 3, tail: 10}, disk{rise: 2, tail: 13}, true},
		{disk{unknown: true, asks: true, rise: 3, tail: 10}, disk{rise: 2, tail: 13}, true},
		{disk{unknown: true, takes: true, rise: 3, tail: 10}, disk{rise: 2, tail: 13}, true},
		{disk{unknown: true, rise: 3, tail: 10}, disk{unknown: true, rise: 2, tail: 13}, true},
	} {
		assert.Equal(t, c.want, c.a.before(c.b, true), "%+v %+v", c.a, c.b)
	}
}
