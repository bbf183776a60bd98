package method

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/rca"
)

func TestFromVerdict(t *testing.T) {
	edgeCause := rca.Cause{Kind: rca.KindEdge, Mechanism: rca.Network, Edge: edge("a", "b"), Probability: 0.4}
	replica := rca.Cause{Kind: rca.KindInstance, Mechanism: rca.CPU, Service: service("c"), Instance: "c-1", Probability: 0.7}
	again := rca.Cause{Kind: rca.KindEdge, Mechanism: rca.Network, Service: service("c"), Edge: edge("a", "c"), Probability: 0.9}
	other := rca.Cause{Kind: rca.KindService, Service: service("d"), Probability: 0.1}
	a := FromVerdict(rca.Verdict{
		Culprits:   []rca.Cause{edgeCause, replica},
		Candidates: []rca.Cause{edgeCause, replica, again, other},
		Quantile:   1, Lower: 0.5, Upper: 2,
	})
	sound(t, a)
	assert.Equal(t, []string{"b", "c"}, named(a.Culprits))
	assert.Equal(t, []string{"b", "c", "a", "d"}, named(a.Ranking), "c is named already, so that its link stands for the other end")
	assert.Equal(t, Candidate{Service: service("c"), Instance: "c-1", Mechanism: rca.CPU, Score: 0.4, Probability: 0.7}, a.Ranking[1])
	assert.Equal(t, [3]float64{1, 0.5, 2}, [3]float64{a.Quantile, a.Lower, a.Upper})

	none := FromVerdict(rca.Verdict{Abstained: true, Reason: "why", Quantile: 3})
	assert.Equal(t, "why", none.Reason)
	assert.Empty(t, none.Ranking)
	assert.True(t, math.IsNaN(none.Quantile))
}
