package window

import (
	"cmp"
	"slices"

	"github.com/sage-rca/sage/internal/sketch"
)

// MaxInstances is the number of replicas of an RPC that are told apart. Which
// ones are is decided by a hash of their ids, so that they stay the same from
// window to window; all others go together as OtherInstance.
const MaxInstances = 64

// OtherInstance stands for the replicas beyond MaxInstances.
const OtherInstance = "other"

// instances splits an RPC by replica.
type instances struct {
	byID    map[string]*share
	rest    *share // of OtherInstance
	highest string // id of the highest hash in byID, where that is full
}

// share is what one replica contributed.
type share struct {
	version string
	seen    int64 // time of the request that gave the version
	count   float64
	errors  float64
	latency sketch.Sketch
}

// of returns the share of a replica.
func (r *instances) of(id string) *share {
	if s := r.byID[id]; s != nil {
		return s
	}
	full := len(r.byID) >= MaxInstances
	if id == OtherInstance || full && !before(id, r.highest) {
		if r.rest == nil {
			r.rest = new(share)
		}
		return r.rest
	}
	if r.byID == nil {
		r.byID = make(map[string]*share)
	}
	if full {
		out := r.byID[r.highest]
		delete(r.byID, r.highest)
		r.of(OtherInstance).merge(out)
	}
	s := new(share)
	r.byID[id] = s
	if len(r.byID) >= MaxInstances {
		r.highest = id
		for k := range r.byID { // the maximum of a total order
			if before(r.highest, k) {
				r.highest = k
			}
		}
	}
	return s
}

// before orders ids by hash.
func before(a, b string) bool {
	return cmp.Or(cmp.Compare(hashString(a), hashString(b)), cmp.Compare(a, b)) < 0
}

func (r *instances) merge(o *instances) {
	for id, s := range o.byID { // the order does not matter, see bottom.go
		r.of(id).merge(s)
	}
	if o.rest != nil {
		r.of(OtherInstance).merge(o.rest)
	}
}

// list returns the shares, sorted by id.
func (r *instances) list() []Instance {
	out := make([]Instance, 0, len(r.byID)+1)
	for id, s := range r.byID { // sorted below
		out = append(out, Instance{ID: id, Version: s.version, Count: s.count, Errors: s.errors, Latency: &s.latency})
	}
	if s := r.rest; s != nil {
		out = append(out, Instance{ID: OtherInstance, Count: s.count, Errors: s.errors, Latency: &s.latency})
	}
	slices.SortFunc(out, func(a, b Instance) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// versioned notes the version that a request at t showed. The latest one counts,
// the greatest among equals.
func (s *share) versioned(version string, t int64) {
	if s.count == 0 || t > s.seen || t == s.seen && version > s.version {
		s.version, s.seen = version, t
	}
}

func (s *share) merge(o *share) {
	s.versioned(o.version, o.seen)
	s.count += o.count
	s.errors += o.errors
	s.latency.Merge(&o.latency)
}
