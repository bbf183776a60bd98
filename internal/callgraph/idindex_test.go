package callgraph

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
)

func bytesOf(n uint64) (id identity.SpanID) {
	binary.BigEndian.PutUint64(id[:], n)
	return id
}

// Against sorting and searching, for ids that are spread, count up, share their
// low or high bits, come twice, or crowd at one end.
func TestIDIndex_agreesWithSorting(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	kinds := map[string]func(i int) uint64{
		"random":           func(int) uint64 { return rnd.Uint64() | 1 },
		"counting":         func(i int) uint64 { return uint64(i + 1) },
		"counting in high": func(i int) uint64 { return uint64(i+1) << 49 },
		"few":              func(int) uint64 { return uint64(1 + rnd.IntN(20)) },
		"crowded":          func(i int) uint64 { return uint64(i + 1 + i%7<<60) },
		"all but one low":  func(i int) uint64 { return uint64(i+1) | uint64(i/99)<<63 },
	}
	var x idIndex
	for name, id := range kinds {
		for _, n := range []int{1, 2, 3, 10, 100, 1000, 20_000} {
			x.reset()
			var want []key
			for i := range n {
				k := key{id(i), int32(i)}
				x.add(bytesOf(k.id), k.slot)
				want = append(want, k)
			}
			slices.SortStableFunc(want, func(a, b key) int {
				if a.id < b.id {
					return -1
				}
				return 1
			})
			first := make(map[uint64]int32)
			for i, k := range want {
				if _, ok := first[k.id]; !ok {
					first[k.id] = int32(i)
				}
			}
			require.Equal(t, len(first) < n, x.sort(), "%s, %d", name, n)
			require.Equal(t, want, x.keys, "%s, %d", name, n)
			for id, i := range first {
				require.Equal(t, i, x.find(bytesOf(id)), "%s, %d", name, n)
			}
			require.Equal(t, none, x.find(identity.SpanID{}))
			for range 100 {
				other := rnd.Uint64() | 1
				if _, ok := slices.BinarySearchFunc(want, other, func(k key, id uint64) int {
					switch {
					case k.id < id:
						return -1
					case k.id > id:
						return 1
					}
					return 0
				}); !ok {
					require.Equal(t, lost, x.find(bytesOf(other)))
				}
			}
		}
	}
}
