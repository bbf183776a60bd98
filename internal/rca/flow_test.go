package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Two services use one store. Its calls by orders are slow, which two hops lie before, and not
// those by auth.
func TestPathTo_slowWay(t *testing.T) {
	w := newWorld().
		serve("orders", 0.010, 1).serve("auth", 0.005, 1).serve("checkout", 0.010, 1).serve("front", 0.005, 1).
		query("orders", "db", 1, 0.010).query("auth", "db", 1, 0.005).
		call("checkout", "orders", 1, 0.001).call("front", "auth", 1, 0.001).call("front", "checkout", 1, 0.001)
	in, rec := incident(w, func(w *world) { w.leaf[edge("orders", "db")] = 1 })
	v := diagnose(in, Config{}.withDefaults(), rec, nil)
	require.NotEmpty(t, v.Culprits)
	assert.Equal(t, svc("db"), v.Culprits[0].Service)
	assert.Equal(t, []string{"front", "checkout", "orders", "db"}, v.Culprits[0].Path)
}

// A service is called three times through one caller and once by the entry itself.
func TestPathTo_mostCalls(t *testing.T) {
	w := newWorld().
		serve("c", 0.010, 1).serve("b", 0.010, 1).serve("front", 0.010, 1).
		call("b", "c", 3, 0.001).call("front", "b", 1, 0.001).call("front", "c", 1, 0.001)
	in, rec := incident(w, func(w *world) { w.own[op("c")] = 0.2 })
	v := diagnose(in, Config{}.withDefaults(), rec, nil)
	require.NotEmpty(t, v.Culprits)
	assert.Equal(t, svc("c"), v.Culprits[0].Service)
	assert.Equal(t, []string{"front", "b", "c"}, v.Culprits[0].Path)
}

// Node 3 is waited for by 1 and by 2, and both by the entry 0.
func TestFlow(t *testing.T) {
	for name, c := range map[string]struct {
		one, two float64 // per second of node 3
		between  bool    // 2 waits for 1, and the entry not
		want     int
	}{
		"more by the first":      {2, 1, false, 1},
		"more by the second":     {1, 2, false, 2},
		"equal: the first":       {1, 1, false, 1},
		"equal: the shorter way": {1, 1, true, 2},
		"nothing by the first":   {0, 0.1, false, 2},
		"nothing by any":         {0, 0, false, -1},
	} {
		f := flow{via: []int{-1, -1, -1, -1}, weight: []float64{1, 0, 0, 0}, hops: make([]int, 4)}
		f.add(0, 2, 1)
		if c.between {
			f.add(2, 1, 1)
		} else {
			f.add(0, 1, 1)
		}
		f.add(1, 3, c.one)
		f.add(2, 3, c.two)
		assert.Equal(t, c.want, f.via[3], name)
	}
}
