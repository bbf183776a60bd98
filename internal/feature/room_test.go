package feature_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// usage is window n, with columns from first to last (not included), each with a value
// that says which it is.
func usage(n, first, last int) *window.Snapshot {
	r := window.Resource{Service: identity.Service{Name: "web"}}
	for k := first; k < last; k++ {
		r.Values = append(r.Values, window.Value{Metric: fmt.Sprintf("m%03d", k), Value: float64(1000*k + n%1000)})
	}
	start := int64(n) * int64(30*time.Second)
	return &window.Snapshot{Start: start, End: start + int64(30*time.Second), Resources: []window.Resource{r}}
}

func numbered(k int) feature.Key {
	return feature.Key{Kind: feature.Metric, Service: identity.Service{Name: "web"}, Name: fmt.Sprintf("m%03d", k)}
}

// A record of 1,024 rows of 4 columns: of 5 it has 6/8 of them, of 8 4/8, of 16 2/8, and of
// 17 there would be less than 256.
func TestHistory_getsShorterWhereThereAreMoreColumns(t *testing.T) {
	const capacity, columns = 1024, 4
	h := feature.NewHistory(30*time.Second, capacity, columns)
	n := 0
	run := func(windows, first, last int) {
		t.Helper()
		for range windows {
			h.Append(usage(n, first, last))
			n++
			require.LessOrEqual(t, h.Len()*len(h.Keys()), capacity*columns)
		}
		for row := range h.Len() {
			at := n - h.Len() + row
			require.Equal(t, int64(at)*int64(30*time.Second), h.Start(row), "the last rows are kept")
			assert.Equal(t, float64(1000*first+at%1000), h.Value(numbered(first), row))
		}
	}
	run(1100, 0, 4)
	assert.Equal(t, 1024, h.Len())
	run(1, 0, 5)
	assert.Equal(t, 768, h.Len())
	assert.True(t, math.IsNaN(h.Value(numbered(4), 766)))
	assert.Equal(t, float64(4000+1100%1000), h.Value(numbered(4), 767))
	run(1, 0, 8)
	assert.Equal(t, 512, h.Len())
	run(1, 0, 16)
	assert.Equal(t, 256, h.Len())
	run(300, 0, 16)
	assert.Equal(t, 256, h.Len())
	assert.Zero(t, h.Refused())
	run(2, 0, 18)
	assert.Equal(t, 4, h.Refused(), "of two columns, twice")
	assert.Equal(t, 256, h.Len())

	b, err := h.MarshalBinary()
	require.NoError(t, err)
	back, err := feature.UnmarshalHistory(b)
	require.NoError(t, err)
	again, err := back.MarshalBinary()
	require.NoError(t, err)
	assert.Equal(t, b, again)
	both := back.Clone()
	both.Append(usage(n, 0, 16))
	assert.Equal(t, 256, both.Len(), "the same bound")

	run(256, 0, 3) // the others are forgotten, and there is room again
	assert.Len(t, h.Keys(), 3)
	run(1100, 0, 3)
	assert.Equal(t, 1024, h.Len())
}

// However columns come and go, the record is the last windows of what came, in bounds.
func TestHistory_staysInItsRoom(t *testing.T) {
	const capacity, columns = 600, 6
	h := feature.NewHistory(30*time.Second, capacity, columns)
	for n := range 5000 {
		first := n / 400 % 5
		last := first + 3 + n/70%12
		h.Append(usage(n, first, last))
		require.LessOrEqual(t, h.Len()*len(h.Keys()), capacity*columns, n)
		require.Equal(t, int64(n)*int64(30*time.Second), h.Start(h.Len()-1))
		v := h.Value(numbered(first), h.Len()-1)
		require.True(t, v == float64(1000*first+n%1000) || h.Refused() > 0 && math.IsNaN(v), "window %d: %v", n, v)
	}
	assert.GreaterOrEqual(t, h.Len(), 256)
}
