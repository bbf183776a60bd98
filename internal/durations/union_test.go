package durations

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// always is a distribution of one duration in ms.
func always(ms float64) dist {
	var d dist
	d.add(cellOf(ms*1e6), 1)
	return d
}

// Calls begin at a time and take a time, in ms; so many are made per request, and together take so
// long.
func TestUnion(t *testing.T) {
	type call struct{ at, took, n, now float64 }
	for name, c := range map[string]struct {
		calls  []call
		follow bool
		want   float64
	}{
		"none":                         {nil, false, 0},
		"one":                          {[]call{{1, 10, 1, 10}}, false, 10},
		"one of two requests makes it": {[]call{{1, 10, 0.5, 10}}, false, 5},
		"three in a row to one":        {[]call{{1, 10, 3, 10}}, false, 30},
		"one after the other":          {[]call{{1, 10, 1, 10}, {12, 20, 1, 20}}, false, 30},
		"at once":                      {[]call{{1, 10, 1, 10}, {1, 20, 1, 20}}, false, 20},
		"at once, but they are not":    {[]call{{0, 10, 1, 10}, {0, 20, 1, 20}}, true, 30},
		"at once, the shorter slow":    {[]call{{1, 10, 1, 100}, {1, 20, 1, 20}}, false, 100},
		"two stages, one slow":         {[]call{{1, 10, 1, 100}, {1, 20, 1, 20}, {25, 5, 1, 5}}, false, 105},
		"at once, one of them rare":    {[]call{{1, 10, 1, 10}, {1, 50, 0.1, 50}}, false, 14},
	} {
		var parts []part
		for _, x := range c.calls {
			parts = append(parts, newPart(x.at*1e6, x.took*1e6, x.n, 1, always(x.now), x.now*1e6))
		}
		all, mean := union(parts, c.follow)
		assert.InDelta(t, c.want, mean/1e6, 0.02*c.want, name)
		if len(parts) > 0 {
			assert.InDelta(t, c.want, all.mean()/1e6, 0.03*c.want, "%s: as distributed", name)
		}
	}
}
