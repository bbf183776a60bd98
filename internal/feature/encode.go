package feature

import (
	"errors"
	"math"
	"time"

	"github.com/sage-rca/sage/internal/cbn"
)

// encoding is the version of what is persisted here, and its first byte.
const encoding = 2

// errEncoding reports bytes that were not written here, or by another version.
var errEncoding = errors.New("feature: not a history or layout of this version")

// MarshalBinary returns the history for UnmarshalHistory: settings, rows, and
// then the columns in the order of their keys, 4 bytes a value. Equal histories
// give equal bytes.
func (h *History) MarshalBinary() ([]byte, error) {
	w := newWriter()
	w.uint(uint64(h.window))
	w.uint(uint64(h.capacity))
	w.uint(uint64(h.maxColumns))
	w.uint(uint64(h.length))
	last := int64(0)
	for row := range h.length {
		w.byte(byte(h.Health(row)))
		w.int(h.Start(row) - last)
		last = h.Start(row)
	}
	w.uint(uint64(len(h.columns)))
	for _, k := range h.Keys() {
		w.key(k)
		ring := h.columns[k].ring
		for row := range h.length {
			w.fixed(math.Float32bits(ring[h.at(row)]))
		}
	}
	return w.b, nil
}

// UnmarshalHistory is the inverse of MarshalBinary. It returns an error for what
// MarshalBinary does not write.
func UnmarshalHistory(b []byte) (*History, error) {
	r := newReader(b)
	length := time.Duration(r.uint())
	capacity, maxColumns, rows := r.positive(), r.positive(), r.count(2)
	if r.failed || length <= 0 || rows > capacity {
		return nil, errEncoding
	}
	h := NewHistory(length, capacity, maxColumns)
	start := int64(0)
	for row := range rows {
		health := Health(r.byte())
		next := start + r.int()
		if r.failed || health > Violated || row > 0 && next <= start {
			return nil, errEncoding
		}
		i := h.push()
		h.starts[i], h.health[i] = next, health
		start = next
	}
	columns := r.count(2 + 4*rows)
	if rows > h.room(columns) {
		return nil, errEncoding
	}
	h.resize(min(len(h.starts), h.room(columns)))
	var last Key
	for n := range columns {
		k := r.key()
		if r.failed || n > 0 && k.Compare(last) <= 0 || !h.restore(k, r) {
			return nil, errEncoding
		}
		last = k
	}
	if r.failed || len(r.b) > 0 {
		return nil, errEncoding
	}
	return h, nil
}

// restore reads the values of a column.
func (h *History) restore(k Key, r *reader) bool {
	c := &column{ring: missing(len(h.starts))}
	for row := range h.length {
		v := r.float()
		if math.IsInf(float64(v), 0) {
			return false
		}
		if v == v {
			c.ring[h.at(row)] = v
			c.present++
		}
	}
	h.columns[k] = c
	return c.present > 0
}

// The flags of a persisted call.
const (
	flagLeaf byte = 1 << iota
	flagAsync
	flagNetwork
	flagUnseen
)

func flag(set bool, v byte) byte {
	if set {
		return v
	}
	return 0
}

// MarshalBinary returns the layout for UnmarshalLayout: the graph as what it was
// built from, and the keys of X. The rest follows from these.
func (l *Layout) MarshalBinary() ([]byte, error) {
	w := newWriter()
	w.uint(l.Graph.Version)
	o := l.Graph.Observation()
	w.rpcs(o.RPCs)
	w.rpcs(o.Entries)
	w.uint(uint64(len(o.Calls)))
	for _, c := range o.Calls {
		w.edge(c.Edge)
		w.byte(flag(c.Leaf, flagLeaf) | flag(c.Async, flagAsync) | flag(c.Network, flagNetwork) | flag(c.Unseen, flagUnseen))
	}
	w.uint(uint64(len(l.XKeys)))
	for i, k := range l.XKeys {
		w.key(k)
		w.byte(flag(l.Fixed[i], 1))
	}
	return w.b, nil
}

// UnmarshalLayout is the inverse of MarshalBinary. It returns an error for what
// MarshalBinary does not write.
func UnmarshalLayout(b []byte) (*Layout, error) {
	r := newReader(b)
	version := r.uint()
	o := cbn.Observation{RPCs: r.rpcs(), Entries: r.rpcs()}
	for range r.count(7) {
		e, flags := r.edge(), r.byte()
		o.Calls = append(o.Calls, cbn.Call{
			Edge: e, Leaf: flags&flagLeaf > 0, Async: flags&flagAsync > 0,
			Network: flags&flagNetwork > 0, Unseen: flags&flagUnseen > 0,
		})
	}
	if r.failed {
		return nil, errEncoding
	}
	l := &Layout{Graph: cbn.New(version, o)}
	l.XOf = make([][]int, len(l.Graph.Channels))
	for i := range r.count(3) {
		k, fixed := r.key(), r.byte()
		c := channelOf(l.Graph, k)
		if r.failed || c < 0 || fixed > 1 || i > 0 && k.Compare(l.XKeys[i-1]) <= 0 {
			return nil, errEncoding
		}
		l.XKeys = append(l.XKeys, k)
		l.XOf[c] = append(l.XOf[c], i)
		l.Fixed = append(l.Fixed, fixed == 1)
	}
	if r.failed || len(r.b) > 0 {
		return nil, errEncoding
	}
	l.wire()
	return l, nil
}
