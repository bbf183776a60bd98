package identity_test

import (
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
)

const forget = 100

func svc(name string) identity.Service { return identity.Service{Name: name} }

func rpc(service, op string) identity.RPC {
	return identity.RPC{Service: svc(service), Operation: op}
}

func TestAdmission_servicesBeyondTheBoundAreRefused(t *testing.T) {
	a := identity.NewAdmission(2, 2, forget)

	assert.True(t, a.Service(svc("a"), 0))
	assert.True(t, a.Service(svc("b"), 0))
	assert.False(t, a.Service(svc("c"), 1))
	assert.True(t, a.Service(svc("a"), 2), "what is in stays in")
}

func TestAdmission_evictsTheOldestSeen(t *testing.T) {
	type step struct {
		op   string
		now  int64
		want string // operation returned
	}
	tests := map[string][]step{
		"overflow goes to other": {
			{"x", 0, "x"}, {"y", 0, "y"}, {"z", 99, "other"}, {"x", 99, "x"},
		},
		"seen longest ago goes first": {
			{"x", 5, "x"}, {"y", 0, "y"}, {"z", 100, "z"}, {"y", 100, "other"}, {"x", 100, "x"},
		},
		"ties by key": {
			{"y", 0, "y"}, {"x", 0, "x"}, {"z", 100, "z"}, {"y", 100, "y"}, {"x", 100, "other"},
		},
		"use keeps a place": {
			{"x", 0, "x"}, {"y", 0, "y"}, {"x", 90, "x"}, {"y", 95, "y"}, {"z", 110, "other"}, {"z", 190, "z"}, {"x", 191, "other"},
		},
		"time that runs backwards unseats nobody": {
			{"x", 500, "x"}, {"y", 500, "y"}, {"x", 3, "x"}, {"z", 510, "other"}, {"z", 599, "other"}, {"z", 600, "z"},
		},
		"an old newcomer may be forgotten at once": {
			{"x", 500, "x"}, {"y", 3, "y"}, {"z", 103, "z"}, {"y", 103, "other"}, {"x", 103, "x"},
		},
		"other is always admitted": {
			{"x", 0, "x"}, {"y", 0, "y"}, {"other", 0, "other"},
		},
	}
	for name, steps := range tests {
		t.Run(name, func(t *testing.T) {
			a := identity.NewAdmission(1, 2, forget)
			for i, s := range steps {
				got, ok := a.Operation(rpc("a", s.op), s.now)
				assert.Equal(t, rpc("a", s.want), got, "step %d", i)
				assert.Equal(t, s.op == s.want, ok, "step %d", i)
			}
		})
	}
}

func TestAdmission_anEvictedServiceForgetsItsOperations(t *testing.T) {
	a := identity.NewAdmission(1, 1, forget)

	_, ok := a.Operation(rpc("a", "x"), 0)
	require.True(t, ok, "Operation admits the service")
	got, ok := a.Operation(rpc("b", "x"), 50)
	assert.False(t, ok)
	assert.Equal(t, rpc("b", identity.Other), got)
	assert.True(t, a.Service(svc("b"), 100))
	assert.False(t, a.Service(svc("a"), 100))
	assert.True(t, a.Service(svc("a"), 200))
	_, ok = a.Operation(rpc("a", "y"), 200)
	assert.True(t, ok, "x of the former a takes no room")
}

// A hostile or careless application puts ids in its span names. Whatever it
// sends, at most bound + 1 names come out, and the first ones stay.
func TestAdmission_aMillionOperationsStayBounded(t *testing.T) {
	const bound = 100
	a := identity.NewAdmission(1, bound, 1_000_000_000)
	out := make(map[identity.RPC]int)
	for i := range 1_000_000 {
		r, _ := a.Operation(rpc("a", "GET /user/"+strconv.Itoa(i)), int64(i))
		out[r]++
	}
	assert.Len(t, out, bound+1)
	assert.Equal(t, 1_000_000-bound, out[rpc("a", identity.Other)])
	assert.Equal(t, 1, out[rpc("a", "GET /user/0")])
}

func TestAdmission_knownKeysDoNotAllocate(t *testing.T) {
	a := identity.NewAdmission(1, 1, forget)
	known, refused, foreign := rpc("a", "x"), rpc("a", "y"), rpc("b", "x")
	a.Operation(known, 0)

	n := testing.AllocsPerRun(100, func() {
		a.Service(known.Service, 1)
		a.Service(foreign.Service, 1)
		a.Operation(known, 1)
		a.Operation(refused, 1)
		a.Operation(foreign, 1)
	})
	assert.Zero(t, n)
}

func TestAdmission_concurrentUse(t *testing.T) {
	const bound = 8
	a := identity.NewAdmission(4, bound, forget)
	var mu sync.Mutex
	out := make(map[identity.RPC]bool)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 2000 {
				r, ok := a.Operation(rpc(strconv.Itoa(i%6), fmt.Sprint("op", (i*7+g)%50)), 0)
				if ok {
					mu.Lock()
					out[r] = true
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()

	services := make(map[identity.Service]int)
	for r := range out {
		services[r.Service]++
	}
	assert.Len(t, services, 4)
	for s, n := range services {
		assert.Equal(t, bound, n, s)
	}
}

func TestNewAdmission_panicsOnBoundsThatAdmitNothing(t *testing.T) {
	assert.Panics(t, func() { identity.NewAdmission(0, 1, 1) })
	assert.Panics(t, func() { identity.NewAdmission(1, 0, 1) })
	assert.Panics(t, func() { identity.NewAdmission(1, 1, 0) })
}

func BenchmarkAdmission(b *testing.B) {
	a := identity.NewAdmission(100, 100, forget)
	for name, r := range map[string]identity.RPC{"known": rpc("shop", "GET /cart"), "refused": rpc("full", "GET /cart")} {
		b.Run(name, func(b *testing.B) {
			for i := range 100 {
				a.Operation(rpc("full", strconv.Itoa(i)), 0)
			}
			b.ReportAllocs()
			for b.Loop() {
				a.Operation(r, 1)
			}
		})
	}
}
