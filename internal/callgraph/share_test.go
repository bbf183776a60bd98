package callgraph

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
)

// calling returns what becomes of one request of service a, from 0 to 1000, that
// calls others: each call is of callee, start and end.
func calling(t *testing.T, calls ...[3]any) (heard, []reported) {
	t.Helper()
	r := &recorder{}
	a := New(Config{MaxPending: 100, MaxTrace: 100, MaxAge: 1e9, Producers: NewProducers(10, 1e9)}, r)
	trace := identity.TraceID{1}
	add(a, spoken{ID: identity.Span{Trace: trace, ID: identity.SpanID{1}}, Kind: Server, End: 1000, Service: identity.Service{Name: "a"}, Operation: "r", Weight: 1})
	for i, c := range calls {
		add(a, spoken{
			ID: identity.Span{Trace: trace, ID: identity.SpanID{2, byte(i)}}, Parent: identity.SpanID{1}, Kind: Client,
			Start: int64(c[1].(int)), End: int64(c[2].(int)), Service: identity.Service{Name: "a"}, Operation: "get",
			Peer: identity.Service{Name: c[0].(string)}, Weight: 1,
		})
	}
	a.Flush()
	require.Len(t, r.served, 1)
	return r.served[0], r.calls
}

func TestShare_byHand(t *testing.T) {
	tests := map[string]struct {
		calls  [][3]any
		within []int64
		share  []int64
		sum    int64
		union  int64
	}{
		"one after the other": {
			[][3]any{{"db", 0, 100}, {"db", 100, 300}},
			[]int64{100, 200},
			[]int64{100, 200},
			300, 300,
		},
		"two at once": {
			[][3]any{{"db", 0, 100}, {"db", 0, 100}},
			[]int64{100, 100},
			[]int64{50, 50},
			100, 100,
		},
		// 0..100 alone, 100..200 shared, 200..300 alone
		"half at once": {
			[][3]any{{"db", 0, 200}, {"db", 100, 300}},
			[]int64{200, 200},
			[]int64{150, 150},
			300, 300,
		},
		// Calls to others at the same time take nothing of the share; the union of
		// all is less than the sum over callees.
		"different callees at once": {
			[][3]any{{"db", 0, 200}, {"cache", 100, 300}},
			[]int64{200, 200},
			[]int64{200, 200},
			400, 300,
		},
		"a pool of two for four calls, after another call": {
			[][3]any{{"db", 0, 400}, {"x", 400, 500}, {"x", 400, 500}, {"x", 500, 600}, {"x", 500, 600}},
			[]int64{400, 100, 100, 100, 100},
			[]int64{400, 50, 50, 50, 50},
			600, 600,
		},
		"beyond the request": {
			[][3]any{{"db", 900, 1500}},
			[]int64{100},
			[]int64{100},
			100, 100,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s, calls := calling(t, tc.calls...)
			var within, share []int64
			for _, c := range calls {
				within, share = append(within, c.Within), append(share, c.Share)
			}
			assert.Equal(t, tc.within, within)
			assert.Equal(t, tc.share, share)
			assert.Equal(t, tc.sum, s.ChildSum)
			assert.Equal(t, tc.union, s.Duration-s.Exclusive)
		})
	}
}
