package callgraph

import (
	"encoding/binary"

	"github.com/sage-rca/sage/internal/identity"
)

// traceTable finds traces by id: a hash table of open addressing with linear
// probing, half empty, that holds parts of hashes and numbers only.
type traceTable struct {
	cells []cell // a power of two
	used  int
}

// cell is free where trace is 0.
type cell struct {
	tag   uint32 // of the hash; the cell's place by rights is tag & mask
	trace int32  // number of the trace and 1
}

func newTraceTable() traceTable { return traceTable{cells: make([]cell, 64)} }

// tagOf hashes a trace id, of which only some bits may be random.
func tagOf(id *identity.TraceID) uint32 {
	const odd = 0x9e3779b97f4a7c15
	h := (binary.LittleEndian.Uint64(id[:8]) ^ binary.LittleEndian.Uint64(id[8:])*odd) * odd
	h ^= h >> 32
	return uint32(h * odd >> 32)
}

// find returns the number of the trace of that id, or nowhere.
func (t *traceTable) find(tag uint32, id *identity.TraceID, traces *traces) int32 {
	mask := uint32(len(t.cells) - 1)
	for i := tag & mask; ; i = (i + 1) & mask {
		c := t.cells[i]
		if c.trace == 0 {
			return nowhere
		}
		if c.tag == tag && traces.at(c.trace-1).id == *id {
			return c.trace - 1
		}
	}
}

// put files a trace that is not there.
func (t *traceTable) put(tag uint32, trace int32) {
	if 2*(t.used+1) > len(t.cells) {
		old := t.cells
		t.cells = make([]cell, 2*len(old))
		for _, c := range old {
			if c.trace != 0 {
				t.place(c)
			}
		}
	}
	t.place(cell{tag, trace + 1})
	t.used++
}

func (t *traceTable) place(c cell) {
	mask := uint32(len(t.cells) - 1)
	i := c.tag & mask
	for t.cells[i].trace != 0 {
		i = (i + 1) & mask
	}
	t.cells[i] = c
}

// remove takes out a trace that is there, and moves those behind it up that
// would no longer be found.
func (t *traceTable) remove(tag uint32, trace int32) {
	mask := uint32(len(t.cells) - 1)
	i := tag & mask
	for t.cells[i].trace != trace+1 {
		i = (i + 1) & mask
	}
	for j := i; ; {
		j = (j + 1) & mask
		c := t.cells[j]
		if c.trace == 0 {
			break
		}
		if home := c.tag & mask; (j-home)&mask >= (j-i)&mask { // i lies between home and j
			t.cells[i] = c
			i = j
		}
	}
	t.cells[i] = cell{}
	t.used--
}

// traces stores traces in numbered places that never move and are used again.
type traces struct {
	chunks []*[chunk]trace
	free   []int32
}

func (t *traces) at(i int32) *trace { return &t.chunks[uint32(i)/chunk][uint32(i)%chunk] }

func (t *traces) take() int32 {
	if len(t.free) == 0 {
		first := int32(len(t.chunks)) * chunk
		t.chunks = append(t.chunks, new([chunk]trace))
		for i := int32(chunk - 1); i >= 0; i-- {
			t.free = append(t.free, first+i)
		}
	}
	last := len(t.free) - 1
	i := t.free[last]
	t.free = t.free[:last]
	return i
}

func (t *traces) release(i int32) { t.free = append(t.free, i) }
