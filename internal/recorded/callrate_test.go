package recorded

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/sage-rca/sage/internal/identity"
)

// Two callers whose requests come in numbers of their own, each with so many calls a request.
func TestCallRates(t *testing.T) {
	a, b, x := identity.Service{Name: "a"}, identity.Service{Name: "b"}, identity.Service{Name: "x"}
	links := []link{{a, x}, {b, x}}
	rng := rand.New(rand.NewPCG(1, 2))
	var frames []*frame
	for range 300 {
		f := newFrame(0, 1)
		n, m := 100+20*rng.NormFloat64(), 20+5*rng.NormFloat64()
		f.served[a], f.served[b] = &served{count: n}, &served{count: m}
		f.served[x] = &served{count: 0.5*n + 2*m + rng.NormFloat64()}
		frames = append(frames, f)
	}
	got := callRates(frames, x, links)
	require.Len(t, got, 2)
	assert.InDelta(t, 0.5, got[0], 0.03)
	assert.InDelta(t, 2, got[1], 0.1)

	for _, f := range frames {
		f.served[x].count = 3 * f.served[a].count
	}
	got = callRates(frames, x, links)
	assert.InDelta(t, 3, got[0], 1e-6)
	assert.InDelta(t, 0, got[1], 1e-6, "b never calls it")

	assert.Nil(t, callRates(frames[:2*minRateWindows-1], x, links), "too few windows")
	assert.Nil(t, callRates(frames, identity.Service{Name: "y"}, links), "no requests")
}

func TestNonNegative(t *testing.T) {
	// min (n0 - 1)² + (n1 + 1)²: the second would be -1.
	assert.Equal(t, []float64{1, 0}, nonNegative(mat.NewSymDense(2, []float64{1, 0, 0, 1}), []float64{1, -1}))
	// A caller that has no requests calls nobody.
	assert.Equal(t, []float64{2, 0}, nonNegative(mat.NewSymDense(2, []float64{2, 0, 0, 0}), []float64{4, 0}))
}
