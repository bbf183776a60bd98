package ingest

import (
	"maps"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// storeAttribute is by which a share of a replica tells of the host of a store, as which it
// stands there.
const storeAttribute = "sage.store.host"

// tell has the stores told of that are in use at now.
func (t *stores) tell(to *telling, now int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range slices.SortedFunc(maps.Keys(t.known), identity.Service.Compare) {
		at := t.known[s]
		if !t.isCalled(at, now) {
			continue
		}
		for _, p := range at.hosts {
			if !t.heard(p, now) {
				to.note(identity.Instance{Service: s, ID: p.raw}, now, func() []window.Attribute {
					return []window.Attribute{{Key: storeAttribute, Value: p.raw}}
				})
			}
		}
	}
}

// storeHost returns the host of a store, where that is what a share tells of.
func storeHost(r *window.ReplicaShare) (string, bool) {
	for _, a := range r.Attributes {
		if a.Key == storeAttribute {
			return a.Value, true
		}
	}
	return "", false
}

// speaks notes that a service sends spans with a resource.
func (i *Ingester) speaks(s identity.Service, resource pcommon.Map, now int64) {
	i.stores.speaksIn(s, strings.ToLower(saidOf(resource, "k8s.namespace.name")), now)
}

// bodyOf returns as which replica of a store the resource m is known, and on which host that
// runs, "" where it is not said. What was scraped says of hosts at most that of its pod: others
// are those of who asked.
func bodyOf(m pcommon.Map, r *resource, by rank) (id, place string) {
	id, place = saidOf(m, "k8s.pod.name"), r.host
	switch by {
	case byAddress:
		id, place = firstOf(id, addressOf(m)), saidOf(m, "k8s.node.name")
	case byContainer:
		id = firstOf(id, saidOf(m, "container.name"))
	default:
	}
	if isIP(place) {
		place = ""
	}
	return firstOf(id, r.instance), place
}

// saidOf returns an attribute as a name, "" where it is not there.
func saidOf(m pcommon.Map, attribute string) string {
	if v, ok := m.Get(attribute); ok {
		return clean(text(v))
	}
	return ""
}

// addressOf returns the host at which a resource says that it was scraped, or "".
func addressOf(m pcommon.Map) string {
	for _, attribute := range addressAttributes {
		if d, ok := dialedOf(saidOf(m, attribute)); ok {
			return d.whole
		}
	}
	return ""
}

// isNamed reports whether a service is called as the host at which it was scraped.
func isNamed(m pcommon.Map, service string) bool {
	first, _, _ := strings.Cut(addressOf(m), ".")
	return service != "" && strings.EqualFold(first, service)
}

// storeSystems are what the names of metrics begin with that receivers ask databases, caches
// and brokers for, whose points may say at which address.
var storeSystems = func() map[string]bool {
	out := make(map[string]bool)
	for s := range strings.FieldsSeq("aerospike cassandra clickhouse couchdb elasticsearch hbase kafka memcached mongodb mysql " +
		"oracledb postgresql rabbitmq redis riak sqlserver zookeeper") {
		out[s] = true
	}
	return out
}()

// isOfStore reports whether a metric is what a receiver asks a store for.
func isOfStore(metric string) bool {
	system, _, dotted := strings.Cut(metric, ".")
	return dotted && storeSystems[system]
}
