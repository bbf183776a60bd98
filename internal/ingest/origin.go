package ingest

import (
	"sync/atomic"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// origin is who sends spans with one resource, once admitted.
type origin struct {
	resource
	number  identity.ServiceNo
	replica identity.ReplicaNo

	key     resourceKey
	places  [2]identity.Place // of the service and the replica
	learned atomic.Int64      // when joins has learned of it last
}

// touch notes that the service and the replica are in use at now. It reports
// false where one of them has given up its place.
func (o *origin) touch(now int64) bool { return o.places[0].Touch(now) && o.places[1].Touch(now) }

// origins keeps origins by the attributes of resources.
type origins struct {
	lossy[origin]
	matters map[string]bool // attributes that say who a resource is
}

const maxOrigins = 1 << 12

func newOrigins(rules [][]string) origins {
	o := origins{lossy: newLossy[origin](maxOrigins), matters: make(map[string]bool)}
	for _, name := range resourceNames {
		o.matters[name] = true
	}
	for _, rule := range rules {
		for _, name := range rule {
			o.matters[name] = true
		}
	}
	return o
}

// find returns the origin of a resource, or nil, and the hash under which it may be put;
// keep is false where it may not.
func (o *origins) find(m pcommon.Map) (found *origin, hash uint64, keep bool) {
	if hash, keep = hashResource(m, o.matters); !keep {
		return nil, 0, false
	}
	set := o.set(hash)
	for k := range set {
		if at := set[k].Load(); at != nil && at.key.is(m, hash) {
			return at, hash, true
		}
	}
	return nil, hash, true
}

// admit returns the origin that a resource is, seen at now, or nil where there
// are more services than are told apart.
func (i *Ingester) admit(s *scratch, who resource, now int64, hash uint64, keep bool, attributes pcommon.Map) *origin {
	service, ok := i.served.AdmitService(who.service, now)
	if !ok {
		i.turnedAway.note(who.service)
		return nil
	}
	o := &origin{resource: who.clone()}
	o.learned.Store(never)
	instance := identity.Instance{Service: o.service, ID: o.instance}
	if o.instance, ok = i.admitInstance(instance, now); !ok {
		s.add(instanceLimit, 1)
		keep = false
	}
	o.places = [2]identity.Place{service, service}
	if o.instance != "" {
		if o.places[1], ok = i.instances.Place(instance); !ok {
			keep = false
		}
	}
	o.number = i.names.ServiceNo(o.service)
	o.replica = i.names.ReplicaNo(identity.Replica{
		Instance: identity.Instance{Service: o.service, ID: o.instance}, Version: o.version, Host: o.host,
	})
	if keep {
		o.key = keyOf(attributes, hash)
		i.origins.put(hash, o, func(old *origin) bool { return old.key.is(attributes, hash) })
	}
	return o
}

// learnSteps is the number of times that joins learns of an origin anew in the
// time in which it forgets.
const learnSteps = 256

// learn teaches joins which replica has the attributes of a resource.
func (i *Ingester) learn(s *scratch, o *origin, attributes pcommon.Map, now int64) {
	if at := o.learned.Load(); at != never && now-at <= int64(i.cfg.Forget)/learnSteps {
		return
	}
	in := identity.Instance{Service: o.service, ID: o.instance}
	i.speaks(o.service, attributes, now)
	if i.telling != nil {
		i.telling.note(in, now, func() []window.Attribute { return i.telling.of(attributes) })
	}
	if i.joins.learn(attributes, in, now) {
		o.learned.Store(now)
	} else {
		s.add(instanceLimit, 1)
	}
}
