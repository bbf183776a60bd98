package window

import (
	"encoding/binary"

	"github.com/sage-rca/sage/internal/identity"
)

// A sample of bounded size that depends neither on the order in which its
// elements come nor on how they were split over shards: the elements with the
// least hashes. One that was pushed out once, by others with less, never belongs
// to the sample again, so that whatever is in it at the end was in it, and was
// counted in full, from its first sighting on.

// hashString is FNV-1a with a finaliser.
func hashString(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return mix(h)
}

// spanHash hashes spans. Span ids may count up, which mix scatters. It remembers
// the trace, as spans of one trace come one after the other.
type spanHash struct {
	trace identity.TraceID
	part  uint64 // hash of trace
	known bool
}

func (h *spanHash) of(s *identity.Span) uint64 {
	if !h.known || h.trace != s.Trace {
		h.trace, h.known = s.Trace, true
		h.part = mix(mix(binary.LittleEndian.Uint64(s.Trace[:8])) ^ binary.LittleEndian.Uint64(s.Trace[8:]))
	}
	return mix(h.part ^ binary.LittleEndian.Uint64(s.ID[:]))
}

// mix is the finaliser of SplitMix64, a bijection in which every bit of the
// result depends on every bit of h (Steele, Lea, Flood, "Fast splittable
// pseudorandom number generators", OOPSLA 2014).
func mix(h uint64) uint64 {
	h += 0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
