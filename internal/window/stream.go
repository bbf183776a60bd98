package window

import "slices"

// stream is one stream of points with what it says in open windows.
type stream struct {
	key      streamKey
	hash     uint64
	host     string
	last     position
	course   course
	readings []reading
}

// streams finds streams by a hash that whoever sends points knows already: a hash
// table of open addressing with linear probing, half empty.
type streams struct {
	cells   []streamCell // a power of two, or none
	used    int
	order   []*stream // by key; those that have come since lie unsorted in added
	added   []*stream
	spare   []*stream
	scratch []*stream
}

// streamCell is free where stream is nil.
type streamCell struct {
	hash   uint64
	stream *stream
}

// find returns the stream of a point, or nil.
func (t *streams) find(p *Point) *stream {
	if len(t.cells) == 0 {
		return nil
	}
	mask := uint64(len(t.cells) - 1)
	for i := hashOf(p.Hash) & mask; ; i = (i + 1) & mask {
		c := &t.cells[i]
		if c.stream == nil {
			return nil
		}
		if k := &c.stream.key; c.hash == p.Hash && k.stream == p.Stream && k.metric == p.Metric && k.instance == p.Instance {
			return c.stream
		}
	}
}

// put adds the stream of a point that is not there.
func (t *streams) put(p *Point) *stream {
	if 2*(t.used+1) > len(t.cells) {
		t.rebuild(max(64, 2*len(t.cells)))
	}
	s := pop(&t.spare)
	s.key, s.hash, s.host = streamKey{p.Instance, p.Metric, p.Stream}, p.Hash, p.Host
	t.place(s)
	t.added = append(t.added, s)
	t.used++
	return s
}

func (t *streams) place(s *stream) {
	mask := uint64(len(t.cells) - 1)
	i := hashOf(s.hash) & mask
	for t.cells[i].stream != nil {
		i = (i + 1) & mask
	}
	t.cells[i] = streamCell{s.hash, s}
}

// rebuild files all streams anew in a table of n cells.
func (t *streams) rebuild(n int) {
	if n == len(t.cells) {
		clear(t.cells)
	} else {
		t.cells = make([]streamCell, n)
	}
	for _, s := range t.order {
		t.place(s)
	}
	for _, s := range t.added {
		t.place(s)
	}
}

// sorted returns all streams by key. To merge what has come since into what was
// sorted before costs nothing where nothing has come.
func (t *streams) sorted() []*stream {
	if len(t.added) == 0 {
		return t.order
	}
	slices.SortFunc(t.added, compareStreams)
	merged := slices.Grow(t.scratch[:0], len(t.order)+len(t.added))
	a, b := t.order, t.added
	for len(a) > 0 && len(b) > 0 {
		if compareStreams(a[0], b[0]) < 0 {
			merged, a = append(merged, a[0]), a[1:]
		} else {
			merged, b = append(merged, b[0]), b[1:]
		}
	}
	merged = append(append(merged, a...), b...)
	clear(t.order)
	clear(t.added)
	t.scratch, t.order, t.added = t.order[:0], merged, t.added[:0]
	return t.order
}

// forget drops the readings of windows that start at closed or before, and the
// streams of which gone is true.
func (t *streams) forget(closed int64, gone func(*stream) bool) {
	lost := 0
	drop := func(s *stream) bool {
		s.readings = slices.DeleteFunc(s.readings, func(r reading) bool { return r.start <= closed })
		if !gone(s) {
			return false
		}
		*s = stream{readings: s.readings[:0]}
		t.spare = append(t.spare, s)
		lost++
		return true
	}
	t.order = slices.DeleteFunc(t.order, drop)
	t.added = slices.DeleteFunc(t.added, drop)
	if lost > 0 {
		t.used -= lost
		t.rebuild(len(t.cells))
	}
}
