package callgraph

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// idIndex sorts the span ids of a trace and finds them. Ids are spread by the
// highest bits in which they differ over about twice as many buckets as there
// are: random ids are then in order but for a few exchanges, and found at once.
// Where ids are not spread it sorts by comparing, and searches.
type idIndex struct {
	keys []key

	unsorted []key
	starts   []int32 // of buckets among keys; empty where there are no buckets
	shift    int     // of an id to the number of its bucket
	differ   uint64  // bits in which ids differ
}

// key is the id of a span, as a number that sorts as its bytes do, and where the
// span is.
type key struct {
	id   uint64
	slot int32
}

const (
	maxBucket  = 12 // keys in a bucket that are exchanged one by one
	maxBuckets = 1 << 14
)

func (x *idIndex) reset() { x.unsorted, x.differ = x.unsorted[:0], 0 }

func (x *idIndex) add(id identity.SpanID, slot int32) {
	n := binary.BigEndian.Uint64(id[:])
	x.unsorted = append(x.unsorted, key{n, slot})
	x.differ |= n ^ x.unsorted[0].id
}

// sort fills keys with what was added, by id and then as it was added, and reports whether
// several have one id.
func (x *idIndex) sort() (shared bool) {
	n := len(x.unsorted)
	x.keys = slices.Grow(x.keys[:0], n)[:n]
	if !x.spread() {
		copy(x.keys, x.unsorted)
		x.starts = x.starts[:0]
		slices.SortStableFunc(x.keys, func(a, b key) int { return cmp.Compare(a.id, b.id) })
	}
	for k := 1; k < len(x.keys); k++ {
		if x.keys[k].id == x.keys[k-1].id {
			return true
		}
	}
	return false
}

// shrink keeps the first n keys, among which others have moved if there were more.
func (x *idIndex) shrink(n int) {
	if n < len(x.keys) {
		x.keys = x.keys[:n]
		x.starts = x.starts[:0]
	}
}

// spread sorts by buckets, and reports false where one of them would be large.
func (x *idIndex) spread() bool {
	n := len(x.unsorted)
	width := min(bits.Len(uint(n))+1, bits.Len(maxBuckets-1))
	x.shift = max(0, bits.Len64(x.differ)-width)
	buckets := 1 << width
	x.starts = slices.Grow(x.starts[:0], buckets+1)[:buckets+1]
	clear(x.starts)
	mask := uint64(buckets - 1)
	for k := range x.unsorted {
		x.starts[x.unsorted[k].id>>x.shift&mask+1]++
	}
	at := int32(0)
	for b := 1; b <= buckets; b++ {
		if x.starts[b] > maxBucket {
			return false
		}
		at, x.starts[b] = at+x.starts[b], at
	}
	// starts[b+1] is now where bucket b begins, and moves to where it ends, which
	// is where b+1 begins.
	for k := range x.unsorted {
		place := &x.starts[x.unsorted[k].id>>x.shift&mask+1]
		x.keys[*place] = x.unsorted[k]
		*place++
	}
	for k := 1; k < n; k++ { // stable, and between neighbours of one bucket only
		for j := k; j > 0 && x.keys[j].id < x.keys[j-1].id; j-- {
			x.keys[j], x.keys[j-1] = x.keys[j-1], x.keys[j]
		}
	}
	return true
}

// find returns the first index of a span id: none for the zero id, lost if not here.
func (x *idIndex) find(id identity.SpanID) int32 {
	want := binary.BigEndian.Uint64(id[:])
	if want == 0 {
		return none
	}
	if len(x.starts) == 0 {
		if at, ok := slices.BinarySearchFunc(x.keys, want, func(k key, id uint64) int { return cmp.Compare(k.id, id) }); ok {
			return int32(at)
		}
		return lost
	}
	if (want^x.keys[0].id)&^x.differ != 0 {
		return lost
	}
	b := want >> x.shift & uint64(len(x.starts)-2)
	for k := x.starts[b]; k < x.starts[b+1]; k++ {
		if x.keys[k].id == want {
			return k
		}
	}
	return lost
}
