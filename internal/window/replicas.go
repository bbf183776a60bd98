package window

import "cmp"

// MaxInstances is the number of replicas of an RPC that are told apart. Which
// ones are is decided by a hash of their ids, so that they stay the same from
// window to window; all others go together as OtherInstance.
const MaxInstances = 64

// OtherInstance stands for the replicas beyond MaxInstances.
const OtherInstance = "other"

// replicas holds a share of something for each replica that is told apart, and one for all
// others. What is in it does not depend on the order in which they come, see bottom.go.
type replicas[S any, P kept[S]] struct {
	byID    map[string]P
	rest    P      // of OtherInstance
	highest string // id of the highest hash in byID, where that is full
	spare   []*S
}

// kept is a share of a replica.
type kept[S any] interface {
	*S
	merge(*S) // adds another one
	empty()   // and keeps its memory
}

// of returns the share of a replica, and whether another has given way to it.
func (r *replicas[S, P]) of(id string) (share P, gaveWay bool) {
	if s := r.byID[id]; s != nil {
		return s, false
	}
	full := len(r.byID) >= MaxInstances
	if id == OtherInstance || full && !before(id, r.highest) {
		return r.others(), false
	}
	if full {
		out := r.byID[r.highest]
		delete(r.byID, r.highest)
		r.others().merge(out)
		r.drop(out)
	}
	if r.byID == nil {
		r.byID = make(map[string]P)
	}
	s := P(pop(&r.spare))
	r.byID[id] = s
	if len(r.byID) >= MaxInstances {
		r.highest = id
		for k := range r.byID { // the maximum of a total order
			if before(r.highest, k) {
				r.highest = k
			}
		}
	}
	return s, full
}

// before orders ids by hash.
func before(a, b string) bool {
	return cmp.Or(cmp.Compare(hashString(a), hashString(b)), cmp.Compare(a, b)) < 0
}

// others returns the share of OtherInstance.
func (r *replicas[S, P]) others() P {
	if r.rest == nil {
		r.rest = pop(&r.spare)
	}
	return r.rest
}

func (r *replicas[S, P]) drop(s P) {
	s.empty()
	r.spare = append(r.spare, s)
}

// reset empties r and keeps its memory.
func (r *replicas[S, P]) reset() {
	for _, s := range r.byID { // in any order: all are empty then
		r.drop(s)
	}
	if r.rest != nil {
		r.drop(r.rest)
	}
	clear(r.byID)
	r.rest, r.highest = nil, ""
}

// merge adds o to r, and returns whether any has given way.
func (r *replicas[S, P]) merge(o *replicas[S, P]) (gaveWay bool) {
	for id, s := range o.byID { // the order does not matter, see bottom.go
		to, gave := r.of(id)
		to.merge(s)
		gaveWay = gaveWay || gave
	}
	if o.rest != nil {
		r.others().merge(o.rest)
	}
	return gaveWay
}
