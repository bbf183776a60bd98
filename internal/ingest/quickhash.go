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
		for i := range len(s) {
			h = h<<word ^ h>>(64-word) ^ uint64(s[i])
		}
		return quickMix(h)
	}
	last := len(s) - word
	for i := 0; i < last; i += word {
		h = quickMix(h ^ wordAt(s, i))
	}
	return quickMix(h ^ wordAt(s, last))
}

func wordAt(s string, i int) uint64 { return binary.LittleEndian.Uint64([]byte(s[i : i+8])) }

func quickMix(h uint64) uint64 {
	h *= hashFactor
	return h ^ h>>29
}
