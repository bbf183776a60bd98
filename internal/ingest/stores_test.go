package ingest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/window"
)

// call is a request of web in namespace shop on n1 that calls a database for 50 ms.
func call(trace uint64, end time.Duration, database attrs) []sp {
	s := root(trace, end)
	s.resource = attrs{"k8s.namespace.name": "shop", "k8s.node.name": "n1", "k8s.pod.name": "web-0"}
	c := s
	c.id, c.parent, c.kind, c.name = 2, 1, ptrace.SpanKindClient, "find"
	c.start, c.end, c.attrs = end-70*time.Millisecond, end-20*time.Millisecond, database
	return []sp{s, c}
}

func mongo(address string) attrs { return attrs{"db.system": "mongodb", "server.address": address} }

// pod is a container as the kubelet tells of it.
func pod(container, name string, more attrs) attrs {
	out := attrs{"k8s.namespace.name": "shop", "k8s.container.name": container, "k8s.pod.name": name, "k8s.node.name": "n2"}
	for k, v := range more {
		out[k] = v
	}
	return out
}

// ownersOf returns whom the resources of a snapshot are of, with metric, replicas and hosts.
func ownersOf(s *window.Snapshot) []string {
	out := []string{}
	for _, r := range s.Resources {
		for _, in := range r.Instances {
			for _, v := range in.Values {
				out = append(out, fmt.Sprintf("%s %s@%s %s", r.Service, in.ID, in.Host, v.Metric))
			}
		}
	}
	return out
}

// TestStores sends metrics of a resource beside spans that call databases, and lists who has
// the metric.
func TestStores(t *testing.T) {
	const id = "user-mongo-7d9c8b6f5d-x7k2p"
	user := []string{"mongodb:user-mongo " + id + "@n2 container.cpu.usage"}
	none := []string{}
	for _, c := range []struct {
		name      string
		addresses []string
		resource  attrs
		want      []string
	}{
		{"a container called like the host", []string{"user-mongo"}, pod("user-mongo", id, nil), user},
		{"whose pod alone is", []string{"user-mongo"}, pod("mongod", id, nil), user},
		{"or what runs it", []string{"user-mongo"}, pod("mongod", "a-pod", attrs{"k8s.deployment.name": "user-mongo"}), []string{"mongodb:user-mongo a-pod@n2 container.cpu.usage"}},
		{"in other letters", []string{"User-Mongo"}, pod("mongod", id, nil), []string{"mongodb:User-Mongo " + id + "@n2 container.cpu.usage"}},
		{
			"several spellings, each a peer",
			[]string{"user-mongo", "user-mongo.shop.svc.cluster.local:27017", "mongodb://user-mongo.shop/users"},
			pod("user-mongo", id, nil),
			[]string{
				user[0], "mongodb:user-mongo.shop " + id + "@n2 container.cpu.usage",
				"mongodb:user-mongo.shop.svc.cluster.local " + id + "@n2 container.cpu.usage",
			},
		},
		{"another namespace, where callers run", []string{"user-mongo"}, pod("user-mongo", id, attrs{"k8s.namespace.name": "stage"}), none},
		{"another namespace than that of the name", []string{"user-mongo.data.svc"}, pod("user-mongo", id, nil), none},
		{"that of the name", []string{"user-mongo.data.svc"}, pod("user-mongo", id, attrs{"k8s.namespace.name": "data"}), []string{"mongodb:user-mongo.data.svc " + id + "@n2 container.cpu.usage"}},
		{"a name of the internet", []string{"user-mongo.a1b2.eu-west-1.example.com"}, pod("user-mongo", id, nil), none},
		{"a container of Docker", []string{"user-mongo"}, attrs{"container.name": "user-mongo", "container.id": "c1", "host.name": "vm1"}, []string{"mongodb:user-mongo user-mongo@vm1 container.cpu.usage"}},
		{"of Compose", []string{"user-mongo"}, attrs{"container.name": "shop-user-mongo-1", "container.id": "c1", "host.name": "vm1"}, []string{"mongodb:user-mongo shop-user-mongo-1@vm1 container.cpu.usage"}},
		{"of Swarm", []string{"user-mongo"}, attrs{"container.name": "shop_user-mongo.1.x2y3", "container.id": "c1", "host.name": "vm1"}, []string{"mongodb:user-mongo shop_user-mongo.1.x2y3@vm1 container.cpu.usage"}},
		{"a part of a name", []string{"mongo"}, pod("user-mongo", id, nil), none},
		{"a container's name in a pod of something else", []string{"mongo"}, pod("mongo", "user-mongo-0", nil), none},
		{"a member of a set", []string{"m-0.m.shop.svc", "m-1.m.shop.svc"}, pod("mongod", "m-1", nil), []string{"mongodb:m-1.m.shop.svc m-1@n2 container.cpu.usage"}},
		{"in short", []string{"m-0.m", "m-1.m"}, pod("mongod", "m-1", nil), []string{"mongodb:m-1.m m-1@n2 container.cpu.usage"}},
		{"of which nobody calls that one", []string{"m-0.m.shop.svc"}, pod("mongod", "m-1", nil), none},
		{"all of them", []string{"m"}, pod("mongod", "m-1", nil), []string{"mongodb:m m-1@n2 container.cpu.usage"}},
		{"the set itself", []string{"m-0.m.shop.svc"}, attrs{"k8s.namespace.name": "shop", "k8s.statefulset.name": "m"}, []string{"mongodb:m-0.m.shop.svc @ container.cpu.usage"}},
		{"the address of a pod", []string{"10.1.2.3"}, pod("mongod", "m-1", attrs{"k8s.pod.ip": "10.1.2.3"}), []string{"mongodb:10.1.2.3 m-1@n2 container.cpu.usage"}},
		{"a loopback", []string{"127.0.0.1"}, pod("mongod", "m-1", attrs{"k8s.pod.ip": "127.0.0.1"}), none},
		{"an exporter", []string{"user-mongo"}, attrs{"service.name": "mongodb-exporter", "service.instance.id": "user-mongo:9216"}, []string{"mongodb:user-mongo user-mongo@ container.cpu.usage"}},
		{"a receiver, beside a replica", []string{"user-mongo"}, attrs{"server.address": "user-mongo", "server.port": 27017, "k8s.node.name": "n1"}, []string{"mongodb:user-mongo user-mongo@n1 container.cpu.usage"}},
		{"a service of that name", []string{"user-mongo"}, attrs{"service.namespace": "s", "service.name": "user-mongo"}, []string{"mongodb:user-mongo @ container.cpu.usage"}},
		{"of another", []string{"user-mongo"}, attrs{"service.name": "carts"}, []string{"carts @ container.cpu.usage"}},
		{"who sends spans keeps its own", []string{"web.shop.svc"}, attrs{"k8s.namespace.name": "shop", "k8s.deployment.name": "web"}, none},
		{"also by name", []string{"web.shop.svc"}, attrs{"service.name": "web"}, []string{"web @ container.cpu.usage"}},
		{"a replica that sends spans", []string{"web-0"}, pod("web", "web-0", nil), []string{"web web-0@ container.cpu.usage"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, first := range []string{"spans", "metrics"} {
				r := newRig(t, testConfig())
				metrics := func(when time.Duration) {
					r.Metrics(gaugeOf(t, c.resource, "container.cpu.usage", when, 1), now())
				}
				if first == "metrics" {
					metrics(0)
				}
				for k, address := range c.addresses {
					r.Traces(batchOf(t, call(uint64(k+1), 11*time.Second, mongo(address))...), now())
				}
				metrics(12 * time.Second)
				snaps := r.end()
				assert.Equal(t, c.want, ownersOf(snaps[len(snaps)-1]), "%s first", first)
			}
		})
	}
}

// TestStores_labels sends points that say themselves whose they are, scraped from one job.
func TestStores_labels(t *testing.T) {
	job := attrs{"service.name": "job", "service.instance.id": "10.0.0.9:10250", "server.address": "10.0.0.9"}
	for _, c := range []struct {
		name, metric string
		labels       attrs
		want         []string
	}{
		{
			"a container", "container_memory_usage_bytes",
			attrs{"namespace": "shop", "pod": "user-mongo-0", "container": "mongod", "node": "n2", "instance": "n2:10250"},
			[]string{"mongodb:user-mongo user-mongo-0@n2 container.memory.usage"},
		},
		{"of another namespace", "container_memory_usage_bytes", attrs{"namespace": "stage", "pod": "user-mongo-0", "container": "mongod"}, nil},
		{"of Docker", "container_memory_usage_bytes", attrs{"name": "user-mongo", "instance": "vm1:8080"}, []string{"mongodb:user-mongo user-mongo@vm1 container.memory.usage"}},
		{"of another, where that is", "container_memory_usage_bytes", attrs{"name": "nginx", "instance": "user-mongo:8080"}, nil},
		{"the host that it is", "node_load1", attrs{"instance": "user-mongo:9100"}, []string{"mongodb:user-mongo user-mongo@user-mongo host.cpu.load"}},
		{"of an exporter", "mongodb_ss_mem_resident", attrs{"instance": "user-mongo:9216"}, []string{"mongodb:user-mongo user-mongo@ named.memory.mongodb_ss_mem_resident"}},
		{"of a service's endpoints", "mongodb_ss_mem_resident", attrs{"service": "user-mongo", "namespace": "shop", "pod": "exporter-0"}, []string{"mongodb:user-mongo exporter-0@ named.memory.mongodb_ss_mem_resident"}},
		{"the exporter's own", "process_resident_memory_bytes", attrs{"instance": "user-mongo:9216"}, []string{"job 10.0.0.9:10250@ process.memory.self"}},
		{"what a receiver asks", "mongodb.memory.usage", attrs{"server.address": "user-mongo"}, []string{"mongodb:user-mongo user-mongo@ named.memory.mongodb.memory.usage"}},
		{"a name that is no container's", "mongodb_ss_mem_resident", attrs{"name": "user-mongo"}, []string{"job 10.0.0.9:10250@ named.memory.mongodb_ss_mem_resident"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := testConfig()
			cfg.Metrics.ByName = true
			r := newRig(t, cfg)
			r.Traces(batchOf(t, call(1, time.Second, mongo("user-mongo"))...), now())
			r.Metrics(scraped(t, job, c.metric, c.labels), now())
			snaps := r.end()
			require.Len(t, snaps, 1)
			assert.ElementsMatch(t, c.want, ownersOf(snaps[0]))
		})
	}
}

// A client has the address of its server as a label, and an exporter beside a store says of
// its own process what is not the store's.
func TestStores_notTheirs(t *testing.T) {
	cfg := testConfig()
	cfg.Metrics.ByName = true
	r := newRig(t, cfg)
	r.Traces(batchOf(t, call(1, time.Second, mongo("user-mongo"))...), now())
	r.Metrics(scraped(t, attrs{"service.name": "web"}, "mongodb.driver.pool.size", attrs{"server.address": "user-mongo:27017"}), now())
	r.Metrics(scraped(t, attrs{"service.name": "mongodb-exporter", "service.instance.id": "user-mongo:9216"}, "process_resident_memory_bytes", nil), now())
	assert.Equal(t, []string{"web @ named.pool.mongodb.driver.pool.size"}, ownersOf(r.end()[0]))
	assert.Equal(t, map[string]int{"no_service": 1}, r.lost)
}

// Of a server with two databases each has the metrics; of many, so many.
func TestStores_share(t *testing.T) {
	r := newRig(t, testConfig())
	for k := range 2 * maxSharers {
		r.Traces(batchOf(t, call(uint64(k+1), time.Second, attrs{"db.system": "postgresql", "db.namespace": fmt.Sprintf("db%02d", k), "server.address": "pg"})...), now())
	}
	r.Metrics(gaugeOf(t, pod("pg", "pg-0", nil), "container.cpu.usage", time.Second, 1), now())
	owners := ownersOf(r.end()[0])
	require.Len(t, owners, maxSharers)
	assert.Equal(t, "postgresql:pg/db00 pg-0@n2 container.cpu.usage", owners[0])
}

// The host of a database is that of replicas beside it too.
func TestStores_host(t *testing.T) {
	r := newRig(t, testConfig())
	s := root(9, time.Second)
	s.resource = attrs{"host.name": "db-1", "service.instance.id": "w"}
	r.Traces(batchOf(t, append(call(1, time.Second, mongo("db-1.example.com:27017")), s)...), now())
	r.Metrics(gaugeOf(t, attrs{"host.name": "db-1"}, "system.cpu.load_average.1m", time.Second, 4), now())
	assert.Equal(t, []string{"mongodb:db-1.example.com db-1@db-1 host.cpu.load", "web w@ host.cpu.load"}, ownersOf(r.end()[0]))
}

// A store that sends spans after all is none any more, and one that nobody calls is forgotten.
func TestStores_end(t *testing.T) {
	cfg := testConfig()
	r := newRig(t, cfg)
	kubelet := func(when time.Duration) pmetric.Metrics {
		return gaugeOf(t, pod("mongo", "mongo-0", nil), "container.cpu.usage", when, 1)
	}
	r.Traces(batchOf(t, append(call(1, time.Second, mongo("mongo")), call(1, time.Second, mongo("redis"))...)...), now())
	r.Metrics(kubelet(time.Second), now())
	s := root(2, 2*time.Second)
	s.service = "Mongo"
	r.Traces(batchOf(t, s), now())
	r.Metrics(kubelet(3*time.Second), now())
	assert.Equal(t, 1, r.points)
	assert.Equal(t, map[string]int{"no_service": 1}, r.lost)

	redis := gaugeOf(t, pod("redis", "redis-0", nil), "container.cpu.usage", 4*time.Second, 1)
	r.Metrics(redis, now())
	assert.Equal(t, 2, r.points)
	r.Traces(batchOf(t, root(3, cfg.Forget+2*time.Second)), now())
	r.Metrics(gaugeOf(t, pod("redis", "redis-0", nil), "container.cpu.usage", cfg.Forget+3*time.Second, 1), now())
	assert.Equal(t, 2, r.points)
	assert.Equal(t, map[string]int{"no_service": 2}, r.lost)
	r.end()
}

// Stores are bounded as those are who are called.
func TestStores_areBounded(t *testing.T) {
	cfg := testConfig()
	r := newRig(t, cfg)
	for k := range 20 {
		for n := range cfg.Limits.Services {
			when := time.Duration(k) * (cfg.Forget + time.Second)
			r.Traces(batchOf(t, call(uint64(100*k+n+1), when+time.Second, mongo(fmt.Sprintf("m-%d-%d.m.shop.svc", k, n)))...), now())
		}
	}
	assert.Len(t, r.stores.known, cfg.Limits.Services)
	assert.Len(t, r.stores.names, cfg.Limits.Services+1, "one name for each, and that of their service")
	assert.Len(t, r.stores.names["m"], cfg.Limits.Services)
	r.end()
}

// Who is told of windows knows the hosts of stores too, and tells others.
func TestStores_areToldOf(t *testing.T) {
	pieces := told(t, "a", batchOf(t, call(1, time.Second, mongo("user-mongo.shop.svc"))...))
	pieces = append(pieces, piece("b", 1, 0, "plain", "GET /"))
	cfg := listening()
	var further []window.Attribute
	cfg.Tell = func(s *window.Share) {
		for _, r := range s.Replicas {
			if r.Instance.Service.Name != "web" {
				further = append(further, r.Attributes...)
			}
		}
	}
	r := newRig(t, cfg)
	r.Pieces(pieces, now())
	r.Metrics(gaugeOf(t, pod("user-mongo", "user-mongo-0", nil), "container.cpu.usage", 2*time.Second, 1), now())
	r.Metrics(gaugeOf(t, pod("user-mongo", "user-mongo-0", attrs{"k8s.namespace.name": "stage"}), "container.cpu.usage", 2*time.Second, 1), now())
	r.Metrics(gaugeOf(t, attrs{"service.name": "web", "k8s.deployment.name": "user-mongo"}, "process.memory.usage", 2*time.Second, 1), now())
	r.Metrics(gaugeOf(t, attrs{"service.name": "plain", "k8s.deployment.name": "user-mongo"}, "process.memory.usage", 2*time.Second, 1), now())
	assert.Equal(t, []string{
		"mongodb:user-mongo.shop.svc user-mongo-0@n2 container.cpu.usage", "plain @ process.memory.usage", "web @ process.memory.usage",
	}, ownersOf(r.end()[0]))
	assert.Equal(t, map[string]int{"no_service": 1}, r.lost)
	assert.Equal(t, []window.Attribute{{Key: storeAttribute, Value: "user-mongo.shop.svc"}}, further)
}

func TestWorkloadsOf(t *testing.T) {
	for in, want := range map[string][]string{
		"mongo-0":                 {"mongo"},
		"user-mongo-12":           {"user-mongo"},
		"mongo-7d9c8b6f5d-x7k2p":  {"mongo-7d9c8b6f5d", "mongo"},
		"orders-redis-x7k2p":      {"orders-redis"},
		"orders-redis-432c186e-a": nil,
		"mongo":                   nil,
		"":                        nil,
		"-0":                      nil,
	} {
		assert.Equal(t, want, workloadsOf(in), in)
	}
}

func TestComposedOf(t *testing.T) {
	for in, want := range map[string][]string{
		"mongo":             {"mongo"},
		"/mongo":            {"mongo"},
		"shop-user-mongo-1": {"shop-user-mongo-1", "user-mongo", "shop-user-mongo"},
		"shop_user-mongo_1": {"shop_user-mongo_1", "user-mongo", "shop_user-mongo"},
		"shop_mongo.1.x2y3": {"shop_mongo.1.x2y3", "mongo", "shop_mongo"},
		"mongo-1":           {"mongo-1", "mongo"},
		"-1":                {"-1"},
		"":                  nil,
	} {
		assert.Equal(t, want, composedOf(in), in)
	}
}

func TestDialedOf(t *testing.T) {
	for in, want := range map[string]string{
		"Mongo":                            "mongo",
		"mongo.shop.svc.cluster.local.":    "mongo.shop.svc.cluster.local",
		"mongo:27017":                      "mongo",
		"10.1.2.3:27017":                   "10.1.2.3",
		"[2001:db8::1]:27017":              "2001:db8::1",
		"mongodb://me:p@w@m-0:27017,m-1/x": "m-0",
		"m-0:27017,m-1:27017":              "m-0",
		"localhost:6379":                   "",
		"127.0.0.1":                        "",
		"::1":                              "",
		"0.0.0.0:80":                       "",
		"/var/run/redis.sock":              "",
		"a b":                              "",
		".a":                               "",
		"\xff":                             "",
		"999.1.1.1":                        "",
		strings.Repeat("a", maxName+1):     "",
		"":                                 "",
	} {
		d, ok := dialedOf(in)
		assert.Equal(t, want != "", ok, in)
		if ok {
			assert.Equal(t, want, d.whole)
		}
	}
}
