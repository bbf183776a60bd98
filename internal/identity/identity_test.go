package identity_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
)

func TestService_String(t *testing.T) {
	assert.Equal(t, "cart", svc("cart").String())
	assert.Equal(t, "shop/cart", identity.Service{Namespace: "shop", Name: "cart"}.String())
}

func TestEdge_String(t *testing.T) {
	e := identity.Edge{Caller: rpc("web", "GET /"), Callee: rpc("cart", "Get")}
	assert.Equal(t, "web GET / > cart Get", e.String())
}

// Fields compare one after the other, so that a joined string, which would
// confuse ("a", "bc") with ("ab", "c"), is never needed.
func TestCompare_ordersByFieldAfterField(t *testing.T) {
	want := []identity.Edge{
		{Caller: rpc("a", "bc"), Callee: rpc("z", "")},
		{Caller: rpc("ab", "c"), Callee: rpc("a", "a")},
		{Caller: rpc("ab", "c"), Callee: rpc("a", "b")},
		{Caller: rpc("ab", "d"), Callee: rpc("a", "a")},
		{Caller: identity.RPC{Service: identity.Service{Namespace: "n", Name: "a"}}},
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, identity.Edge.Compare)
	assert.Equal(t, want, got)
}

func TestIsZero(t *testing.T) {
	assert.True(t, identity.Service{}.IsZero())
	assert.True(t, identity.RPC{}.IsZero())
	assert.False(t, svc("a").IsZero())
	assert.False(t, rpc("", "x").IsZero())
}
