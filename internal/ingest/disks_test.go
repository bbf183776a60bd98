package ingest

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// ofHosts are metrics of a host: two of its disks, and three that are none of a store's.
var ofHosts = []string{
	"system.disk.pending_operations", "system.filesystem.utilization",
	"system.cpu.load_average.1m", "system.memory.utilization", "system.network.connections",
}

// hostOwners returns whom the metrics of hosts are of in the only snapshot, without the scope.
func (r *rig) hostOwners() []string {
	out := []string{}
	for _, s := range r.end() {
		for _, o := range ownersOf(s) {
			if at, metric, ok := strings.Cut(o, " host."); ok {
				out = append(out, at+" "+metric)
			}
		}
	}
	return out
}

// TestDisks sends metrics of pods and containers and those of a host beside spans of web on n1,
// which call databases, in each order, and lists who has which of the host's. Its disks are those
// of the stores on it.
func TestDisks(t *testing.T) {
	host := func(name string) attrs { return attrs{"host.name": name} }
	node := func(name string) attrs { return attrs{"k8s.node.name": name} }
	docker := attrs{"container.name": "mongo", "container.id": "c1", "host.name": "vm1"}
	disks := func(owner string) []string { return []string{owner + " disk.pending", owner + " disk.utilization"} }
	all := func(owner string) []string {
		return []string{owner + " cpu.load", owner + " disk.pending", owner + " disk.utilization", owner + " memory.utilization", owner + " network.connections"}
	}
	mongo0, none := disks("mongodb:mongo mongo-0@n2"), []string{}
	for _, c := range []struct {
		name    string
		address []string
		pods    []attrs
		host    attrs
		want    []string
	}{
		{"its node", []string{"mongo"}, []attrs{pod("mongo", "mongo-0", nil)}, node("n2"), mongo0},
		{"as a host", []string{"mongo"}, []attrs{pod("mongo", "mongo-0", nil)}, host("n2"), mongo0},
		{"another", []string{"mongo"}, []attrs{pod("mongo", "mongo-0", nil)}, host("n3"), none},
		{"that of Docker", []string{"mongo"}, []attrs{docker}, host("vm1"), disks("mongodb:mongo mongo@vm1")},
		{"by an ID", []string{"mongo"}, []attrs{{"container.name": "mongo", "host.id": "h1"}}, attrs{"host.id": "h1"}, disks("mongodb:mongo mongo@h1")},
		{
			"the node agrees, the name of the host does not",
			[]string{"mongo"},
			[]attrs{pod("mongo", "mongo-0", attrs{"host.name": "agent-x"})},
			attrs{"k8s.node.name": "n2", "host.name": "ip-10-0-0-2"},
			mongo0,
		},
		{
			"the name of the host agrees, the node does not",
			[]string{"mongo"},
			[]attrs{pod("mongo", "mongo-0", attrs{"host.name": "collector"})},
			attrs{"k8s.node.name": "n3", "host.name": "collector"},
			none,
		},
		{
			"where one that says it for all runs",
			[]string{"mongo"},
			[]attrs{pod("mongo", "mongo-0", attrs{"host.name": "n9"})},
			host("n9"),
			none,
		},
		{
			"replicas on it, each",
			[]string{"mongo"},
			[]attrs{pod("mongo", "mongo-1", nil), pod("mongo", "mongo-0", nil), pod("mongo", "mongo-2", attrs{"k8s.node.name": "n3"})},
			node("n2"),
			slices.Concat(mongo0, disks("mongodb:mongo mongo-1@n2")),
		},
		{
			"names of one store, each",
			[]string{"mongo", "mongo.shop.svc"},
			[]attrs{pod("mongo", "mongo-0", nil)},
			node("n2"),
			slices.Concat(mongo0, disks("mongodb:mongo.shop.svc mongo-0@n2")),
		},
		{
			"beside a replica with spans",
			[]string{"mongo"},
			[]attrs{pod("mongo", "mongo-0", attrs{"k8s.node.name": "n1"})},
			node("n1"),
			slices.Concat(disks("mongodb:mongo mongo-0@n1"), all("web web-0@")),
		},
		{"the host is what is called", []string{"db1"}, []attrs{{"container.name": "db1", "host.name": "db1"}}, host("db1"), all("mongodb:db1 db1@db1")},
		{"whoever else is in it", []string{"db1"}, []attrs{{"k8s.pod.name": "db1-0", "k8s.container.name": "db1", "host.name": "db1"}}, host("db1"), all("mongodb:db1 db1@db1")},
		{
			"of two stores one is the host",
			[]string{"db1", "redis"},
			[]attrs{{"container.name": "redis", "host.name": "db1"}},
			host("db1"),
			slices.Concat(all("mongodb:db1 db1@db1"), disks("mongodb:redis redis@db1")),
		},
		{"a pod of another namespace", []string{"mongo"}, []attrs{pod("mongo", "mongo-0", attrs{"k8s.namespace.name": "stage"})}, node("n2"), none},
		{"a receiver that asks it", []string{"mongo"}, []attrs{{"server.address": "mongo", "k8s.node.name": "n2"}}, node("n2"), none},
		{"who watches what runs it", []string{"mongo"}, []attrs{{"k8s.statefulset.name": "mongo", "k8s.namespace.name": "shop", "host.name": "n2"}}, host("n2"), none},
		{"nobody says where it runs", []string{"mongo"}, []attrs{{"k8s.pod.name": "mongo-0", "k8s.namespace.name": "shop"}}, host("n2"), none},
		{"nor of which host the others are", []string{"mongo"}, []attrs{{"k8s.pod.name": "mongo-0", "k8s.namespace.name": "shop"}}, attrs{"os.type": "linux"}, none},
		{"of a pod beside it", []string{"mongo"}, []attrs{pod("mongo", "mongo-0", nil)}, attrs{"k8s.pod.name": "agent-x", "k8s.node.name": "n2"}, none},
		{
			"of another store, by its address",
			[]string{"mongo", "redis"},
			[]attrs{pod("mongo", "mongo-0", nil)},
			attrs{"server.address": "redis", "k8s.node.name": "n2"},
			all("mongodb:redis redis@n2"),
		},
		{"a pod's own name", []string{"mongo"}, []attrs{{"k8s.pod.name": "mongo-0", "host.name": "mongo-0"}}, host("mongo-0"), none},
		{"nobody calls it", nil, []attrs{pod("mongo", "mongo-0", nil)}, node("n2"), none},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, order := range []string{"cph", "chp", "pch", "phc", "hcp", "hpc"} {
				r := newRig(t, testConfig())
				step := func(what rune, when time.Duration) {
					switch what {
					case 'c':
						r.Traces(batchOf(t, call(1, when, attrs{})...), now())
						for k, a := range c.address {
							r.Traces(batchOf(t, call(uint64(k+2), when, mongo(a))...), now())
						}
					case 'p':
						for _, p := range c.pods {
							r.Metrics(gaugeOf(t, p, "container.cpu.usage", when, 1), now())
						}
					case 'h':
						for _, metric := range ofHosts {
							r.Metrics(gaugeOf(t, c.host, metric, when, 1), now())
						}
					}
				}
				again := order
				if order != "cph" { // where all comes as it is needed nothing has to come again
					again += "ph"
				}
				for k, what := range again {
					step(what, time.Duration(k+1)*time.Second)
				}
				assert.Equal(t, c.want, r.hostOwners(), order)
			}
		})
	}
}

// Points that say themselves of which host they are: of the node-exporter, beside cAdvisor.
func TestDisks_labels(t *testing.T) {
	for _, c := range []struct {
		name                string
		metric              string
		container, exporter attrs
		want                []string
		lost                int
	}{
		{"by the node", "system_filesystem_utilization_ratio", attrs{"node": "n2", "instance": "10.0.0.2:10250"}, attrs{"node": "n2", "instance": "10.0.0.2:9100"}, []string{"mongodb:mongo mongo-0@n2 disk.utilization"}, 0},
		{"by where they were scraped", "system_filesystem_utilization_ratio", attrs{"instance": "n2:10250"}, attrs{"instance": "n2:9100"}, []string{"mongodb:mongo mongo-0@n2 disk.utilization"}, 0},
		{"another", "system_filesystem_utilization_ratio", attrs{"node": "n2"}, attrs{"node": "n3"}, []string{}, 1},
		{"not of its disks", "node_load1", attrs{"node": "n2"}, attrs{"node": "n2"}, []string{}, 1},
		{"of a disk that is not the host's", "container_fs_usage_bytes", attrs{"node": "n2"}, attrs{"node": "n2"}, []string{}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, testConfig())
			r.Traces(batchOf(t, call(1, time.Second, mongo("mongo"))...), now())
			maps.Copy(c.container, attrs{"namespace": "shop", "pod": "mongo-0"})
			r.Metrics(scraped(t, attrs{"service.name": "cadvisor"}, "container_memory_rss", c.container), now())
			r.Metrics(scraped(t, attrs{"service.name": "node-exporter"}, c.metric, c.exporter), now())
			assert.Equal(t, c.lost, r.lost["no_service"])
			assert.Equal(t, c.want, r.hostOwners())
		})
	}
}

// On a host from which nobody sends spans, each point that is not of a disk is refused as it is
// where no store runs there.
func TestDisks_refused(t *testing.T) {
	for _, runs := range []bool{true, false} {
		r := newRig(t, testConfig())
		r.Traces(batchOf(t, call(1, time.Second, mongo("mongo"))...), now())
		if runs {
			r.Metrics(gaugeOf(t, pod("mongo", "mongo-0", nil), "container.cpu.usage", time.Second, 1), now())
		}
		used := r.points
		for _, metric := range ofHosts {
			r.Metrics(gaugeOf(t, attrs{"host.name": "n2"}, metric, time.Second, 1), now())
		}
		if runs {
			assert.Equal(t, 2, r.points-used)
			assert.Equal(t, map[string]int{"no_service": 3}, r.lost)
		} else {
			assert.Equal(t, 0, r.points-used)
			assert.Equal(t, map[string]int{"no_service": 5}, r.lost)
		}
		r.end()
	}
}

// TestDisks_end lets something come to pass that makes a store no tenant of n2 any more.
func TestDisks_end(t *testing.T) {
	cfg := testConfig()
	later, soon := cfg.Forget+2*time.Second, cfg.Forget/movedAfter+2*time.Second
	calls := func(r *rig, when time.Duration) {
		r.Traces(batchOf(t, call(uint64(when), when, mongo("mongo"))...), now())
	}
	runs := func(r *rig, when time.Duration, more attrs) {
		r.Metrics(gaugeOf(t, pod("mongo", "mongo-0", more), "container.cpu.usage", when, 1), now())
	}
	for _, c := range []struct {
		name string
		when time.Duration
		then func(r *rig, when time.Duration)
		want bool
	}{
		{"nothing", 2 * time.Second, func(*rig, time.Duration) {}, true},
		{"for a while", soon, calls, true},
		{"it sends spans", 2 * time.Second, func(r *rig, when time.Duration) {
			s := root(9, when)
			s.service = "mongo"
			r.Traces(batchOf(t, s), now())
		}, false},
		{"nobody calls it any more", later, func(r *rig, when time.Duration) { runs(r, when, nil) }, false},
		{"its pod is gone", later, calls, false},
		{"it has moved", soon, func(r *rig, when time.Duration) { runs(r, when, attrs{"k8s.node.name": "n3"}) }, false},
		{"another of that name is elsewhere", 2 * time.Second, func(r *rig, when time.Duration) { runs(r, when, attrs{"k8s.node.name": "n3"}) }, true},
		{"one of that name is elsewhere all the time", soon, func(r *rig, when time.Duration) {
			runs(r, when, nil)
			runs(r, when, attrs{"k8s.node.name": "n3"})
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, cfg)
			calls(r, time.Second)
			runs(r, time.Second, nil)
			host := func(when time.Duration) {
				r.Metrics(gaugeOf(t, attrs{"host.name": "n2"}, ofHosts[0], when, 1), now())
			}
			host(time.Second)
			require.Empty(t, r.lost)
			s := root(8, c.when)
			s.resource = attrs{"k8s.namespace.name": "shop"}
			r.Traces(batchOf(t, s), now()) // event time goes on
			c.then(r, c.when)
			used := r.points
			host(c.when)
			assert.Equal(t, c.want, r.points > used)
			r.end()
		})
	}
}

// A pod that turns out to be another store's is no tenant for the first one any more, also where
// labels say so.
func TestDisks_decidedAnew(t *testing.T) {
	for _, told := range []pmetric.Metrics{
		gaugeOf(t, pod("mongo", "mongo-users-0", nil), "container.cpu.usage", time.Second, 1),
		scraped(t, nil, "container_memory_rss", attrs{"namespace": "shop", "pod": "mongo-users-0", "container": "mongo", "node": "n2"}),
	} {
		r := newRig(t, testConfig())
		on := func() (out []string) {
			for _, in := range r.stores.residents("n2", at(time.Second).UnixNano()) {
				out = append(out, in.Service.Name)
			}
			return out
		}
		r.Traces(batchOf(t, call(1, time.Second, mongo("mongo"))...), now())
		r.Metrics(told, now())
		assert.Equal(t, []string{"mongodb:mongo"}, on(), "by the name of a container")
		r.Traces(batchOf(t, call(2, time.Second, mongo("mongo-users"))...), now())
		r.Metrics(told, now())
		assert.Equal(t, []string{"mongodb:mongo-users"}, on(), "by that of the pod, which is better")
		r.end()
	}
}

// Who is told of stores finds their disks, as all metrics come to it as they are.
func TestDisks_ofAFleet(t *testing.T) {
	pieces := append(told(t, "a", batchOf(t, call(1, time.Second, mongo("mongo.shop.svc"))...)), piece("b", 1, 0, "plain", "GET /"))
	for _, order := range []string{"stores first", "metrics first"} {
		r := newRig(t, listening())
		metrics := func(when time.Duration) {
			r.Metrics(gaugeOf(t, pod("mongo", "mongo-0", nil), "container.cpu.usage", when, 1), now())
			r.Metrics(gaugeOf(t, attrs{"host.name": "n2"}, ofHosts[0], when, 1), now())
		}
		if order == "metrics first" {
			metrics(time.Second)
		}
		r.Pieces(slices.Clone(pieces), now())
		metrics(2 * time.Second)
		assert.Equal(t, []string{"mongodb:mongo.shop.svc mongo-0@n2 disk.pending"}, r.hostOwners(), order)
	}
}
