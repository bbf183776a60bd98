package engine

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/window"
)

func TestSevered(t *testing.T) {
	var r severed
	see := func(inner float64) string {
		r.observe(&window.Snapshot{RPCs: []window.RPC{{Count: 60}, {Count: 40, Inner: inner}}})
		return r.said()
	}
	assert.Empty(t, see(20), "losses")
	assert.Empty(t, see(25))
	assert.Contains(t, see(40), "29 % of the requests are parts of others", "(0.9025*20 + 0.95*25 + 40) / 285.25 = 0.287")
	for range 3 {
		assert.NotEmpty(t, see(0), "0.857*81.8 / (0.857*285.25 + 285.25) = 0.132 at last")
	}
	assert.Empty(t, see(0))
	r = severed{}
	r.observe(&window.Snapshot{})
	assert.Empty(t, r.said(), "nothing came")
}
