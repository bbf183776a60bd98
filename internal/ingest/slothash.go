package ingest

import "encoding/binary"

// slotCells is the size of the table of slots: large enough for a hash without
// collisions to be found within a few tries.
const slotCells = 1024

// minKey is the length of the shortest key that is hashed. Of shorter names there is one of
// a length at most.
const minKey = 8

// slotTable finds the one name that a key may be equal to by a hash without
// collisions, of its length, its first byte and its last 8. A span has a dozen attributes,
// each of which is looked up, so that comparing it with dozens of names, even by
// a binary search, would cost more than all else that is done with it.
type slotTable struct {
	factor uint64
	cells  [slotCells]uint8 // index in attributeNames, of which the first is nobody's
	slots  [len(attributeNames)]slot
	short  [minKey]uint8 // index of the name of a length
}

var slotNames = newSlotTable()

func newSlotTable() *slotTable {
	factor := uint64(0x9e3779b97f4a7c15)
	for range 1 << 16 {
		t := &slotTable{factor: factor}
		if t.fill() {
			return t
		}
		factor += 0x632be59bd9b4e0aa // stays odd
	}
	panic("ingest: no hash tells all names of attributes apart")
}

// fill enters all names, and reports false where two fall on one cell.
func (t *slotTable) fill() bool {
	for i, n := range attributeNames[1:] {
		t.slots[i+1] = n.slot
		if len(n.name) < minKey {
			if t.short[len(n.name)] != 0 {
				return false
			}
			t.short[len(n.name)] = uint8(i + 1)
			continue
		}
		c := &t.cells[t.hash(n.name)]
		if *c != 0 {
			return false
		}
		*c = uint8(i + 1)
	}
	return true
}

// only returns the table of the names of some slots.
func (t *slotTable) only(of slots) *slotTable {
	few := *t
	for k, c := range t.cells {
		if of>>t.slots[c]&1 == 0 {
			few.cells[k] = 0
		}
	}
	for k, c := range t.short {
		if of>>t.slots[c]&1 == 0 {
			few.short[k] = 0
		}
	}
	return &few
}

func (t *slotTable) hash(key string) uint64 {
	tail := key[len(key)-minKey:]
	h := binary.LittleEndian.Uint64([]byte(tail)) ^ uint64(len(key))<<56 ^ uint64(key[0])<<48
	return h * t.factor >> 54 % slotCells
}

// cellOf returns the index in attributeNames of the only name that key may be
// equal to.
func (t *slotTable) cellOf(key string) uint8 {
	if len(key) < minKey {
		return t.short[len(key)]
	}
	return t.cells[t.hash(key)]
}
