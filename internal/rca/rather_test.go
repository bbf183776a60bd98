package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
)

// Which services make links late, by how many of 1,000 calls of each link are: 0 is the one
// that is doubted.
func TestRivals_best(t *testing.T) {
	// gate (0) calls a (1), b (2) and c, which is no rival; a calls a cache, b a store.
	link := func(late float64, leaf bool, ends ...int) rivalCalls {
		return rivalCalls{tally: tally{late, 1000}, ends: ends, leaf: leaf}
	}
	for _, c := range []struct {
		name  string
		calls []rivalCalls
		want  []int
	}{
		{"all links of the gate", []rivalCalls{link(20, false, 0, 1), link(18, false, 0, 2), link(22, false, 0)}, []int{0}},
		{"by different shares, as messages differ", []rivalCalls{link(12, false, 0, 1), link(40, false, 0, 2), link(20, false, 0)}, []int{0}},
		{
			"both callees, each with its leaf",
			[]rivalCalls{link(50, false, 0, 1), link(50, false, 0, 2), link(0, false, 0), link(30, true, 1), link(20, true, 2)},
			[]int{1, 2},
		},
		{"one callee alone is as likely as the gate", []rivalCalls{link(50, false, 0, 1)}, []int{0}},
		{"one callee, and the gate's other links are in time", []rivalCalls{link(50, false, 0, 1), link(0, false, 0, 2), link(0, false, 0)}, []int{1}},
		{"the gate, and a leaf that is slow itself", []rivalCalls{link(20, false, 0, 1), link(20, false, 0, 2), link(300, true, 1)}, []int{0}},
		{"the gate and one callee", []rivalCalls{link(90, false, 0, 1), link(20, false, 0, 2), link(20, false, 0), link(80, true, 1), link(70, true, 1)}, []int{0, 1}},
		{"delays of all", []rivalCalls{link(990, false, 0, 1), link(980, false, 0, 2), link(1000, false, 0)}, []int{0}},
		{"delays of two callees", []rivalCalls{link(990, false, 0, 1), link(980, false, 0, 2), link(3, false, 0), link(0, true, 0)}, []int{1, 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := rivals{services: []identity.Service{svc("gate"), svc("a"), svc("b")}, calls: c.calls}
			assert.Equal(t, c.want, v.best())
		})
	}
}
