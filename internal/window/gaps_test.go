package window_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/window"
)

const octave = window.FirstOctave

func TestOctave(t *testing.T) {
	for _, c := range []struct {
		gap  int64
		want int
	}{
		{-5, 0},
		{0, 0},
		{octave - 1, 0},
		{octave, 1},
		{2*octave - 1, 1},
		{2 * octave, 2},
		{4 * octave, 3},
		{octave<<10 - 1, 10},
		{octave << 10, 11},
		{1 << 62, 11},
	} {
		assert.Equal(t, c.want, window.Octave(c.gap), "%d ns", c.gap)
	}
	assert.Zero(t, window.OctaveStart(0))
	for o := 1; o < window.Octaves; o++ {
		assert.Equal(t, o, window.Octave(window.OctaveStart(o)))
		assert.Equal(t, o-1, window.Octave(window.OctaveStart(o)-1))
	}
}

// gapsOf are the gaps of replicas: of each how many calls are of which octave.
func gapsOf(all []window.Gap) map[string][window.Octaves]float64 {
	out := make(map[string][window.Octaves]float64)
	for _, g := range all {
		out[g.ID] = g.Calls
	}
	return out
}

// Each call counts at its caller and at its callee, by its gap; of calls to a leaf there is
// no callee, and how long they took counts; messages and streams do not.
func TestFolder_gaps(t *testing.T) {
	f := newFolder()
	add := func(from, to string, client, server int64, change func(*called)) {
		c := call
		c.From, c.To, c.Client, c.Server, c.Weight = from, to, client, server, 2
		if change != nil {
			change(&c)
		}
		f.Called(c)
	}
	add("a1", "c1", octave+7, 7, nil)
	add("a1", "c2", 9, 7, nil)
	add("a2", "c1", 4*octave, 0, nil)
	add("a2", "", octave, -1, func(c *called) { c.Leaf = true })
	add("a2", "c1", octave, -1, nil)
	add("a2", "c1", octave, 1, func(c *called) { c.Async = true })
	add("a2", "c1", octave, 1, func(c *called) { c.Stream = true })
	e := window.Merge(0, size, f.Close(size), nil).Edges[0]
	assert.Equal(t, map[string][window.Octaves]float64{"a1": {0: 2, 1: 2}, "a2": {1: 2, 3: 2}}, gapsOf(e.Callers))
	assert.Equal(t, map[string][window.Octaves]float64{"c1": {1: 2, 3: 2}, "c2": {0: 2}}, gapsOf(e.Callees))
}

// Of many replicas MaxInstances are told apart, the same ones in whatever order they come.
func TestFolder_gapsOfManyReplicas(t *testing.T) {
	fold := func(step int) window.Edge {
		f := newFolder()
		const n = 1009 // a prime: each step visits all
		for i := range n {
			c := call
			c.From, c.To, c.Client, c.Server = "same", fmt.Sprint(i*step%n), octave, 0
			f.Called(c)
		}
		return window.Merge(0, size, f.Close(size), nil).Edges[0]
	}
	e := fold(1)
	require.Len(t, e.Callees, window.MaxInstances+1)
	assert.Equal(t, e.Callees, fold(500).Callees)
	sum := 0.0
	for _, g := range e.Callees {
		sum += g.Calls[1]
	}
	assert.InDelta(t, 1009, sum, 0)
	assert.InDelta(t, 1009, e.Callers[0].Calls[1], 0)
}

func TestGaps_binary(t *testing.T) {
	all := []window.Gap{{ID: ""}, {ID: "a"}, {ID: "b"}}
	all[0].Calls[0] = 3
	all[1].Calls[2], all[1].Calls[window.Octaves-1] = 0.5, 7
	all[2].Calls[1] = 1 << 40
	b := window.AppendGaps(nil, all)
	assert.Len(t, b, 3*2+1+2+4*8, "lengths and masks, two IDs of a byte, a mask that takes two, and weights")
	parse := func(b []byte) ([]window.Gap, error) { return window.ParseGaps(b, 1, 1<<40) }
	got, err := parse(b)
	require.NoError(t, err)
	assert.Equal(t, all, got)
	none, err := parse(nil)
	require.NoError(t, err)
	assert.Empty(t, none)
	for n := range b {
		if got, err := parse(b[:n]); err == nil && n > 0 { // between two
			assert.Equal(t, all[:len(got)], got)
		}
	}
	_, err = window.ParseGaps(b, 0, 1<<40)
	require.Error(t, err, "too long an ID")
	_, err = window.ParseGaps(b, 1, 1<<39)
	require.Error(t, err, "too large a weight")
	_, err = parse(append(window.AppendGaps(nil, all[2:]), b...))
	require.Error(t, err, "not sorted")
	_, err = parse(window.AppendGaps(nil, []window.Gap{{ID: "a"}}))
	require.Error(t, err, "no calls")
}
