package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
)

func TestSuspect_way(t *testing.T) {
	own := func(excess float64) part { return part{kind: KindService, mechanism: Latent, excess: excess} }
	pool := func(excess float64) part {
		return part{kind: KindService, mechanism: Pool, metric: OverlapMetric, excess: excess}
	}
	gap := func(excess float64) part {
		return part{kind: KindService, mechanism: Network, metric: networkMetric, excess: excess}
	}
	calls := func(excess, now, usual float64) part {
		return part{kind: KindService, mechanism: Latent, metric: CallsMetric, excess: excess, observed: now, usual: usual}
	}
	miss := func(excess float64) part { return calls(excess, 1, 0.1) }
	retry := func(excess float64) part {
		p := calls(excess, 3, 1)
		p.kind, p.mechanism = KindEdge, Retry
		return p
	}
	for name, c := range map[string]struct {
		parts []part // largest first
		share float64
		want  int // index, -1 for none
	}{
		"nothing":                            {nil, clearWay, -1},
		"its own time":                       {[]part{own(10)}, clearWay, -1},
		"half of it waits for a pool":        {[]part{own(5), pool(5)}, clearWay, 1},
		"less than half does":                {[]part{own(6), pool(4)}, clearWay, -1},
		"a miss of a tenth":                  {[]part{own(9), miss(1)}, clearWay, 1},
		"a miss of less":                     {[]part{own(9.1), miss(0.9)}, clearWay, -1},
		"two fifths more calls are no miss":  {[]part{own(5.1), calls(4.9, 0.14, 0.1)}, clearWay, -1},
		"three fifths more are":              {[]part{own(9), calls(1, 0.16, 0.1)}, clearWay, 1},
		"extra calls to a link are no miss":  {[]part{own(6), retry(4)}, clearWay, -1},
		"extra calls of most of it":          {[]part{retry(6), own(4)}, clearWay, 0},
		"a miss before a pool that is less":  {[]part{miss(4), own(3), pool(3)}, clearWay, 0},
		"the gaps of links together":         {[]part{own(4), gap(3), gap(3)}, clearWay, 1},
		"the gaps of links, less than half":  {[]part{own(6), gap(2), gap(2)}, clearWay, -1},
		"a pool of a tenth, for want of any": {[]part{own(9), pool(1)}, minWay, 1},
	} {
		t.Run(name, func(t *testing.T) {
			u := &suspect{parts: c.parts}
			if got := u.way(c.share); c.want < 0 {
				assert.Nil(t, got)
			} else {
				assert.Same(t, &u.parts[c.want], got)
			}
		})
	}
	assert.Nil(t, (*suspect)(nil).way(clearWay))
}

// Misses are named before a metric of the service that moved, which they cause: who
// asks a slow database waits for it with more in hand.
func TestDiagnose_missesBeforeMetrics(t *testing.T) {
	in, rec := incident(caching(), func(w *world) {
		w.calls[edge("store", "db")], w.leaf[edge("store", "db")] = 0.5, 0.300
		w.metric[mem("store")] = 0.95
	})
	v := diagnose(in, Config{}.withDefaults(), rec, nil)
	require.Len(t, v.Culprits, 1)
	assert.Equal(t, []expected{{KindService, Latent, "store", identity.Edge{}, CallsMetric}}, namesOf(v.Culprits))
	assert.InDelta(t, 0.5, v.Culprits[0].Observed, 0.01)
	sound(t, v)
}
