package window

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIndex_agreesWithAMap(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var x index
	first := 0
	for range 3 {
		model := make(map[uint64]int32)
		for range 3000 {
			key := uint64(rnd.IntN(1000)) << (rnd.IntN(2) * 40)
			want, known := model[key]
			got, ok := x.of(key)
			require.Equal(t, known, ok)
			if !known {
				want = int32(first + len(model))
				model[key] = want
			}
			require.Equal(t, want, got)
		}
		first += len(model)
		x.reset(first)
	}
}
