package window_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// direct is a call without a CLIENT span, of weight 2, between replicas a1 and c1.
func direct(around int64) called {
	c := call
	c.Client, c.Server, c.Around, c.Weight, c.From, c.To = -1, 7, around, 2, "a1", "c1"
	return c
}

// What is around direct calls is the network of an edge, and counts at both ends, unless any
// caller has a CLIENT span, before or after, or in another shard.
func TestFolder_around(t *testing.T) {
	matched := call
	matched.Client, matched.Server, matched.From, matched.To, matched.Weight = 4*octave+5, 5, "a2", "c2", 1
	leaf := call
	leaf.Leaf, leaf.Client, leaf.Server, leaf.From, leaf.Weight = true, octave, -1, "a2", 1
	failed := call
	failed.Client, failed.Server, failed.From, failed.Error, failed.Weight = octave, -1, "a2", true, 1
	message := direct(octave)
	message.Async = true
	stream := direct(octave)
	stream.Stream = true
	type gapsBy = map[string][window.Octaves]float64
	for name, c := range map[string]struct {
		calls            []called
		around           bool
		weight, sum      float64 // of Network, ns
		callers, callees gapsBy
	}{
		"direct calls alone": {
			[]called{direct(octave), direct(3), direct(0)}, // 0: not known
			true, 4, 2*(octave-1) + 2*2,
			gapsBy{"a1": {0: 4}},
			gapsBy{"c1": {0: 4}},
		},
		"by octaves": {
			[]called{direct(octave + 1), direct(2*octave + 1)},
			true, 4, 2*octave + 2*2*octave,
			gapsBy{"a1": {1: 2, 2: 2}},
			gapsBy{"c1": {1: 2, 2: 2}},
		},
		"a matched one too": {
			[]called{direct(octave), matched},
			false, 1, 4 * octave,
			gapsBy{"a2": {3: 1}},
			gapsBy{"c2": {3: 1}},
		},
		"a leaf too": {
			[]called{direct(octave), leaf},
			false, 0, 0,
			gapsBy{"a2": {1: 1}},
			gapsBy{},
		},
		"one that nobody answers": {
			[]called{direct(octave), failed},
			false, 0, 0,
			gapsBy{},
			gapsBy{},
		},
		"messages and streams are none": {
			[]called{message, stream},
			false, 0, 0,
			gapsBy{},
			gapsBy{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for order := range 2 {
				for shards := 1; shards <= 2; shards++ {
					folders := []*folder{newFolder(), newFolder()}
					for i := range c.calls {
						k := i
						if order > 0 {
							k = len(c.calls) - 1 - i
						}
						folders[i%shards].Called(c.calls[k])
					}
					var parts []*window.Part
					for _, f := range folders {
						parts = append(parts, f.Close(size)...)
					}
					e := window.Merge(0, size, parts, nil).Edges[0]
					assert.Equal(t, c.around, e.Around())
					assert.Equal(t, []float64{c.weight, c.sum}, []float64{e.Network.Count(), e.Network.Sum()})
					assert.Equal(t, c.callers, gapsOf(e.Callers))
					assert.Equal(t, c.callees, gapsOf(e.Callees))
				}
			}
		})
	}
	assert.Zero(t, window.Merge(0, size, callsOf(direct(octave)), nil).Edges[0].Matched)
}

// callsOf are the parts of one window with calls.
func callsOf(calls ...called) []*window.Part {
	f := newFolder()
	for _, c := range calls {
		f.Called(c)
	}
	return f.Close(size)
}

func TestEdge_WithoutAround(t *testing.T) {
	e := window.Merge(0, size, callsOf(direct(octave)), nil).Edges[0]
	require.True(t, e.Around())
	left := e.WithoutAround()
	assert.Equal(t, []any{false, new(sketch.Sketch), 0, 0}, []any{left.Around(), left.Network, len(left.Callers), len(left.Callees)})
	assert.True(t, e.Around(), "as it was")
	assert.Equal(t, []float64{e.Count, e.Within}, []float64{left.Count, left.Within})

	matched := call
	matched.Client, matched.Server = 9, 5
	e = window.Merge(0, size, callsOf(matched), nil).Edges[0]
	assert.Equal(t, e, e.WithoutAround(), "a gap is none")
}

// Of windows that are joined one may know the caller's side.
func TestJoin_around(t *testing.T) {
	matched := call
	matched.Client, matched.Server = 9, 5
	direct := window.Merge(0, size, callsOf(direct(octave)), nil)
	other := window.Merge(0, size, callsOf(matched), nil)
	both := window.Join(direct, direct).Edges[0]
	assert.True(t, both.Around())
	assert.Equal(t, 4.0, both.Network.Count())
	for _, s := range []*window.Snapshot{window.Join(direct, other), window.Join(other, direct)} {
		e := s.Edges[0]
		assert.False(t, e.Around())
		assert.Equal(t, other.Edges[0].Network, e.Network)
		assert.Equal(t, other.Edges[0].Callers, e.Callers)
	}
}

// How many calls began before direct ones counts for these alone, over shards and windows too.
func TestFolder_ahead(t *testing.T) {
	matched := call
	matched.Client, matched.Server, matched.Weight = octave, 5, 1
	first, third := direct(octave), direct(octave)
	first.Ahead, third.Ahead = 0, 2
	for name, c := range map[string]struct {
		calls []called
		want  float64 // weighted by 2
	}{
		"direct calls":              {[]called{first, third, third}, 8},
		"a caller's side is known":  {[]called{third, matched}, 0},
		"and comes before the rest": {[]called{matched, third}, 0},
	} {
		shards := callsOf(c.calls[0])
		shards = append(shards, callsOf(c.calls[1:]...)...)
		for _, parts := range [][]*window.Part{callsOf(c.calls...), shards} {
			s := window.Merge(0, size, parts, nil)
			assert.Equal(t, c.want, s.Edges[0].Ahead, name)
			assert.Equal(t, 2*c.want, window.Join(s, s).Edges[0].Ahead, name)
			left := s.Edges[0].WithoutAround()
			assert.Zero(t, left.Ahead)
		}
	}
}
