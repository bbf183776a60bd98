package ingest

import (
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// maxTenants bounds the replicas of stores that are known to run on one host. The first by name
// count.
const maxTenants = 32

// tenants knows on which hosts replicas of stores run, as the metrics of their pods and
// containers say. It is not safe for concurrent use. All times are event time.
type tenants struct {
	max    int // of all hosts
	forget int64
	on     map[string][]tenant // by host, sorted
	said   map[identity.Instance]*said
	size   int
	swept  int64 // time of the last search for forgotten ones
}

// tenant is a replica that was said to run on a host.
type tenant struct {
	instance identity.Instance
	seen     int64
	*said
}

// said is what was said of one replica, on whichever host.
type said struct {
	latest int64
	hosts  int
}

// movedAfter is by what the time to forget is divided to have that after which a replica has
// moved: it is said to run on another host, and no longer on this one.
const movedAfter = 8

func newTenants(max int, forget int64) tenants {
	return tenants{max: max, forget: forget, on: make(map[string][]tenant), said: make(map[identity.Instance]*said)}
}

// is reports whether a tenant runs on its host at now, for all that is known.
func (t *tenants) is(x *tenant, now int64) bool {
	return now-x.seen < t.forget && x.latest-x.seen < t.forget/movedAfter
}

func (t *tenants) find(host string, in identity.Instance) (int, bool) {
	return slices.BinarySearchFunc(t.on[host], in, func(x tenant, in identity.Instance) int { return compareInstances(x.instance, in) })
}

// add notes that a replica runs on a host at now, and reports whether that is news. Where
// there is no room, those give way that are not what they were any more.
func (t *tenants) add(host string, in identity.Instance, now int64, gone func(*tenant) bool) (news bool) {
	k, known := t.find(host, in)
	if known {
		x := &t.on[host][k]
		news = !t.is(x, now)
		x.seen, x.latest = max(x.seen, now), max(x.latest, now)
		return news
	}
	if len(t.on[host]) >= maxTenants {
		t.drop(host, gone)
		if k, _ = t.find(host, in); k >= maxTenants {
			return false
		}
	}
	if len(t.on[host]) < maxTenants && t.size >= t.max && !t.sweep(now, gone) {
		return false
	}
	if all := t.on[host]; len(all) >= maxTenants {
		t.remove(host, len(all)-1)
	}
	of := t.said[in]
	if of == nil {
		of = &said{}
		t.said[in] = of
	}
	of.latest, of.hosts = max(of.latest, now), of.hosts+1
	k, _ = t.find(host, in)
	t.on[host] = slices.Insert(t.on[host], k, tenant{in, now, of})
	t.size++
	return true
}

// remove removes the tenant of a host at a place.
func (t *tenants) remove(host string, k int) {
	all := t.on[host]
	if all[k].hosts--; all[k].hosts == 0 {
		delete(t.said, all[k].instance)
	}
	t.size--
	if len(all) == 1 {
		delete(t.on, host)
		return
	}
	t.on[host] = slices.Delete(all, k, k+1)
}

// drop removes the tenants of a host that are gone.
func (t *tenants) drop(host string, gone func(*tenant) bool) {
	for k := len(t.on[host]) - 1; k >= 0; k-- {
		if gone(&t.on[host][k]) {
			t.remove(host, k)
		}
	}
}

// sweep removes the tenants that are gone, at most a few times per span of forgetting, and
// reports whether there is room then.
func (t *tenants) sweep(now int64, gone func(*tenant) bool) bool {
	if now-t.swept < t.forget/grains {
		return false
	}
	t.swept = now
	for host := range t.on { // each alone: the order does not matter
		t.drop(host, gone)
	}
	return t.size < t.max
}

// settle notes that stores run at now where the metrics of a pod or a container, which are
// theirs, say. What was said before and is not said any more, old, no longer counts.
func (t *stores) settle(old, owners []owner, now int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	news := false
	for _, o := range old {
		if k, known := t.tenants.find(o.place, o.instance); known && !slices.Contains(owners, o) {
			t.tenants.remove(o.place, k)
			news = true
		}
	}
	for _, o := range owners {
		if t.tenants.add(o.place, o.instance, now, func(x *tenant) bool { return !t.resides(x, now) }) {
			news = true
		}
	}
	if news {
		t.learned.Add(1)
	}
}

// residents returns the replicas of stores that run on a host at now, sorted.
func (t *stores) residents(host string, now int64) (found []identity.Instance) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k := range t.tenants.on[host] {
		if x := &t.tenants.on[host][k]; t.resides(x, now) {
			found = append(found, x.instance)
		}
	}
	return found
}

// resides reports whether a tenant is still one, and that of a store.
func (t *stores) resides(x *tenant, now int64) bool {
	return t.tenants.is(x, now) && t.silent(x.instance.Service, now)
}
