package fleet

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The events of a fleet are those of one Collector that has seen all spans, byte for
// byte, models and exemplars included, however many Collectors the first tier has.
//
// One that is killed takes the windows that are open in it along: of its share of the
// traces, and no more. What follows is judged as if nothing had been, before the fault
// and in it, and no incident is told of twice.
func TestVerdicts_areThoseOfOneCollector(t *testing.T) {
	ticks := Record(t, SlowTax(1))
	one := Alone(t, ticks)
	want, wanted := Said(t, one.Events), Verdicts(one.Events)
	require.Len(t, wanted, 2)
	for _, v := range wanted {
		t.Log(v)
	}
	tiers, kills := []int{1, 2, 4}, []int{30, 43}
	if testing.Short() {
		tiers, kills = []int{2}, nil
	}
	for _, n := range tiers {
		assert.Equal(t, want, Said(t, together(t, ticks, n, 0).Events), "%d first-tier Collectors", n)
	}
	for _, killed := range kills {
		assert.Equal(t, wanted, Verdicts(together(t, ticks, 2, killed).Events), "killed after window %d", killed)
	}
}

// Where spans are sampled, and stand for others by weights that are no integers, the
// order in which sums are rounded differs: the verdicts do not.
func TestVerdicts_ofSampledTraces(t *testing.T) {
	if testing.Short() {
		t.Skip("trains two models more")
	}
	ticks := Record(t, SlowTax(0.3))
	want := Verdicts(Alone(t, ticks).Events)
	require.NotEmpty(t, want)
	assert.Equal(t, want, Verdicts(together(t, ticks, 4, 0).Events))
}
