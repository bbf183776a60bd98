package ingest

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sage-rca/sage/internal/identity"
)

// about says whom the metrics of one resource are about.
type about struct {
	key    resourceKey
	stream uint64 // hash of all attributes, part of the identity of streams

	owners  []owner // none where nobody is known
	disks   []owner // whose the disks of a host are too, where those are more
	host    bool    // the owners share a host that the resource is about
	replica bool    // the owner is a replica that sends spans, or a store, or several that share a key
	beside  bool    // another process sends what the owners, which are stores, do not
	speaks  bool    // the owner is of a service that sends spans
	settled bool    // the owners are stores, of which a pod or container says where they run
	refused reason  // why there are no owners

	// It holds while joins has learned nothing new, for a grain of event time.
	learned uint64
	at      int64
	places  []identity.Place // that are in use with it
	sequence
}

// owner is a replica that metrics are about.
type owner struct {
	instance identity.Instance
	place    string // the host of one that sends no spans, "" where it is not said
	hash     uint64
}

// maxAbouts is the number of resources that are remembered.
const maxAbouts = 1 << 12

// grains is the number of grains in the time in which joins forgets.
const grains = 64

// holds reports whether a is right at event time now, and notes that what it
// refers to is in use.
func (a *about) holds(learned uint64, grain, now int64) bool {
	if a.learned != learned || now-a.at > grain || a.at-now > grain {
		return false
	}
	for k := range a.places {
		if !a.places[k].Touch(now) {
			return false
		}
	}
	return true
}

// look returns whom the resource of metrics, which comes after another, is about at
// event time now.
func (i *Ingester) look(s *scratch, m pcommon.Map, after *sequence, now int64) *about {
	learned := i.joins.learned.Load()
	old, hash, keep := i.findAbout(m, after)
	if old != nil && old.holds(learned, i.joins.forget/grains, now) {
		return old
	}
	a := &about{learned: learned, at: now}
	i.findOwners(s, a, m, now)
	i.settle(old, a, now)
	switch {
	case old != nil:
		a.key, a.stream = old.key, old.stream
		a.was(old.next.Load())
	case keep:
		a.key, a.stream = keyOf(m, hash), hashMap(m)
	default:
		a.stream = hashMap(m)
	}
	if keep {
		i.abouts.put(hash, a, func(old *about) bool { return old.key.is(m, hash) })
	}
	return a
}

// findAbout returns what is known of a resource that comes after another, or nil, and the
// hash under which it may be put; keep is false where it may not.
func (i *Ingester) findAbout(m pcommon.Map, after *sequence) (found *about, hash uint64, keep bool) {
	if next := i.abouts.at(after.next.Load()); next != nil && next.key.same(m) {
		return next, next.key.hash, true
	}
	if hash, keep = hashResource(m, nil); !keep {
		return nil, 0, false
	}
	set := i.abouts.set(hash)
	for k := range set {
		if a := set[k].Load(); a != nil && a.key.is(m, hash) {
			after.was(i.abouts.place(hash, k))
			return a, hash, true
		}
	}
	return nil, hash, true
}

// findOwners fills in whom the resource m is about.
func (i *Ingester) findOwners(s *scratch, a *about, m pcommon.Map, now int64) {
	r := resourceOf(m, &s.in)
	if r.service.Name == "" {
		i.join(s, a, m, &r, now)
		return
	}
	if a.speaks = i.stores.speak(r.service, now); !a.speaks && i.ownStores(a, m, &r, now) {
		return
	}
	place, ok := i.served.AdmitService(r.service, now)
	if !ok {
		a.refused = serviceLimit
		return
	}
	a.places = append(a.places, place)
	if s.owners, _ = i.joins.find(s.owners[:0], m, r.service, now); len(s.owners) > 0 {
		a.own("", s.owners...)
		a.replica = true
		return
	}
	r = r.clone()
	self := identity.Instance{Service: r.service, ID: r.instance}
	self.ID, _ = i.admitInstance(self, now)
	if place, ok := i.instances.Place(self); ok {
		a.places = append(a.places, place)
	}
	a.own(r.host, self)
}

// join fills in whom the resource m is about, which names no service: replicas that send
// spans, or else stores, and of a host both. Its disks are those of the stores on it too.
func (i *Ingester) join(s *scratch, a *about, m pcommon.Map, r *resource, now int64) {
	a.refused = noService
	s.owners, a.host = i.joins.find(s.owners[:0], m, identity.Service{}, now)
	a.own("", s.owners...)
	if a.replica = len(s.owners) > 0 && !a.host; a.replica {
		return
	}
	if found := i.ownStores(a, m, r, now); isHost(m) && (a.host || !found) {
		i.ownDisks(a, r.host, now)
	}
}

// ownStores adds the stores that the resource m is about, and reports whether there are any.
// Where it is about one at another address than that of its host, it is not about that.
func (i *Ingester) ownStores(a *about, m pcommon.Map, r *resource, now int64) bool {
	found, by := i.stores.find(m, now)
	if len(found) == 0 {
		return false
	}
	if by != byHost {
		a.owners = nil
	}
	id, place := bodyOf(m, r, by)
	for _, s := range found {
		in := identity.Instance{Service: s, ID: id}
		in.ID, _ = i.admitInstance(in, now)
		if p, ok := i.instances.Place(in); ok {
			a.places = append(a.places, p)
		}
		a.own(strings.Clone(place), in)
	}
	a.host = by == byHost
	a.replica = by == byPod || by == byContainer
	a.settled = a.replica && place != "" && !isHost(m)
	a.beside = by == byAddress && !isNamed(m, r.service.Name)
	return true
}

// own adds owners, which run on a host that they do not say themselves.
func (a *about) own(place string, instances ...identity.Instance) {
	for _, in := range instances {
		in.ID = strings.Clone(in.ID)
		a.owners = append(a.owners, ownerOf(place, in))
	}
}

func ownerOf(place string, in identity.Instance) owner {
	return owner{in, place, quickHash(quickHash(quickHash(0, in.Service.Namespace), in.Service.Name), in.ID)}
}

// of returns who has the points of a metric.
func (a *about) of(m *selected) []owner {
	switch {
	case a.beside && m.inner:
		return nil
	case m.disk && len(a.disks) > 0:
		return a.disks
	}
	return a.owners
}
