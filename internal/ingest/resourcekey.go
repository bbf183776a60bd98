package ingest

import (
	"math"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// resourceKey are the attributes of a resource, for what is known about it to be
// found again. They lie together, as they are compared with each resource that comes.
type resourceKey struct {
	hash       uint64
	attributes []resourceAttribute
	text       string // keys and strings, in their order
}

// resourceAttribute is an attribute of a resource. Of numbers and booleans the
// bits are kept.
type resourceAttribute struct {
	bits      uint64
	key, text uint16 // lengths
	kind      pcommon.ValueType
}

// bitsOf returns the value of a scalar as bits, but of a string; false where it
// is no scalar.
func bitsOf(v pcommon.Value) (uint64, bool) {
	switch v.Type() {
	case pcommon.ValueTypeStr, pcommon.ValueTypeEmpty:
		return 0, true
	case pcommon.ValueTypeInt:
		return uint64(v.Int()), true
	case pcommon.ValueTypeBool:
		if v.Bool() {
			return 1, true
		}
		return 0, true
	case pcommon.ValueTypeDouble:
		return math.Float64bits(v.Double()), true
	default:
		return 0, false
	}
}

// maxResourceKey bounds the bytes of a key.
const maxResourceKey = 4096

// hashResource hashes the attributes of a resource, of keys their lengths only,
// since all is compared afterwards. It reports false where an attribute that
// matters is a list or a map, or all are too long: such a resource has no key. A
// nil matters means that all attributes do.
func hashResource(m pcommon.Map, matters map[string]bool) (h uint64, ok bool) {
	size := 0
	for k, v := range m.All() {
		h = h<<5 ^ h>>59 ^ uint64(len(k))
		size += len(k)
		if v.Type() == pcommon.ValueTypeStr {
			s := v.Str()
			size += len(s)
			h = quickHash(h, s)
			continue
		}
		n, scalar := bitsOf(v)
		if !scalar && (matters == nil || matters[k]) {
			return 0, false
		}
		h = quickMix(h ^ n)
	}
	return h ^ h>>32, size <= maxResourceKey
}

// keyOf returns the key of a resource of that hash, with memory of its own.
func keyOf(m pcommon.Map, hash uint64) resourceKey {
	key := resourceKey{hash: hash, attributes: make([]resourceAttribute, 0, m.Len())}
	var text strings.Builder
	for k, v := range m.All() {
		a := resourceAttribute{key: uint16(len(k)), kind: v.Type()}
		text.WriteString(k)
		if a.kind == pcommon.ValueTypeStr {
			a.text = uint16(len(v.Str()))
			text.WriteString(v.Str())
		}
		a.bits, _ = bitsOf(v)
		key.attributes = append(key.attributes, a)
	}
	key.text = text.String()
	return key
}

// is reports whether m, of that hash, has the attributes of the key, in the same
// order.
func (r *resourceKey) is(m pcommon.Map, hash uint64) bool { return r.hash == hash && r.same(m) }

// same is is where the hash is not known.
func (r *resourceKey) same(m pcommon.Map) bool {
	if m.Len() != len(r.attributes) {
		return false
	}
	n, rest := 0, r.text
	for k, v := range m.All() {
		a := &r.attributes[n]
		n++
		if len(k) != int(a.key) || k != rest[:len(k)] || a.kind != v.Type() {
			return false
		}
		rest = rest[len(k):]
		if a.kind != pcommon.ValueTypeStr {
			if bits, _ := bitsOf(v); a.bits != bits {
				return false
			}
			continue
		}
		text := v.Str()
		if len(text) != int(a.text) || text != rest[:len(text)] {
			return false
		}
		rest = rest[len(text):]
	}
	return true
}
