package window_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// What ends in the last third is told apart, of requests without a caller.
func TestFolder_ending(t *testing.T) {
	f := newFolder()
	rpc := identity.RPC{Service: identity.Service{Name: "web"}, Operation: "/"}
	for _, at := range []int64{0, size / 2, 2*size/3 - 1, 2*size/3 + 1, size - 1} {
		f.Served(served{RPC: rpc, Time: 3*size + at, Entry: true, Duration: 1e6, Weight: 1})
	}
	f.Served(served{RPC: rpc, Time: 4*size - 1, Duration: 1e6, Weight: 1})
	s := window.Merge(3*size, 4*size, f.Close(4*size), nil)
	require.Len(t, s.RPCs, 1)
	assert.Equal(t, 6.0, s.RPCs[0].Latency.Count())
	assert.Equal(t, 2.0, s.RPCs[0].Ending.Count(), "who has a caller is nobody's end")
}
