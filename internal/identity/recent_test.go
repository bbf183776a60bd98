package identity_test

import (
	"cmp"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
)

func TestRecent(t *testing.T) {
	r := identity.NewRecent[int, string](2, forget, cmp.Compare[int])

	assert.False(t, r.Touch(1, 0), "touching adds nothing")
	assert.True(t, r.Put(1, "one", 0))
	assert.True(t, r.Put(2, "two", 10))
	assert.False(t, r.Put(3, "three", 99), "full, and nothing to forget")
	assert.Equal(t, 2, r.Len())

	v, ok := r.Get(1, 99)
	assert.True(t, ok)
	assert.Equal(t, "one", v)
	_, ok = r.Get(1, 100)
	assert.False(t, ok, "forgotten, though it has its place still")

	assert.True(t, r.Touch(1, 50))
	assert.True(t, r.Put(3, "three", 110), "takes the place of 2")
	_, ok = r.Get(2, 110)
	assert.False(t, ok)
	v, ok = r.Get(1, 110)
	assert.True(t, ok)
	assert.Equal(t, "one", v)

	assert.True(t, r.Put(1, "uno", 110))
	v, _ = r.Get(1, 110)
	assert.Equal(t, "uno", v)
	assert.Equal(t, 2, r.Len())
}

func TestRecent_findingDoesNotAllocate(t *testing.T) {
	r := identity.NewRecent[identity.Edge, identity.RPC](8, forget, identity.Edge.Compare)
	e := identity.Edge{Caller: rpc("a", "x"), Callee: rpc("b", "y")}
	r.Put(e, e.Callee, 0)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		r.Get(e, 1)
		r.Touch(e, 1)
	}))
}
