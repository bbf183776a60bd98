package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

const written = "container.disk.io_written"

// onNodes lets metrics say where stores are, and a replica of back on node-1, of mid and front on
// node-2, that the use of CPU, or the disk, of node-1 is what it reads.
func onNodes(in *Input, metric string, reads float64, stores map[string]string) {
	placed(in, metric, map[string]string{"back": "node-1", "mid": "node-2", "front": "node-2"}, map[string]float64{"node-1": reads, "node-2": 0.1})
	for _, name := range []string{"cache", "db", "other"} { // sorted
		if host := stores[name]; host != "" {
			in.Snapshot.Resources = append(in.Snapshot.Resources, window.Resource{Service: svc(name), Instances: []window.InstanceValues{{ID: name + "-0", Host: host}}})
		}
	}
}

// back, which runs on node-1, calls db, which does too, and mid on node-2 calls cache. "other" is a store that nobody calls
// on the way. What is slow on a host that lacks something is its, but for who takes it.
func TestDiagnose_storesOfAHost(t *testing.T) {
	metric := func(service, name string) feature.Key { return hostMetric(service, name) }
	for name, c := range map[string]struct {
		host            string  // metric of the host of back
		reads           float64 // usually 0.1
		db, cache, back float64 // seconds, usually 0.030, 0.010, 0.020
		cacheOn         string
		fault           func(*world)
		want            []string // kind and service
		on              string   // evidence of the first
	}{
		"the host's CPU":                  {hostCPU, 0.95, 0.230, 0.010, 0.090, "node-2", nil, []string{"host db"}, "on node-1 back slower too"},
		"and of another store on it":      {hostCPU, 0.95, 0.230, 0.150, 0.090, "node-1", nil, []string{"host db"}, "on node-1 back, cache slower too"},
		"two stores alone are slower":     {hostCPU, 0.95, 0.230, 0.150, 0.020, "node-1", nil, []string{"host db"}, "on node-1 cache slower too"},
		"a store elsewhere is not its":    {hostCPU, 0.95, 0.230, 0.210, 0.020, "node-2", nil, []string{"dependency cache", "dependency db"}, ""},
		"the host has enough":             {hostCPU, 0.1, 0.230, 0.010, 0.200, "node-1", nil, []string{"dependency db", "service back"}, ""},
		"the store takes the CPU":         {hostCPU, 0.95, 0.230, 0.010, 0.020, "node-1", func(w *world) { w.metric[cpu("db")] = 0.9 }, []string{"dependency db"}, ""},
		"it has a reason of its own":      {hostCPU, 0.95, 0.230, 0.010, 0.020, "node-1", func(w *world) { w.metric[metric("db", "db.client.connection.wait_time")] = 0.9 }, []string{"dependency db"}, ""},
		"the host's disk":                 {diskBusy, 0.95, 0.230, 0.110, 0.020, "node-1", nil, []string{"host db"}, "on node-1 cache slower too"},
		"who writes is the cause":         {diskBusy, 0.95, 0.230, 0.110, 0.020, "node-1", func(w *world) { w.metric[metric("cache", written)] = 3e8 }, []string{"dependency cache"}, ""},
		"who writes elsewhere is not":     {diskBusy, 0.95, 0.230, 0.210, 0.020, "node-2", func(w *world) { w.metric[metric("cache", written)] = 3e8 }, []string{"dependency cache", "dependency db"}, ""},
		"a store that nobody calls takes": {diskBusy, 0.95, 0.230, 0.010, 0.020, "node-2", func(w *world) { w.metric[metric("other", written)] = 3e8 }, []string{"dependency db"}, ""},
		"and another is slower too":       {diskBusy, 0.95, 0.230, 0.110, 0.020, "node-1", func(w *world) { w.metric[metric("other", written)] = 3e8 }, []string{"host db"}, "on node-1 other takes it: container.disk.io_written 300000000 vs 100000 usual"},
		"nobody says what the disk does":  {hostCPU, 0.1, 0.230, 0.110, 0.020, "node-1", func(w *world) { w.metric[metric("cache", written)] = 3e8 }, []string{"dependency cache"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := chain().query("mid", "cache", 1, 0.010)
			for _, n := range []string{"back", "mid", "front"} {
				w.metric[metric(n, c.host)] = 0.1
			}
			for _, n := range []string{"cache", "db", "other"} {
				w.metric[cpu(n)], w.metric[metric(n, written)] = 0.1, 1e5
			}
			w.metric[metric("db", "db.client.connection.wait_time")] = 0.01
			in, rec := incident(w, func(w *world) {
				w.leaf[edge("back", "db")], w.leaf[edge("mid", "cache")], w.own[op("back")] = c.db, c.cache, c.back
				w.metric[metric("back", c.host)] = c.reads
				if c.fault != nil {
					c.fault(w)
				}
			})
			onNodes(&in, c.host, c.reads, map[string]string{"db": "node-1", "cache": c.cacheOn, "other": "node-1"})
			v := diagnose(in, Config{}.withDefaults(), rec, nil)
			require.False(t, v.Abstained, v.Reason)
			assert.ElementsMatch(t, c.want, kindsOf(v))
			if c.on != "" {
				assert.Equal(t, "node-1", v.Culprits[0].Host)
				assert.Equal(t, c.on, v.Culprits[0].Evidence[0])
			}
			sound(t, v)
		})
	}
}

// Metrics come less often than windows close: a store is where it was said to be last, for ten
// windows.
func TestWhereabouts(t *testing.T) {
	var p Whereabouts
	at := func(host string) *window.Snapshot {
		return &window.Snapshot{Resources: []window.Resource{{Service: svc("db"), Instances: []window.InstanceValues{{ID: "db-0", Host: host}}}}}
	}
	db, silent := identity.Instance{Service: svc("db"), ID: "db-0"}, &window.Snapshot{}
	assert.Empty(t, newPlaces(silent, nil))
	p.Learn(at("node-1"))
	p.Learn(at("")) // spans say it, or nobody
	assert.Equal(t, places{db: "node-1"}, newPlaces(silent, &p))
	p.Learn(at("node-2"))
	for range placedFor - 1 {
		p.Learn(silent)
	}
	assert.Equal(t, places{db: "node-2"}, newPlaces(silent, &p))
	assert.Equal(t, places{db: "node-3"}, newPlaces(at("node-3"), &p), "the window itself counts first")
	p.Learn(silent)
	assert.Empty(t, newPlaces(silent, &p))
	assert.Empty(t, p.at)
}
