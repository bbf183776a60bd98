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
// sends no spans it is how long they took.
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
	lately []*Gap // by number
	byNo   index
	byID   map[string]*Gap
	rest   *Gap   // of OtherInstance
	last   string // id of the highest hash in byID, where that is full
	spare  []*Gap
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
	if s := g.byID[id]; s != nil {
		return s
	}
	full := len(g.byID) >= MaxInstances
	if id == OtherInstance || full && !before(id, g.last) {
		if g.rest == nil {
			g.rest = pop(&g.spare)
			g.rest.ID = OtherInstance
		}
		return g.rest
	}
	if full {
		out := g.byID[g.last]
		delete(g.byID, g.last)
		g.of(OtherInstance).take(out)
		g.forget() // some numbers may stand for out
		g.drop(out)
	}
	if g.byID == nil {
		g.byID = make(map[string]*Gap)
	}
	s := pop(&g.spare)
	s.ID = id
	g.byID[id] = s
	if len(g.byID) >= MaxInstances {
		g.last = id
		for k := range g.byID { // the maximum of a total order
			if before(g.last, k) {
				g.last = k
			}
		}
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
	for _, s := range g.byID { // in any order: all are empty then
		g.drop(s)
	}
	if g.rest != nil {
		g.drop(g.rest)
	}
	clear(g.byID)
	g.forget()
	*g = gaps{lately: g.lately, byNo: g.byNo, byID: g.byID, spare: g.spare}
}

func (g *gaps) drop(s *Gap) {
	*s = Gap{}
	g.spare = append(g.spare, s)
}

// merge adds o to g.
func (g *gaps) merge(o *gaps) {
	for id, s := range o.byID { // the order does not matter, see bottom.go
		g.of(id).take(s)
	}
	if o.rest != nil {
		g.of(OtherInstance).take(o.rest)
	}
}

func (s *Gap) take(o *Gap) {
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
	for _, s := range g.byID { // sorted below
		out = append(out, *s)
	}
	if g.rest != nil {
		out = append(out, *g.rest)
	}
	slices.SortFunc(out, func(a, b Gap) int { return strings.Compare(a.ID, b.ID) })
	return out
}
