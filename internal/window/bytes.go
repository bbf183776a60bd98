package window

import (
	"unsafe"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
)

// Bytes that one of each takes, with its entry in a map that is two thirds full.
// What it points to is added as it grows.
const (
	requestsBytes = int(unsafe.Sizeof(requests{})) + 3*int(unsafe.Sizeof(identity.RPC{})+8)/2
	callsBytes    = int(unsafe.Sizeof(calls{})) + 3*int(unsafe.Sizeof(identity.Edge{})+8)/2
	instanceBytes = int(unsafe.Sizeof(share{})) + 3*int(unsafe.Sizeof("")+8)/2
	errorBytes    = 3 * int(unsafe.Sizeof("")+8) / 2
	gapBytes      = int(unsafe.Sizeof(Gap{})) + 3*int(unsafe.Sizeof("")+8)/2
	exemplarBytes = int(unsafe.Sizeof(candidate{}))
)

// grow adds o to s, and returns by how many bytes s has grown.
func grow(s, o *sketch.Sketch) int {
	before := s.Bytes()
	s.Merge(o)
	return s.Bytes() - before
}

func rpcBytes(k *identity.RPC) int {
	return len(k.Service.Namespace) + len(k.Service.Name) + len(k.Operation)
}

func (e *errorTypes) bytes() int {
	n := errorBytes * len(e.weights)
	for name := range e.weights { // a sum: in any order
		n += len(name)
	}
	return n
}

func (e *exemplars) bytes() int { return exemplarBytes * cap(e.sample) }

// bytes are those of the shares there are, spare ones included.
func (g *gaps) bytes() int {
	n := gapBytes * (len(g.byID) + len(g.spare))
	for id := range g.byID { // a sum: in any order
		n += len(id)
	}
	if g.rest != nil {
		n += gapBytes
	}
	return n
}

// held is the number of shares there are, spare ones included.
func (r *instances) held() int {
	n := len(r.byID) + len(r.spare)
	if r.rest != nil {
		n++
	}
	return n
}

// bytes are those beyond instanceBytes.
func (s *share) bytes() int {
	if s == nil {
		return 0
	}
	return len(s.traits.version) + len(s.traits.host) + s.latency.Bytes()
}
