package callgraph

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
)

func TestAssembler_brokenTraces(t *testing.T) {
	tests := map[string]struct{ in, out string }{
		"ids of zeros": {`
			0   - S web / 0-100
			0.1 - S web / 0-100
		`, `count invalid_id 2`},
		"duplicates: the longest counts": {`
			1 - S web / 0-50
			1 - S web / 0-100
			1 - I web / 0-150
		`, `
			serve web / d=100 own=100 calls=0 t=100 entry
			count duplicate 2
		`},
		"a server whose parent never came may be an entry": {`
			1 ? S web / 0-100
		`, `
			serve web / d=100 own=100 calls=0 t=100 entry
			count unmatched_server 1
		`},
		"calls below a span whose parent never came have no known caller": {`
			1 ? I web  work  0-90
			2 1 C web  Get  10-60
			3 2 S cart Get  20-50
			4 ? C web  Get  10-60
			5 4 S cart Get  20-50
			6 1 S cart Get  20-50
			7 1 C base Sel  20-50
		`, `
			serve cart Get d=30 own=30 calls=0 t=90
			serve cart Get d=30 own=30 calls=0 t=60
			serve cart Get d=30 own=30 calls=0 t=90
			count unmatched_parent 4
		`},
		"a producer of a lost request": {`
			1 ? P web  mails 20-30
			2 1 R mail Send 40-50
		`, `
			serve mail Send d=10 own=10 calls=0 t=50 async
			count unmatched_parent 1
		`},
		"its own parent": {`
			1 1 S web / 0-100
		`, `
			serve web / d=100 own=100 calls=0 t=100 entry
			count cycle 1
		`},
		"a cycle is cut at the least id": {`
			3 2 S cart Get 20-50
			1 3 S web  /    0-100
			2 1 C web  Get 10-60
			4 3 C cart Sel 30-40 peer=db
		`, `
			serve web / d=100 own=50 calls=50 t=100 entry
			serve cart Get d=30 own=20 calls=10 t=100
			call web / > cart Get client=50 server=30 t=100
			call cart Get > db Sel client=10 server=-1 t=100 leaf
			count cycle 1
		`},
		"two cycles": {`
			1 2 S a x 0-10
			2 1 S b x 2-8
			3 4 S c x 0-20
			4 3 S d x 5-15
		`, `
			serve a x d=10 own=4 calls=6 t=10 entry
			serve b x d=6 own=6 calls=0 t=10
			serve c x d=20 own=10 calls=10 t=20 entry
			serve d x d=10 own=10 calls=0 t=20
			call a x > b x client=-1 server=6 t=10
			call c x > d x client=-1 server=10 t=20
			count cycle 2
		`},
		"an end before the start": {`
			1 - S web / 100-50
		`, `serve web / d=0 own=0 calls=0 t=100 entry`},
		"days": {`
			1 - S web / 0-864000000000000
		`, `serve web / d=864000000000000 own=864000000000000 calls=0 t=864000000000000 entry`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			want := expect(tt.out)
			got := play(t, roomy, tt.in)
			assert.Equal(t, want, got)
		})
	}
}

func TestAssembler_nonsenseIsMadeSense(t *testing.T) {
	id := func(b byte) identity.Span { return identity.Span{Trace: identity.TraceID{1}, ID: identity.SpanID{b}} }
	var r recorder
	a := New(roomy, &r)
	for i, w := range []float64{math.NaN(), math.Inf(1), 0, -1} {
		add(a, spoken{ID: id(byte(i + 1)), Kind: Kind(200), Weight: w, Start: math.MinInt64, End: math.MaxInt64})
	}
	links := make([]identity.Span, 3*MaxLinks)
	for i := range links {
		links[i] = id(byte(100 + i))
	}
	add(a, spoken{ID: id(9), Kind: Consumer, Links: links})
	a.Flush()

	require.Len(t, r.served, 5)
	for _, s := range r.served {
		assert.Equal(t, 1.0, s.Weight)
	}
	assert.Equal(t, int64(maxTime), r.served[0].Duration)
	assert.Len(t, a.producers.waiting.items, MaxLinks)
}

func TestNew_panicsOnBoundsThatHoldNothing(t *testing.T) {
	assert.Panics(t, func() { New(Config{MaxPending: 0, MaxTrace: 1, MaxAge: 1}, nil) })
	assert.Panics(t, func() { New(Config{MaxPending: 1, MaxTrace: 0, MaxAge: 1}, nil) })
	assert.Panics(t, func() { New(Config{MaxPending: 1, MaxTrace: 1, MaxAge: 0}, nil) })
	assert.Panics(t, func() { NewProducers(0, 1) })
	assert.Panics(t, func() { NewProducers(1, 0) })
	assert.Panics(t, func() { NewKnown(identity.NewNames(), 0, 1) })
}

func TestReason_String(t *testing.T) {
	seen := make(map[string]bool)
	for r := range NumReasons {
		seen[Reason(r).String()] = true
	}
	assert.Len(t, seen, NumReasons, "each has a name of its own")
	assert.NotContains(t, seen, "")
}

// A request that begins when its caller has given up says nothing of the time on the way. Where the
// call did not fail, the clocks differ.
func TestAssembler_begunTooLate(t *testing.T) {
	for in, want := range map[string]string{
		"2 1 C web Get 10-40 error=timeout":  "call web / > cart Get client=30 server=-1 t=100 error=timeout",
		"2 1 C web Get 10-40":                "call web / > cart Get client=30 server=20 t=100",
		"2 1 C web Get 10-500 error=timeout": "call web / > cart Get client=490 server=20 t=100 error=timeout",
	} {
		got := play(t, roomy, "1 - S web / 0-100\n"+in+"\n3 2 S cart Get 50-70")
		assert.Contains(t, got, want, in)
	}
}

// A caller gives up and its trace is due, while the callee goes on, and calls others, of which
// its own span tells last: its request has all its calls.
func TestAssembler_servedForNobody(t *testing.T) {
	var r recorder
	a := New(roomy, &r)
	for _, step := range []string{
		"1 - S web / 0-30", "2 1 C web Get 1-30", "4 3 C cart Sel 50-60 peer=db",
		"40", // nothing of cart has come but this call
		"5 3 C cart Sel 70-80 peer=db", "3 2 S cart Get 45-90",
		"80", "90",
	} {
		if f := strings.Fields(step); len(f) == 1 {
			a.Advance(number(t, f[0]))
		} else {
			add(a, parse(t, f))
		}
	}
	assert.Equal(t, expect(`
		serve web / d=30 own=1 calls=29 t=30 entry
		serve cart Get d=45 own=25 calls=20 t=90 entry
		call cart Get > db Sel client=10 server=-1 t=90 leaf
		call cart Get > db Sel client=10 server=-1 t=90 leaf
		count unmatched_client 1
		count unmatched_server 1
	`), r.lines())
	assert.Zero(t, a.Pending())
}

// The root has the id of a span whose parent never came, and all of the trace waits on for that: its
// memory is let go of once.
func TestAssembler_rootSharesTheIDOfAnOrphan(t *testing.T) {
	var r recorder
	a := New(roomy, &r)
	for n := range 40 {
		for _, s := range []string{".1 - S web / 0-30", ".1 ? C web Get 1-90"} {
			add(a, parse(t, strings.Fields(strconv.Itoa(n+1)+s)))
		}
		a.Advance(40)
	}
	a.Flush()
	assert.Zero(t, a.Pending())
	free := slices.Sorted(slices.Values(a.pending.slab.free))
	assert.Len(t, slices.Compact(slices.Clone(free)), len(free), "no block is free twice")
	assert.Len(t, free, chunk*len(a.pending.slab.chunks), "and all are")
}
