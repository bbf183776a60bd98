package ingest

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// Each window is requests that may have had a caller, and those of them that are torn.
func TestTears(t *testing.T) {
	tests := map[string]struct {
		windows [][2]float64
		want    []bool
	}{
		"always called":                       {[][2]float64{{10, 0}, {10, 1}}, []bool{false, false}},
		"never, from the start":               {[][2]float64{{2, 2}, {2, 2}, {2, 2}}, []bool{false, false, true}},
		"one request says nothing":            {[][2]float64{{1, 1}, {1, 1}}, []bool{false, false}},
		"a window of losses":                  {[][2]float64{{100, 5}, {100, 5}, {100, 100}, {100, 5}}, []bool{false, false, false, false}},
		"two of them are none":                {[][2]float64{{100, 25}, {100, 25}, {100, 100}, {100, 100}, {100, 25}}, []bool{false, false, false, false, false}},
		"four are":                            {[][2]float64{{100, 5}, {100, 5}, {100, 100}, {100, 100}, {100, 100}, {100, 100}}, []bool{false, false, false, false, false, true}},
		"unless there are far more of them":   {[][2]float64{{100, 0}, {1000, 1000}, {1000, 1000}}, []bool{false, true, true}},
		"of eight requests too":               {[][2]float64{{8, 0}, {8, 0}, {8, 8}, {8, 8}, {8, 8}, {8, 8}, {8, 8}}, []bool{false, false, false, false, false, false, true}},
		"rare requests are remembered for 16": {[][2]float64{{100, 0}, {8, 8}, {8, 8}, {8, 8}, {8, 8}, {8, 8}}, []bool{false, false, false, false, false, true}},
		"and called again as long":            {[][2]float64{{32, 32}, {4, 0}, {4, 0}, {4, 0}}, []bool{true, false, false, false}},
		"half of them have callers that tell": {[][2]float64{{100, 52}, {100, 52}}, []bool{false, false}},
		"a quarter has not quite":             {[][2]float64{{100, 78}, {100, 78}}, []bool{true, true}},
		"more than a quarter has":             {[][2]float64{{100, 73}, {100, 73}}, []bool{false, false}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var of tears
			var got []bool
			for _, w := range tt.windows {
				got = append(got, of.add(w[0], w[1]))
			}
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestTearing(t *testing.T) {
	tr := newTearing(2, 100)
	judge := func(end int64, r window.RPC) float64 {
		r.Key = rpcOf("cart", "Get")
		s := &window.Snapshot{End: end, RPCs: []window.RPC{r}}
		tr.judge(s)
		return s.RPCs[0].Torn
	}
	assert.InDelta(t, 1, judge(10, window.RPC{Count: 10, Entries: 1, Torn: 1}), 0)
	assert.InDelta(t, 8, judge(20, window.RPC{Count: 8, Entries: 8, Torn: 8}), 0, "a loss")
	assert.Zero(t, judge(30, window.RPC{Count: 80, Entries: 80, Torn: 80}))
	assert.InDelta(t, 1, judge(40, window.RPC{Count: 80, Entries: 30, Torn: 1}), 0, "requests without a parent are none of either kind")
	assert.Zero(t, judge(300, window.RPC{Count: 6, Entries: 6, Torn: 6}), "forgotten")
	assert.InDelta(t, 100, judge(500, window.RPC{Count: 100, Entries: 100, Torn: 100, Unseen: 99}), 0, "one span that stands for 100")
	assert.Zero(t, judge(700, window.RPC{Stream: 3}))
	assert.InDelta(t, 100, judge(1000, window.RPC{Count: 100, Entries: 100, Torn: 100, Inner: 100}), 0, "parts of requests to others")
	assert.InDelta(t, 10, judge(1200, window.RPC{Count: 100, Entries: 90, Torn: 90, Inner: 10}), 0, "few of them are")

	for _, name := range []string{"a", "b", "c"} { // more than there is room for
		s := &window.Snapshot{End: 1400, RPCs: []window.RPC{{Key: identity.RPC{Operation: name}, Count: 7, Entries: 7, Torn: 7}}}
		tr.judge(s)
		assert.Zero(t, s.RPCs[0].Torn, "by itself")
	}
}
