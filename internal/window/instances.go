package window

import (
	"cmp"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
)

// instances splits an RPC by replica.
type instances struct {
	replicas[share, *share]

	lately []replica // whose shares are known by number
	byNo   index     // of lately
}

// share is what one replica contributed.
type share struct {
	traits  traits
	seen    int64 // time of the request that showed the traits
	count   float64
	unseen  float64
	errors  float64
	latency sketch.Sketch
}

// traits are what may change of a replica.
type traits struct{ version, host string }

// replica is what a number stands for, and the share that it belongs to.
type replica struct {
	share  *share
	traits traits
}

// maxLately bounds the numbers that are remembered.
const maxLately = 4 * MaxInstances

// seen returns the share of a replica, of which a request came at t.
func (r *instances) seen(no identity.ReplicaNo, t int64, names *identity.Names) *share {
	if len(r.lately) >= maxLately {
		r.forget()
	}
	place, known := r.byNo.of(uint64(uint32(no)))
	if known {
		c := &r.lately[place]
		c.share.show(&c.traits, t)
		return c.share
	}
	r.lately = append(r.lately, replica{}) // at place
	of := names.Replica(no)
	s := r.of(of.Instance.ID)
	shown := traits{of.Version, of.Host}
	s.show(&shown, t)
	if int(place) < len(r.lately) { // else of has forgotten all
		r.lately[place] = replica{s, shown}
	}
	return s
}

// forget forgets the numbers.
func (r *instances) forget() {
	clear(r.lately)
	r.lately = r.lately[:0]
	r.byNo.reset(0)
}

// reset empties r and keeps the memory of shares.
func (r *instances) reset() {
	r.replicas.reset()
	r.forget()
}

func (s *share) empty() {
	s.latency.Reset()
	*s = share{latency: s.latency}
}

// of returns the share of a replica.
func (r *instances) of(id string) *share {
	s, gaveWay := r.replicas.of(id)
	if gaveWay {
		r.forget() // some numbers may stand for what gave way
	}
	return s
}

func (r *instances) merge(o *instances) {
	if r.replicas.merge(&o.replicas) {
		r.forget()
	}
}

// list returns the shares, sorted by id.
func (r *instances) list() []Instance {
	out := make([]Instance, 0, len(r.byID)+1)
	for id, s := range r.byID { // sorted below
		out = append(out, Instance{
			ID: id, Version: s.traits.version, Host: s.traits.host, Count: s.count, Unseen: s.unseen, Errors: s.errors, Latency: &s.latency,
		})
	}
	if s := r.rest; s != nil {
		out = append(out, Instance{ID: OtherInstance, Count: s.count, Unseen: s.unseen, Errors: s.errors, Latency: &s.latency})
	}
	slices.SortFunc(out, func(a, b Instance) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// show notes the traits that a request at t showed. The latest ones count, the
// greatest among equals.
func (s *share) show(of *traits, t int64) {
	if s.count == 0 || t > s.seen || t == s.seen && of.compare(&s.traits) > 0 {
		s.traits, s.seen = *of, t
	}
}

func (a *traits) compare(b *traits) int {
	return cmp.Or(cmp.Compare(a.version, b.version), cmp.Compare(a.host, b.host))
}

func (s *share) merge(o *share) {
	s.show(&o.traits, o.seen)
	s.count += o.count
	s.unseen += o.unseen
	s.errors += o.errors
	s.latency.Merge(&o.latency)
}
