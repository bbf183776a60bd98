package ingest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

func TestCrowds(t *testing.T) {
	var c crowds
	assert.Empty(t, c.take())
	web, cart := identity.Service{Name: "web"}, identity.Service{Name: "cart"}
	for _, name := range []string{"e", "d", "a", "b", "d", "a", "c"} {
		c.note(web, name)
	}
	c.note(cart, "x")
	assert.Equal(t, []window.Crowded{{Service: cart, Names: []string{"x"}}, {Service: web, Names: []string{"a", "b", "c"}}}, c.take())
	assert.Empty(t, c.take())
}

// A window says whose names are too many, what those are, and the next one does not.
func TestWindowsSayWhoseNamesAreTooMany(t *testing.T) {
	cfg := testConfig()
	cfg.Limits.OperationsPerService = 2
	r := newRig(t, cfg)
	for n := range 5 {
		s := root(uint64(n+1), time.Second)
		s.name = "GET /users/" + letters(uint64(n))
		r.Traces(batchOf(t, s), now())
	}
	s := root(100, 11*time.Second)
	s.name = "GET /users/" + letters(0)
	r.Traces(batchOf(t, s), now())
	r.Flush()
	s = root(101, 21*time.Second)
	s.name = "GET /users/" + letters(1)
	r.Traces(batchOf(t, s), now())
	snaps := r.end()
	require.Len(t, snaps, 3)
	var said []window.Crowded
	for _, snap := range snaps {
		said = append(said, snap.Crowded...)
	}
	assert.Equal(t, []window.Crowded{{Service: identity.Service{Name: "web"}, Names: []string{"GET /users/c", "GET /users/d", "GET /users/e"}}}, said)
	assert.Equal(t, map[string]int{"operation_limit": 3}, r.notes)
}
