package window_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// Numbers that are given to other keys while a window is open do not mix them up.
func TestFolder_Forget(t *testing.T) {
	fold := func(sweep bool) *window.Snapshot {
		f := newFolder()
		for round := range 4 {
			for k := range 10 {
				op := fmt.Sprint("op-", round, "-", k)
				f.Served(served{RPC: rpc("cart", op), Instance: fmt.Sprint(round), Duration: 10, Weight: 1, Span: span(round)})
				f.Served(served{RPC: cart, Instance: "always", Version: fmt.Sprint(round), Time: int64(round), Duration: 5, Weight: 1, Span: span(k)})
				f.Called(called{Edge: identity.Edge{Caller: cart, Callee: rpc("db", op)}, Client: 3, Server: -1, Queue: -1, Weight: 1})
				f.Called(called{Edge: toCart, Client: 7, Server: 5, Queue: -1, Weight: 1})
			}
			if sweep {
				f.Forget()
				f.names.Sweep(func(*identity.Marks) {})
			}
		}
		return window.Merge(0, size, f.Close(size), nil)
	}
	want := fold(false)
	require.Len(t, want.RPCs, 41)
	assert.Equal(t, want, fold(true))
}

// A part that is used again is as a new one.
func TestFolder_Recycle(t *testing.T) {
	f := newFolder()
	fold := func(start int64, seed int) *window.Snapshot {
		for k := range 50 {
			op := rpc("cart", fmt.Sprint((k*seed)%7))
			f.Served(served{
				RPC: op, Instance: fmt.Sprint(k % 3), Version: fmt.Sprint(seed), Time: start, Duration: int64(k*seed)<<(k%20) + 1, Exclusive: 1,
				Error: k%5 == 0, ErrorType: fmt.Sprint("e", k%2), Weight: 1, Span: span(k), Entry: k%2 == 0,
			})
			f.Called(called{
				Edge: identity.Edge{Caller: op, Callee: cart}, Time: start, Client: int64(k * seed), Server: int64(k%9) - 1,
				Queue: int64(k%4) - 1, Async: k%3 == 0, Weight: 1, Span: span(k),
			})
		}
		parts := f.Close(start + size)
		require.Len(t, parts, 1)
		s := window.Merge(start, start+size, parts, nil)
		f.Recycle(parts[0])
		return s
	}
	for n := range int64(20) {
		got := fold(n*size, int(n%4)+1)
		f2 := f
		f = newFolder()
		want := fold(n*size, int(n%4)+1)
		f = f2
		require.Equal(t, want, got, "window %d", n)
	}
}
