package durations

import (
	"net/netip"
	"strings"

	"github.com/sage-rca/sage/internal/identity"
)

// sum is what histograms say of one kind of request or call, over replicas.
type sum struct {
	Told
	replicas []*Told
}

func (s *sum) mean() float64 { return s.hist.sum / s.hist.n }

func (s *sum) take(t *Told) {
	s.Count += t.Count
	if t.Errors > 0 {
		s.Errors += t.Errors
		s.ErrorType = t.ErrorType
	}
	s.hist.add(&t.hist, 1)
	s.ending.add(&t.ending, 1)
	s.replicas = append(s.replicas, t)
}

// telling is what was told of a window.
type telling struct {
	served map[identity.RPC]*sum
	calls  map[identity.Service][]*sum // by caller, in the order of keys
}

func newTelling(told []Told) *telling {
	t := &telling{served: make(map[identity.RPC]*sum), calls: make(map[identity.Service][]*sum)}
	var last *sum
	for i := range told {
		of := &told[i]
		if !(of.Count > 0) {
			continue
		}
		if last == nil || last.Key != of.Key {
			last = &sum{Told: Told{Key: of.Key}}
			if of.Peer == "" {
				t.served[identity.RPC{Service: of.Service, Operation: of.Operation}] = last
			} else {
				t.calls[of.Service] = append(t.calls[of.Service], last)
			}
		}
		last.take(of)
	}
	return t
}

// along returns what was told of calls along an edge, and perhaps of others of the same
// service; nil where nothing was.
func (t *telling) along(e identity.Edge) *sum {
	var found *sum
	for _, s := range t.calls[e.Caller.Service] {
		if !s.reaches(e.Callee.Service.Name) {
			continue
		}
		switch s.Operation {
		case e.Callee.Operation:
			return s
		case "":
			found = s
		}
	}
	return found
}

// reaches reports whether the calls are to the service of that name: it is what their spans
// would call it, or the host's name, or begins it ("cart" of cart.shop.svc.cluster.local).
func (s *sum) reaches(name string) bool {
	if s.Peer == name || s.Address == name {
		return true
	}
	host, _, dotted := strings.Cut(s.Address, ".")
	if !dotted || host != name {
		return false
	}
	_, err := netip.ParseAddr(s.Address)
	return err != nil
}
