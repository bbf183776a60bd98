package apps

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestGrow(t *testing.T) {
	for _, name := range []string{"chain", "syn-256"} {
		app, again := appOf(t, name), appOf(t, name)
		grown := Grow(app, 9, 5)
		assert.Equal(t, again, app, "the original is as it was")
		assert.Equal(t, grown, Grow(app, 9, 5))
		assert.Len(t, grown.Services, len(app.Services)+9)
		assert.Len(t, grown.RPCs, len(app.RPCs)+36)
		assert.Equal(t, app.Services, grown.Services[:len(app.Services)])
		sound(t, grown)
		run(t, grown, time.Second)
		r := newReach(grown)
		for s := len(app.Services); s < len(grown.Services); s++ {
			assert.True(t, strings.HasPrefix(grown.Services[s].Name, "added-"))
			assert.True(t, r.on(s), "%s is on the path", grown.Services[s].Name)
		}
	}
	twice := Grow(Grow(appOf(t, "chain"), 2, 1), 2, 1)
	sound(t, twice)
}

func TestShrink(t *testing.T) {
	for _, name := range []string{"chain", "social", "syn-256"} {
		app, again := appOf(t, name), appOf(t, name)
		n := 5
		shrunk := Shrink(app, n, 5)
		assert.Equal(t, again, app, "the original is as it was")
		assert.Equal(t, shrunk, Shrink(app, n, 5))
		assert.Len(t, shrunk.Services, len(app.Services)-n)
		run(t, shrunk, time.Second)
		left := map[string]bool{}
		for s := range shrunk.Services {
			left[shrunk.Services[s].Name] = true
		}
		for _, e := range app.Entries {
			assert.True(t, left[ServiceName(app, app.RPCs[e.RPC].Service)], "entries stay")
		}
	}
	// All but the entries' services of the chain can go, the last first.
	last := Shrink(appOf(t, "chain"), 100, 1)
	assert.Len(t, last.Services, 2)
	assert.Empty(t, last.RPCs[last.Entries[0].RPC].Steps)
	assert.Equal(t, "edge-gateway", last.Services[0].Name)
}

// A cache whose database goes is looked up as before, and nothing comes after.
func TestShrink_missOfWhatIsGone(t *testing.T) {
	app := clone(tiny())
	remove(app, 4)
	assert.Equal(t, "cache", app.Services[3].Name)
	page := app.RPCs[app.Entries[0].RPC]
	lookup := page.Steps[1].Calls[0]
	assert.Equal(t, "GET", app.RPCs[lookup.RPC].Operation)
	assert.InDelta(t, 0.75, lookup.Cache.Hit, 0)
	assert.Nil(t, lookup.Cache.Miss)
	run(t, app, time.Second)
}
