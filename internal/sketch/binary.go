package sketch

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
)

// version is the first byte of an encoded sketch.
const version = 1

// The buckets that a duration can fall in: 1 ns closes bucket -1, and 2^63 ns
// closes bucket 63*32-1.
const (
	minIndex = -1
	maxIndex = 63*perOctave - 1
)

// errEncoding reports bytes that AppendBinary has not written.
var errEncoding = errors.New("sketch: not an encoded sketch")

// AppendBinary appends the encoding of s to b: the version, the weight of zero,
// total, sum, largest value, the index of the first bucket, the number of
// buckets and their weights, integers and numbers as varints. It implements
// encoding.BinaryAppender; the error is always nil.
func (s *Sketch) AppendBinary(b []byte) ([]byte, error) {
	offset, counts, zero := s.Buckets()
	b = append(b, version)
	for _, v := range [...]float64{zero, s.Count(), s.Sum(), s.Max()} {
		b = appendFloat(b, v)
	}
	b = binary.AppendVarint(b, int64(offset))
	b = binary.AppendUvarint(b, uint64(len(counts)))
	for _, c := range counts {
		b = appendFloat(b, c)
	}
	return b, nil
}

// MarshalBinary implements encoding.BinaryMarshaler, by AppendBinary.
func (s *Sketch) MarshalBinary() ([]byte, error) { return s.AppendBinary(nil) }

// UnmarshalBinary sets s to the sketch that b encodes. It refuses what no
// sketch can hold, and leaves s as it was then.
func (s *Sketch) UnmarshalBinary(b []byte) error {
	d := decoder{b: b}
	if d.byte() != version {
		return errEncoding
	}
	r := Sketch{zero: d.float(), total: d.float(), sum: d.float(), max: d.float()}
	offset, n := d.varint(), d.uvarint()
	if d.failed || n > maxIndex-minIndex+1 || offset < minIndex || offset > maxIndex-int64(n)+1 {
		return errEncoding
	}
	if n > 0 {
		r.cover(int(offset), int(offset)+int(n)-1)
	}
	weight := r.zero
	for i := range int(n) {
		c := d.float()
		r.counts[int(offset)-r.offset+i] = c
		weight += c
	}
	if d.failed || len(d.b) > 0 || math.Abs(weight-r.total) > 1e-6*r.total || !r.holdsMax(int(offset)+int(n)-1) {
		return errEncoding
	}
	*s = r
	return nil
}

// appendFloat appends v such that numbers of few significant bits, as counts
// are, take few bytes: the bytes of an IEEE 754 number in reverse, as a varint.
func appendFloat(b []byte, v float64) []byte {
	return binary.AppendUvarint(b, bits.ReverseBytes64(math.Float64bits(v)))
}

// decoder takes values off the front of b until one does not fit.
type decoder struct {
	b      []byte
	failed bool
}

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.failed = true
		return 0
	}
	v := d.b[0]
	d.b = d.b[1:]
	return v
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.failed, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.failed, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

// float returns a finite number that is not negative.
func (d *decoder) float() float64 {
	v := math.Float64frombits(bits.ReverseBytes64(d.uvarint()))
	if !(v >= 0 && v <= math.MaxFloat64) {
		d.failed = true
		return 0
	}
	return v
}
