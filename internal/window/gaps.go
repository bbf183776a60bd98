package window

import (
	"math/bits"
	"slices"
	"strings"

	"github.com/sage-rca/sage/internal/identity"
)

// Octaves is the number of classes of gaps that the calls of a replica are told apart by,
// each twice as long as the one before: the first is below FirstOctave, the last without
// an end.
const (
	Octaves     = 12
	FirstOctave = 1 << 19 // ns, 0.52 ms
)

// Gap is the share of one replica, as caller or as callee, in the calls along an edge: how
// many of them took how much longer for the caller than for the callee. Of calls to what
// sends no spans it is how long they took, and of direct ones the time around them (Edge.Around).
type Gap struct {
	ID    string
	Calls [Octaves]float64 // weights
}

// Octave returns the class of a gap in ns.
func Octave(gap int64) int {
	return min(bits.Len64(uint64(max(0, gap))/FirstOctave), Octaves-1)
}

// OctaveStart returns the shortest gap of a class in ns.
func OctaveStart(octave int) int64 {
	if octave <= 0 {
		return 0
	}
	return FirstOctave << (octave - 1)
}

// gaps splits the calls along an edge by the replica at one of its ends. As of instances,
// MaxInstances are told apart by a hash of their ids, and all others go together.
type gaps struct {
	replicas[Gap, *Gap]

	lately []*Gap // by number
	byNo   index
}

// add counts a call of a replica.
func (g *gaps) add(no identity.ReplicaNo, octave int, weight float64, names *identity.Names) {
	if len(g.lately) >= maxLately {
		g.forget()
	}
	place, known := g.byNo.of(uint64(uint32(no)))
	if !known {
		g.lately = append(g.lately, nil) // at place
		of := g.of(names.Replica(no).Instance.ID)
		if int(place) >= len(g.lately) { // of has forgotten all
			of.Calls[octave] += weight
			return
		}
		g.lately[place] = of
	}
	g.lately[place].Calls[octave] += weight
}

// of returns the share of a replica.
func (g *gaps) of(id string) *Gap {
	s, gaveWay := g.replicas.of(id)
	if gaveWay {
		g.forget() // some numbers may stand for what gave way
	}
	return s
}

// forget forgets the numbers.
func (g *gaps) forget() {
	clear(g.lately)
	g.lately = g.lately[:0]
	g.byNo.reset(0)
}

// reset empties g and keeps its memory.
func (g *gaps) reset() {
	g.replicas.reset()
	g.forget()
}

// merge adds o to g.
func (g *gaps) merge(o *gaps) {
	if g.replicas.merge(&o.replicas) {
		g.forget()
	}
}

func (s *Gap) empty() { *s = Gap{} }

func (s *Gap) merge(o *Gap) {
	for i, w := range o.Calls {
		s.Calls[i] += w
	}
}

// list returns the shares, sorted by id.
func (g *gaps) list() []Gap {
	if len(g.byID) == 0 && g.rest == nil {
		return nil
	}
	out := make([]Gap, 0, len(g.byID)+1)
	for id, s := range g.byID { // sorted below
		out = append(out, Gap{ID: id, Calls: s.Calls})
	}
	if g.rest != nil {
		out = append(out, Gap{ID: OtherInstance, Calls: g.rest.Calls})
	}
	slices.SortFunc(out, func(a, b Gap) int { return strings.Compare(a.ID, b.ID) })
	return out
}
