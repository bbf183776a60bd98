package identity_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
)

func TestNames_equalKeysHaveEqualNumbers(t *testing.T) {
	n := identity.NewNames()
	assert.Zero(t, n.ServiceNo(identity.Service{}), "the zero key")
	assert.Zero(t, n.RPCNo(identity.RPC{}))
	assert.Zero(t, n.ReplicaNo(identity.Replica{}))

	a, b := n.RPCNo(rpc("cart", "GET")), n.RPCNo(rpc("cart", "PUT"))
	assert.NotEqual(t, a, b)
	assert.Equal(t, a, n.RPCNo(rpc("cart", "GET")))
	assert.Equal(t, rpc("cart", "GET"), n.RPC(a))
	assert.Equal(t, rpc("cart", "PUT"), n.RPC(b))

	r := identity.Replica{Instance: identity.Instance{Service: svc("cart"), ID: "1"}, Version: "v"}
	assert.Equal(t, r, n.Replica(n.ReplicaNo(r)))
	assert.Equal(t, svc("cart"), n.Service(n.ServiceNo(svc("cart"))))
	assert.Equal(t, 3+2+1+1, n.Len())
}

func TestNames_Sweep(t *testing.T) {
	n := identity.NewNames()
	kept, gone := n.RPCNo(rpc("a", "kept")), n.RPCNo(rpc("a", "gone"))
	service := n.ServiceNo(svc("a"))
	replica := n.ReplicaNo(identity.Replica{Version: "1"})
	n.Sweep(func(m *identity.Marks) {
		m.RPC(kept)
		m.Service(service)
		m.Replica(replica)
	})
	assert.Equal(t, 3+1+1+1, n.Len())
	assert.Equal(t, kept, n.RPCNo(rpc("a", "kept")), "what is in use keeps its number")
	assert.Equal(t, service, n.ServiceNo(svc("a")))
	assert.Equal(t, replica, n.ReplicaNo(identity.Replica{Version: "1"}))
	assert.Equal(t, gone, n.RPCNo(rpc("b", "new")), "and what is not gives it away")
	assert.Equal(t, rpc("b", "new"), n.RPC(gone))
	assert.NotEqual(t, gone, n.RPCNo(rpc("a", "gone")))
	assert.Zero(t, n.RPCNo(identity.RPC{}), "the zero key needs no mark")
}

func TestNames_concurrentUse(t *testing.T) {
	n := identity.NewNames()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 1000 {
				r := rpc("s", fmt.Sprint(i%50))
				assert.Equal(t, r, n.RPC(n.RPCNo(r)))
			}
		})
	}
	wg.Wait()
	assert.Equal(t, 3+50, n.Len())
}

func TestPlace(t *testing.T) {
	const forget = 4096 // a grain is 1
	a := identity.NewAdmission(1, 1, forget)
	admitted, service, operation, ok := a.Admit(rpc("a", "x"), 0)
	assert.True(t, ok)
	assert.Equal(t, rpc("a", "x"), admitted)
	assert.True(t, service.Touch(forget))
	assert.True(t, operation.Touch(forget))

	_, _, other, ok := a.Admit(rpc("a", "y"), forget+1)
	assert.False(t, ok, "x was seen at 4096")
	assert.True(t, other.Touch(forget+1), "what goes as Other has the place of the service")

	_, _, _, ok = a.Admit(rpc("a", "y"), 2*forget)
	assert.True(t, ok)
	assert.False(t, operation.Touch(2*forget), "x has given up its place")
	assert.True(t, service.Touch(2*forget))

	_, ok = a.AdmitService(svc("b"), 3*forget)
	assert.True(t, ok)
	assert.False(t, service.Touch(3*forget))

	var none identity.Place
	assert.False(t, none.Touch(1))
}

func TestRecent_Place(t *testing.T) {
	r := identity.NewRecent[int, string](1, 4096, func(a, b int) int { return a - b })
	_, ok := r.Place(1)
	assert.False(t, ok)
	r.Put(1, "a", 0)
	p, ok := r.Place(1)
	assert.True(t, ok)
	assert.True(t, p.Touch(10))
	assert.False(t, r.Put(2, "b", 4100), "1 was seen at 10")
	assert.True(t, r.Put(2, "b", 4106))
	assert.False(t, p.Touch(4106))

	seen := make(map[int]string)
	r.Each(func(k int, v string) { seen[k] = v })
	assert.Equal(t, map[int]string{2: "b"}, seen)
}
