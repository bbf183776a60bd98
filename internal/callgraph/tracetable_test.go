package callgraph

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
)

// Against a map, with tags that collide.
func TestTraceTable_agreesWithAMap(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	table := newTraceTable()
	var all traces
	model := make(map[identity.TraceID]int32)
	tag := func(id identity.TraceID) uint32 { return uint32(id[0]%16) * 0x10000001 }
	for range 20_000 {
		id := identity.TraceID{byte(rnd.IntN(256)), byte(rnd.IntN(2))}
		n, known := model[id]
		switch {
		case !known:
			require.Equal(t, int32(nowhere), table.find(tag(id), &id, &all))
			n = all.take()
			all.at(n).id = id
			table.put(tag(id), n)
			model[id] = n
		case rnd.IntN(2) == 0:
			require.Equal(t, n, table.find(tag(id), &id, &all))
		default:
			table.remove(tag(id), n)
			all.release(n)
			delete(model, id)
		}
		require.Equal(t, len(model), table.used)
	}
	for id, n := range model {
		require.Equal(t, n, table.find(tag(id), &id, &all))
	}
}
