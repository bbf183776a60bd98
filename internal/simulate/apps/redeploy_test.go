package apps

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/simulate"
)

func TestRedeploy(t *testing.T) {
	for _, name := range []string{"chain", "syn-256"} {
		app, again := appOf(t, name), appOf(t, name)
		const n = 4
		is := Redeploy(app, n, 5)
		assert.Equal(t, again, app, "the original is as it was")
		assert.Equal(t, is, Redeploy(app, n, 5))
		run(t, is, time.Second)
		assert.Len(t, is.RPCs, len(app.RPCs))

		r, redeployed, otherCalls := newReach(app), 0, 0
		for s := range app.Services {
			was, now := app.Services[s], is.Services[s]
			changed := was.Version != now.Version
			now.Version = was.Version
			assert.Equal(t, was, now, "but for its version")
			if changed {
				redeployed++
				assert.True(t, r.on(s))
			}
			for i := range app.RPCs {
				if app.RPCs[i].Service != s {
					continue
				}
				factor := is.RPCs[i].CPU.Mean / app.RPCs[i].CPU.Mean
				if !changed {
					assert.Equal(t, app.RPCs[i], is.RPCs[i])
					continue
				}
				assert.InDelta(t, 1.25, factor, 0.75+1e-9, "half up to twice")
				switch calls(&is.RPCs[i]) - calls(&app.RPCs[i]) {
				case -1, 1:
					otherCalls++
				case 0:
				default:
					t.Errorf("RPC %d makes %d calls, made %d", i, calls(&is.RPCs[i]), calls(&app.RPCs[i]))
				}
			}
		}
		assert.Equal(t, n, redeployed)
		assert.Positive(t, otherCalls)
		assert.LessOrEqual(t, otherCalls, n)
		b := builder{app: is}
		assert.True(t, b.allCalled())
		assert.True(t, b.cope(demandOf(app)), "nobody is asked for more than it can do")
	}
}

func calls(r *simulate.RPC) (n int) {
	for _, s := range r.Steps {
		n += len(s.Calls)
	}
	return n
}

// More than there are is all of them; a call that is the only one stays.
func TestRedeploy_allOfTiny(t *testing.T) {
	is := Redeploy(tiny(), 100, 3)
	run(t, is, time.Second)
	b := builder{app: is}
	assert.True(t, b.allCalled())
	assert.Equal(t, nextVersion, is.Services[0].Version)
	assert.Empty(t, is.Services[3].Version, "what sends no spans has none")
}
