package gvae

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// slicesSource is a Source that has everything in memory.
type slicesSource struct{ d *Data }

func (s slicesSource) X(dst []float64, c int) { copy(dst, s.d.x(c, nil)) }
func (s slicesSource) Y(dst []float64, c int) { copy(dst, s.d.y(c, nil)) }

// sourced returns data whose columns come from a source.
func sourced(d Data) Data {
	out := d
	out.X, out.Y, out.Source = nil, nil, slicesSource{&Data{N: d.N, X: d.X, Y: d.Y}}
	return out
}

// Where columns come from does not matter: models are equal bit by bit, from scratch and
// learned in part.
func TestSource_isTheSameData(t *testing.T) {
	data := windows(60, rand.New(rand.NewPCG(1, 1)), func(int) chain { return healthyChain() })
	data.Since, data.SinceX = []int{0, 0, 20, 0, 0, 0, 0}, []int{0, 30, 0, 0, 0, 0, 0, 0}
	cfg := Config{Structured: true, Epochs: 3, Batch: 16}
	train := func(d Data) *Model {
		m, _, err := Train(t.Context(), chainSpec(), d, cfg, nil)
		require.NoError(t, err)
		return m
	}
	want, got := train(data), train(sourced(data))
	assert.Equal(t, want.theta, got.theta)
	assert.Equal(t, want.xScale, got.xScale)
	assert.Equal(t, want.yScale, got.yScale)
	assert.Equal(t, want.noise, got.noise)
	assert.Equal(t, bits(want.Residuals(data)), bits(want.Residuals(sourced(data))))

	origin := Origin{X: block(0, 8), Nodes: block(0, 7), Latents: block(0, 5), ChangedNodes: make([]bool, 7)}
	origin.ChangedNodes[midServer] = true
	retrain := func(d Data) *Model {
		m, _, err := Retrain(t.Context(), chainSpec(), d, cfg, want, origin)
		require.NoError(t, err)
		return m
	}
	again, same := retrain(data), retrain(sourced(data))
	assert.Equal(t, again.theta, same.theta)
	assert.Equal(t, again.noise, same.noise)
	assert.NotEqual(t, want.theta, again.theta)
}

// Values of a column before it counts are missing ones, whatever they are.
func TestSinceX_isMissing(t *testing.T) {
	data := windows(40, rand.New(rand.NewPCG(1, 1)), func(int) chain { return healthyChain() })
	cfg := Config{Structured: true, Epochs: 2, Batch: 16}
	data.SinceX = []int{0, 15, 0, 0, 0, 0, 0, 0}
	m, _, err := Train(t.Context(), chainSpec(), data, cfg, nil)
	require.NoError(t, err)
	for w := range 15 {
		require.False(t, math.IsNaN(data.X[40+w]), "the data stay as they were")
		data.X[40+w] = math.NaN()
	}
	data.SinceX = nil
	same, _, err := Train(t.Context(), chainSpec(), data, cfg, nil)
	require.NoError(t, err)
	assert.Equal(t, m.theta, same.theta)
}
