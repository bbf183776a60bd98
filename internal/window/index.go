package window

// index numbers keys in the order in which they come: a hash table of open
// addressing with linear probing, half empty. Keys are pairs of numbers, of
// which a table of Go's would hash every byte.
type index struct {
	cells []cell // a power of two, or none
	used  int    // cells
	first int32  // number of the first key
}

// cell is free where place is 0.
type cell struct {
	key   uint64
	place int32 // and 1
}

// of returns the number of key, and whether it had one before.
func (x *index) of(key uint64) (place int32, known bool) {
	if 2*(x.used+1) > len(x.cells) {
		x.grow()
	}
	mask := uint64(len(x.cells) - 1)
	for i := hashOf(key) & mask; ; i = (i + 1) & mask {
		switch c := &x.cells[i]; {
		case c.place == 0:
			x.used++
			*c = cell{key, x.first + int32(x.used)}
			return c.place - 1, false
		case c.key == key:
			return c.place - 1, true
		}
	}
}

func (x *index) grow() {
	old := x.cells
	x.cells = make([]cell, max(8, 2*len(old)))
	mask := uint64(len(x.cells) - 1)
	for _, c := range old {
		if c.place == 0 {
			continue
		}
		i := hashOf(c.key) & mask
		for x.cells[i].place != 0 {
			i = (i + 1) & mask
		}
		x.cells[i] = c
	}
}

// reset forgets all keys; the next one gets the number first.
func (x *index) reset(first int) {
	clear(x.cells)
	x.used, x.first = 0, int32(first)
}

func hashOf(key uint64) uint64 {
	key *= 0x9e3779b97f4a7c15
	return key ^ key>>32
}
