package feature

import (
	"encoding/binary"
	"math"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/identity"
)

// writer appends values to b. A string is written where it is first used, and
// by its number from then on: 0 is a new string, n the n-th.
type writer struct {
	b       []byte
	strings map[string]uint64
}

func newWriter() *writer { return &writer{b: []byte{encoding}, strings: make(map[string]uint64)} }

func (w *writer) byte(v byte)                { w.b = append(w.b, v) }
func (w *writer) uint(v uint64)              { w.b = binary.AppendUvarint(w.b, v) }
func (w *writer) int(v int64)                { w.b = binary.AppendVarint(w.b, v) }
func (w *writer) fixed(v uint32)             { w.b = binary.LittleEndian.AppendUint32(w.b, v) }
func (w *writer) rpc(k identity.RPC)         { w.service(k.Service); w.string(k.Operation) }
func (w *writer) edge(e identity.Edge)       { w.rpc(e.Caller); w.rpc(e.Callee) }
func (w *writer) service(s identity.Service) { w.string(s.Namespace); w.string(s.Name) }
func (w *writer) rpcs(ks []identity.RPC) {
	w.uint(uint64(len(ks)))
	for _, k := range ks {
		w.rpc(k)
	}
}

func (w *writer) string(s string) {
	if n, known := w.strings[s]; known {
		w.uint(n)
		return
	}
	w.strings[s] = uint64(len(w.strings) + 1)
	w.uint(0)
	w.uint(uint64(len(s)))
	w.b = append(w.b, s...)
}

func (w *writer) key(k Key) {
	w.byte(byte(k.Kind))
	switch k.Kind {
	case Latency:
		w.byte(byte(k.Node.Class))
		w.edge(k.Node.Edge)
		w.byte(byte(k.Quantile))
	case Metric:
		w.service(k.Service)
		w.string(k.Name)
	case Exclusive:
		w.edge(k.Edge)
		w.byte(byte(k.Quantile))
	case Load, Overlap, Errors, Calls:
		w.edge(k.Edge)
	}
}

// reader takes values off the front of b until one does not fit; from then on
// all are zero.
type reader struct {
	b       []byte
	strings []string
	failed  bool
}

// newReader returns a reader of what a writer of this version wrote.
func newReader(b []byte) *reader {
	r := &reader{b: b}
	if r.byte() != encoding {
		r.fail()
	}
	return r
}

func (r *reader) fail() { r.failed, r.b = true, nil }

// take returns the next n bytes, or nil.
func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.fail()
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) byte() byte {
	if v := r.take(1); v != nil {
		return v[0]
	}
	return 0
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) int() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

// float reads 4 bytes.
func (r *reader) float() float32 {
	if v := r.take(4); v != nil {
		return math.Float32frombits(binary.LittleEndian.Uint32(v))
	}
	return 0
}

// count reads the number of items that take at least size bytes each, so that
// what is allocated for them is bounded by the input.
func (r *reader) count(size int) int {
	n := r.uint()
	if n > uint64(len(r.b)/size) {
		r.fail()
		return 0
	}
	return int(n)
}

// positive reads a setting: a positive number that fits everywhere.
func (r *reader) positive() int {
	n := r.uint()
	if n == 0 || n > 1<<31-1 {
		r.fail()
		return 1
	}
	return int(n)
}

func (r *reader) string() string {
	n := r.uint()
	if n > uint64(len(r.strings)) {
		r.fail()
	}
	if r.failed {
		return ""
	}
	if n > 0 {
		return r.strings[n-1]
	}
	s := string(r.take(r.uint()))
	r.strings = append(r.strings, s)
	return s
}

func (r *reader) service() identity.Service {
	return identity.Service{Namespace: r.string(), Name: r.string()}
}

func (r *reader) rpc() identity.RPC   { return identity.RPC{Service: r.service(), Operation: r.string()} }
func (r *reader) edge() identity.Edge { return identity.Edge{Caller: r.rpc(), Callee: r.rpc()} }

func (r *reader) rpcs() []identity.RPC {
	var out []identity.RPC
	for range r.count(3) {
		out = append(out, r.rpc())
	}
	return out
}

func (r *reader) key() Key {
	k := Key{Kind: Kind(r.byte())}
	switch k.Kind {
	case Latency:
		k.Node.Class = cbn.Class(r.byte())
		k.Node.Edge = r.edge()
		k.Quantile = int(r.byte())
	case Metric:
		k.Service = r.service()
		k.Name = r.string()
	case Exclusive:
		k.Edge = r.edge()
		k.Quantile = int(r.byte())
	case Load, Overlap, Errors, Calls:
		k.Edge = r.edge()
	default:
		r.fail()
	}
	if k.Node.Class > cbn.QueueNode || k.Quantile >= D {
		r.fail()
	}
	return k
}
