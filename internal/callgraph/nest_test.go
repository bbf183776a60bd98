package callgraph

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
)

// often repeats a trace, in which T stands for its number.
func often(n int, trace string) string {
	var b strings.Builder
	for k := range n {
		b.WriteString(strings.ReplaceAll(trace, "T", string(rune('2'+k))))
		b.WriteString("\nflush\n")
	}
	return b.String()
}

// Nobody sends CLIENT spans: "?" is a parent that was dropped.
func TestAssembler_nestsWhatWasNeverSent(t *testing.T) {
	const cart = `
		T.1 - S web  /   0-100
		T.2 ? S cart Get 20-70
		T.3 ? S base Row 30-60
	`
	tests := map[string]struct{ before, trace, want string }{
		"once it is known": {often(8, cart), `
			1 - S web  /   0-100
			2 ? S cart Get 20-70
			3 ? S base Row 30-60
		`, `
			serve web / d=100 own=50 calls=50 t=100 entry
			serve cart Get d=50 own=20 calls=30 t=100
			serve base Row d=30 own=30 calls=0 t=100
			call web / > cart Get client=-1 server=50 t=100
			call cart Get > base Row client=-1 server=30 t=100
		`},
		"not before": {often(6, cart), `
			1 - S web  /   0-100
			2 ? S cart Get 20-70
		`, `
			serve web / d=100 own=100 calls=0 t=100 entry
			serve cart Get d=50 own=50 calls=0 t=70 entry
		`},
		"at the same time by chance": {often(4, cart) + often(4, `
			T.1 - S web  /   0-100
			T.2 ? S cart Get 20-70
			T.3 ? S base Row 45-75
		`), `
			1 - S web  /   0-100
			2 ? S cart Get 20-70
			3 ? S base Row 30-60
		`, `
			serve web / d=100 own=50 calls=80 t=100 entry
			serve cart Get d=50 own=50 calls=0 t=100
			serve base Row d=30 own=30 calls=0 t=100
			call web / > cart Get client=-1 server=50 t=100
			call web / > base Row client=-1 server=30 t=100
		`},
		"who tells of its calls has lost one": {often(7, cart) + `
			9.1 - S web  /   0-100
			9.2 1 C web  Put 1-2 peer=cart
			flush
		`, `
			1 - S web  /   0-100
			2 ? S cart Get 20-70
			3 ? S base Row 30-60
		`, `
			serve web / d=100 own=100 calls=0 t=100 entry
			serve cart Get d=50 own=20 calls=30 t=70 entry
			serve base Row d=30 own=30 calls=0 t=70
			call cart Get > base Row client=-1 server=30 t=70
		`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, expect(tt.want), added(t, tt.before, tt.trace))
		})
	}
}

// added returns what a trace adds to what came before it, but counts.
func added(t *testing.T, before, trace string) []string {
	t.Helper()
	was := play(t, roomy, before)
	out := play(t, roomy, before+trace)
	for _, line := range was {
		if k := slices.Index(out, line); k >= 0 {
			out = slices.Delete(out, k, k+1)
		}
	}
	return noCounts(out)
}

func noCounts(lines []string) []string {
	return slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(l, "count") })
}

// A request whose parent never came is torn, and inner where its trace began at another service
// around it.
func TestAssembler_inner(t *testing.T) {
	for name, tt := range map[string]struct {
		trace string
		want  [3]bool // entry, torn, inner
	}{
		"within the root":         {"1 - S web / 0-100\n2 ? S cart Get 20-70", [3]bool{true, true, true}},
		"off by a twentieth":      {"1 - S web / 0-100\n2 ? S cart Get 20-105", [3]bool{true, true, true}},
		"after it":                {"1 - S web / 0-100\n2 ? S cart Get 20-106", [3]bool{true, true, false}},
		"of the same service":     {"1 - S cart / 0-100\n2 ? S cart Get 20-70", [3]bool{true, true, false}},
		"the root never came":     {"1 ? S web / 0-100\n2 ? S cart Get 20-70", [3]bool{true, true, false}},
		"another root around it":  {"1 - S web / 0-100\n2 - S cart Get 20-70", [3]bool{true, true, true}},
		"a root":                  {"2 - S cart Get 20-70", [3]bool{true, false, false}},
		"called":                  {"1 - S web / 0-100\n2 1 S cart Get 20-70", [3]bool{}},
		"a second root of a tree": {"1 - S web / 0-100\n3 1 I web x 0-1\n2 - S cart Get 20-70", [3]bool{true, false, false}},
	} {
		t.Run(name, func(t *testing.T) {
			var r recorder
			a := New(roomy, &r)
			for line := range strings.Lines(tt.trace) {
				add(a, parse(t, strings.Fields(line)))
			}
			a.Flush()
			for _, s := range r.served {
				if s.RPC.Operation == "Get" {
					assert.Equal(t, tt.want, [3]bool{s.Entry, s.Torn, s.Inner})
				}
			}
		})
	}
}

// Once what there is to know is known, parents that never came cost no allocation.
func TestAssembler_nestsWithoutAllocation(t *testing.T) {
	a := New(roomy, new(discard))
	for _, parents := range [][2]byte{{98, 99}, {0, 0}} {
		play := func() {
			for k, name := range []string{"web", "cart", "base"} {
				s := spoken{Kind: Server, Operation: "x", Start: int64(10 * k), End: int64(100 - 10*k), Service: identity.Service{Name: name}}
				if k > 0 {
					s.Parent[0] = parents[k-1]
				}
				s.ID.Trace[0], s.ID.ID[0] = 1, byte(k+1)
				n, _ := s.numbered(a.known.known.names)
				a.Add(&n, nil)
			}
			a.Flush()
		}
		for range 20 {
			play()
		}
		assert.Zero(t, testing.AllocsPerRun(100, play))
	}
}

// Requests that go on for callers that gave up last so long that others lie within them by chance: where
// traces have roots, nothing is nested in what comes after the root was due.
func TestAssembler_nestAfterTheRoot(t *testing.T) {
	for name, rooted := range map[string]bool{"traces have roots": true, "none has one": false} {
		var r recorder
		a := New(roomy, &r)
		for i := range 40 {
			n := fmt.Sprint(i + 1)
			if rooted {
				add(a, parse(t, strings.Fields(n+".1 - S web / 0-10")))
			}
			add(a, parse(t, strings.Fields(n+".7 ? S cart Get 1000-9000")))
			add(a, parse(t, strings.Fields(n+".8 ? S mail Send 2000-2010")))
			a.Advance(10)
		}
		a.Flush()
		nested := slices.ContainsFunc(r.lines(), func(l string) bool { return strings.HasPrefix(l, "call cart Get > mail Send") })
		assert.Equal(t, !rooted, nested, name)
	}
}
