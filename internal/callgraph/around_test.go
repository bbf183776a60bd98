package callgraph

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
)

// aroundOf returns what a scenario tells as the time around direct calls, by callee and in the
// order of span ids; of other calls it fails.
func aroundOf(t *testing.T, text string) map[string][]int64 {
	t.Helper()
	var r recorder
	a := New(roomy, &r)
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) > 0 {
			add(a, parse(t, f))
		}
	}
	a.Flush()
	out := make(map[string][]int64)
	for i := range r.calls {
		c := &r.calls[i]
		if c.Client >= 0 || c.Async || c.Leaf {
			assert.EqualValues(t, -1, c.Around, "%v is not direct", c.Edge)
			continue
		}
		name := c.Edge.Callee.Service.Name
		out[name] = append(out[name], c.Around)
	}
	return out
}

// The request of web is 1, from 100 to 200, unless a scenario has another one.
func TestSurround_byHand(t *testing.T) {
	const web = "1 - S web / 100-200\n"
	type around = map[string][]int64
	tests := map[string]struct {
		spans string
		want  around
	}{
		// 100-|  a 110..150  |-200
		"one call: all that is left of the request": {web + `
			2 1 S a op 110-150
		`, around{"a": {10 + 50}}},
		"through a span of the caller's own": {web + `
			2 1 I web work 105-190
			3 2 S a   op   110-150
		`, around{"a": {10 + 50}}},
		// what is between two calls is around both
		"one after the other": {web + `
			2 1 S a op 110-120
			3 1 S b op 150-160
			4 1 S c op 165-190
		`, around{"a": {10 + 30}, "b": {30 + 5}, "c": {5 + 10}}},
		"back to back": {web + `
			2 1 S a op 110-120
			3 1 S b op 120-160
		`, around{"a": {10 + 0}, "b": {0 + 40}}},
		"in parallel: they are no bounds of each other": {web + `
			2 1 S a op 110-150
			3 1 S b op 111-170
			4 1 S c op 180-190
		`, around{"a": {10 + 30}, "b": {11 + 10}, "c": {10 + 10}}},
		"one within the other": {web + `
			2 1 S a op 110-190
			3 1 S b op 120-130
		`, around{"a": {10 + 10}, "b": {20 + 70}}},
		"a leaf is a bound, and has a client span of its own": {web + `
			2 1 C web get 110-120 peer=db terminal
			3 1 S a   op  130-150
			4 1 C web get 160-170 peer=db terminal
		`, around{"a": {10 + 10}}},
		"so is a call with a client span": {web + `
			2 1 S a   op  130-150
			3 1 C web get 160-170
			4 3 S b   op  162-168
		`, around{"a": {30 + 10}}},
		"a leaf below an own span": {web + `
			2 1 I web work 105-128
			3 2 C web get 110-120 peer=db terminal
			4 1 S a   op  130-150
		`, around{"a": {10 + 50}}},
		"the callee's own calls are none of its caller's": {web + `
			2 1 S a op 110-150
			3 2 S b op 120-130
		`, around{"a": {10 + 50}, "b": {10 + 20}}},
		"each attempt": {web + `
			2 1 S a op 110-120 error=503
			3 1 S a op 130-150
		`, around{"a": {10 + 10, 10 + 50}}},
		// By the callee's clock; what is off cancels.
		"the callee's clock is ahead": {web + `
			2 1 S a op 140-180
		`, around{"a": {40 + 20}}},
		"so far that it ends after the request": {web + `
			2 1 S a op 190-230
		`, around{"a": {90 - 30}}},
		"so far that it lies outside": {web + `
			2 1 S a op 1110-1150
		`, around{"a": {1010 - 950}}},
		"behind": {web + `
			2 1 S a op 10-50
		`, around{"a": {-90 + 150}}},
		"outside, beside others: nobody knows between which": {web + `
			2 1 S a op 1110-1150
			3 1 S b op 120-130
		`, around{"a": {-1}, "b": {20 + 70}}},
		"beyond the start, beside others": {web + `
			2 1 S a op 90-130
			3 1 S b op 160-170
		`, around{"a": {-10 + 30}, "b": {30 + 30}}},
		"longer than the request: never negative": {web + `
			2 1 S a op 90-230
		`, around{"a": {0}}},
		"of no length": {web + `
			2 1 S a op 120-120
			3 1 S b op 150-160
		`, around{"a": {20 + 30}, "b": {30 + 40}}},
		"several of no length, at once": {web + `
			2 1 S a op 120-120
			3 1 S a op 120-120
		`, around{"a": {0 + 0, 0 + 0}}},
		"a message is no call, but sending one is": {web + `
			2 1 P web send 105-110
			3 2 R mail op  115-116
			4 1 S a    op  120-150
		`, around{"a": {10 + 50}}},
		"who waits does not lose time": {web + `
			2 1 S a op 110-150 stream
			3 1 S b op 160-170
		`, around{"a": {-1}, "b": {10 + 30}}},
		"nor is it told of a request that waits": {`
			1 - S web / 100-200 stream
			2 1 S a op 110-150
		`, around{"a": {-1}}},
		"outside of a request": {`
			1 - C boot go 100-200
			2 1 S web  /  110-190
			3 ? I web  job 110-190
			4 3 S a    op 120-130
		`, around{}},
		"request and call in one span: a direct call of its parent": {web + `
			2 1 C proxy fwd 110-160
			3 2 S a     op  125-145
		`, around{"proxy": {10 + 40}}},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, aroundOf(t, c.spans)) })
	}
}

// Requests of one trace each have their own time line.
func TestSurround_ofEachRequest(t *testing.T) {
	got := aroundOf(t, `
		1 - S web /  0-100
		2 1 S a   op 10-90
		3 2 S b   op 20-30
		4 2 S b   op 50-80
		5 1 S c   op 92-96
	`)
	assert.Equal(t, map[string][]int64{"a": {10 + 2}, "b": {10 + 20, 20 + 10}, "c": {2 + 4}}, got)
}

// However many calls there are, it is what is written at surround.
func TestSurround_asDefined(t *testing.T) {
	const from, to = 1000, 2000
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		spans := []spoken{{ID: identity.Span{Trace: identity.TraceID{1}, ID: identity.SpanID{1}}, Kind: Server, Start: from, End: to, Service: identity.Service{Name: "web"}, Weight: 1}}
		for i := range 1 + rng.IntN(30) {
			start := from - 50 + rng.Int64N(to-from+100)
			s := spoken{
				ID: identity.Span{Trace: identity.TraceID{1}, ID: identity.SpanID{2, byte(i)}}, Parent: identity.SpanID{1}, Kind: Server,
				Start: start, End: start + rng.Int64N(60)*rng.Int64N(2), Service: identity.Service{Name: "a"}, Weight: 1,
			}
			if rng.IntN(3) == 0 {
				s.Kind, s.Service.Name, s.Peer.Name = Client, "web", "db"
			}
			spans = append(spans, s)
		}
		want := make(map[identity.Span]int64)
		for i, c := range spans[1:] {
			before, after := int64(from), int64(to)
			for k, o := range spans[1:] {
				if k != i && o.End <= c.Start {
					before = max(before, min(o.End, to))
				}
				if k != i && o.Start >= c.End {
					after = min(after, max(o.Start, from))
				}
			}
			want[c.ID] = max(0, c.Start-before+after-c.End)
			if c.Kind == Client || len(spans) > 2 && (c.End < from || c.Start > to) {
				want[c.ID] = -1
			}
		}
		got := make(map[identity.Span]int64)
		for _, c := range stew(spans, 0, false).calls {
			got[c.Span] = c.Around
		}
		assert.Equal(t, want, got, "seed %d", seed)
	}
}

// Who answers a direct call is told too.
func TestCall_ofADirectCallHasBothReplicas(t *testing.T) {
	var r recorder
	a := New(roomy, &r)
	names := a.known.known.names
	r.names = names
	replica := func(service, id string) identity.ReplicaNo {
		return names.ReplicaNo(identity.Replica{Instance: identity.Instance{Service: identity.Service{Name: service}, ID: id}})
	}
	for _, s := range []struct {
		spoken
		replica identity.ReplicaNo
	}{
		{parse(t, strings.Fields("1 - S web / 0-100")), replica("web", "web-1")},
		{parse(t, strings.Fields("2 1 S cart get 20-50")), replica("cart", "cart-2")},
	} {
		n, _ := s.numbered(names)
		n.Replica = s.replica
		a.Add(&n, nil)
	}
	a.Flush()
	require.Len(t, r.calls, 1)
	c := r.calls[0]
	assert.Equal(t, []identity.ReplicaNo{replica("web", "web-1"), replica("cart", "cart-2")}, []identity.ReplicaNo{c.CallerReplica, c.CalleeReplica})
	assert.Equal(t, []int64{-1, 30, 70}, []int64{c.Client, c.Server, c.Around})
}
