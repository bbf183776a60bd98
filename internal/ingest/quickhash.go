package ingest

import "encoding/binary"

// hashFactor is odd, with bits spread over all of it.
const hashFactor = 0x9e3779b97f4a7c15

// quickHash adds s to a hash by words of 8 bytes. It is for tables that compare
// what they find, and lose nothing but time where somebody makes up collisions.
func quickHash(h uint64, s string) uint64 {
	const word = 8
	h ^= uint64(len(s)) << 32
	if len(s) < word {
		return quickMix(h ^ fewBytes(s))
	}
	last := len(s) - word
	for i := 0; i < last; i += word {
		h = quickMix(h ^ wordAt(s, i))
	}
	return quickMix(h ^ wordAt(s, last))
}

// fewBytes returns up to 8 bytes as a number, other ones for other strings of one length.
func fewBytes(s string) uint64 {
	const half = 4
	switch n := len(s); {
	case n >= half:
		return uint64(binary.LittleEndian.Uint32([]byte(s[:half])))<<32 | uint64(binary.LittleEndian.Uint32([]byte(s[n-half:])))
	case n > 0:
		return uint64(s[0])<<16 | uint64(s[n/2])<<8 | uint64(s[n-1])
	}
	return 0
}

func wordAt(s string, i int) uint64 { return binary.LittleEndian.Uint64([]byte(s[i : i+8])) }

func quickMix(h uint64) uint64 {
	h *= hashFactor
	return h ^ h>>29
}
