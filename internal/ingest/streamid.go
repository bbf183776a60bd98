package ingest

import (
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Streams are told apart by 64-bit FNV-1a hashes of attributes, each mixed and
// added up, so that their order does not matter. The hash is the same in every
// process: the order in which streams are folded must not depend on a seed.

const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

func hashString(h uint64, s string) uint64 {
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * fnvPrime
	}
	return h
}

func hashUint(h, v uint64) uint64 {
	for range 8 {
		h = (h ^ v&0xff) * fnvPrime
		v >>= 8
	}
	return h
}

// hashMap returns the hash of all attributes of m.
func hashMap(m pcommon.Map) uint64 {
	var all uint64
	for k, v := range m.All() {
		h := hashString(fnvOffset, k)
		h = (h ^ uint64(v.Type())) * fnvPrime
		switch v.Type() {
		case pcommon.ValueTypeStr:
			h = hashString(h, v.Str())
		case pcommon.ValueTypeInt:
			h = hashUint(h, uint64(v.Int()))
		case pcommon.ValueTypeDouble:
			h = hashUint(h, math.Float64bits(v.Double()))
		case pcommon.ValueTypeBool:
			if v.Bool() {
				h = hashUint(h, 1)
			}
		case pcommon.ValueTypeEmpty:
		default:
			h = hashString(h, v.AsString())
		}
		all += mix(h)
	}
	return all
}

// mix spreads h over all bits (the finalizer of splitmix64).
func mix(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
