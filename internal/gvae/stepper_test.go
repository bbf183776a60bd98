package gvae

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Steps are those of a training, and what is told of them is what they used: a pass
// with the parameters and the noise of the last step has its loss.
func TestStepper(t *testing.T) {
	spec := treeSpec(3)
	data := randomData(&spec, 40, 0.01, rand.New(rand.NewPCG(1, 1)))
	s, err := NewStepper(spec, data, Config{Structured: true, Batch: 16})
	require.NoError(t, err)
	windows := []int{3, 1, 4, 15, 9, 26, 5, 35}
	before, err := s.Model()
	require.NoError(t, err)
	loss, ok := s.Step(windows)
	require.True(t, ok)
	require.Len(t, s.Noise(), 2*len(spec.Latents)*len(windows))

	p := newPass[float32](before.arch, &before.yScale, len(windows), false)
	p.set(before.theta)
	p.load(&s.t.data, windows)
	convert(p.noise(), s.Noise())
	assert.InEpsilon(t, loss, p.forward(&s.t.objective, newGradients(p), len(windows), false), 1e-5)

	after, err := s.Model()
	require.NoError(t, err)
	assert.NotEqual(t, before.theta, after.theta)
	_, err = NewStepper(spec, Data{}, Config{})
	require.Error(t, err)
}
