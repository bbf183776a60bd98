package callgraph

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
)

// Spans of both sides of a call have one id. What comes of it, in whatever order they arrive.
func TestShared(t *testing.T) {
	tests := map[string]struct{ in, out string }{
		// web  |----------------------| 0-100
		//         |------------|        10-60   calls cart, as span 2
		// cart      |--------|          20-50   serves, as span 2
		//             |---|             25-40   asks its database
		"a call and what serves it": {`
			1 - S web  /    0-100
			2 1 C web  Get 10-60  peer=cart
			2 1 S cart Get 20-50
			3 2 C cart Sel 25-40  peer=base
		`, `
			serve web / d=100 own=50 calls=50 t=100 entry
			serve cart Get d=30 own=15 calls=15 t=100
			call web / > cart Get client=50 server=30 t=100
			call cart Get > base Sel client=15 server=-1 t=100 leaf
		`},
		"a chain: the parent of the second call is what serves the first": {`
			1 - S web  /    0-100
			2 1 C web  Get 10-60
			2 1 S cart Get 20-50
			3 2 C cart Sel 25-45
			3 2 S base Sel 30-40 error=down
		`, `
			serve web / d=100 own=50 calls=50 t=100 entry
			serve cart Get d=30 own=10 calls=20 t=100
			serve base Sel d=10 own=10 calls=0 t=100 error=down
			call web / > cart Get client=50 server=30 t=100
			call cart Get > base Sel client=20 server=10 t=100
		`},
		"a root that calls": {`
			1 - C test /    0-100
			1 - S web  /    5-95
			2 1 C web  Get 10-60
			2 1 S cart Get 20-50
		`, `
			serve web / d=90 own=40 calls=50 t=100
			serve cart Get d=30 own=30 calls=0 t=100
			call test  > web / client=100 server=90 t=100
			call web / > cart Get client=50 server=30 t=100
		`},
		"what the caller does within its call is the caller's": {`
			1 - S web  /    0-100
			2 1 C web  Get 10-60
			2 1 S cart Get 20-50
			3 2 I web  dns 11-15
			4 2 I cart sum 30-40
		`, `
			serve web / d=100 own=50 calls=50 t=100 entry
			serve cart Get d=30 own=30 calls=0 t=100
			call web / > cart Get client=50 server=30 t=100
		`},
		"a service that calls itself": {`
			1 - S web /    0-100
			2 1 C web /in 10-60
			2 1 S web /in 20-50
			3 2 C web Sel 25-40 peer=base
		`, `
			serve web / d=100 own=50 calls=50 t=100 entry
			serve web /in d=30 own=15 calls=15 t=100
			call web / > web /in client=50 server=30 t=100
			call web /in > base Sel client=15 server=-1 t=100 leaf
		`},
		"a callee that calls back, of which the call is not told": {`
			1 - S web  /     0-100
			2 1 C web  Get  10-60
			2 1 S cart Get  20-50
			3 2 S web  Name 30-40
		`, `
			serve web / d=100 own=50 calls=50 t=100 entry
			serve cart Get d=30 own=20 calls=10 t=100
			serve web Name d=10 own=10 calls=0 t=100
			call web / > cart Get client=50 server=30 t=100
			call cart Get > web Name client=-1 server=10 t=100
		`},
		"a sidecar and its service both join": {`
			1 - S web     /    0-100
			2 1 C web     Get 10-60
			2 1 S sidecar Get 15-55
			2 1 S cart    Get 20-50
			3 2 C cart    Sel 25-40 peer=base
		`, `
			serve web / d=100 own=50 calls=50 t=100 entry
			serve sidecar Get d=40 own=10 calls=30 t=100
			serve cart Get d=30 own=15 calls=15 t=100
			call web / > sidecar Get client=50 server=40 t=100
			call sidecar Get > cart Get client=-1 server=30 t=100
			call cart Get > base Sel client=15 server=-1 t=100 leaf
		`},
		"a sidecar joins, its service does not": {`
			1 - S web     /    0-100
			2 1 C web     Get 10-60
			2 1 S sidecar Get 15-55
			3 2 S cart    Get 20-50
		`, `
			serve web / d=100 own=50 calls=50 t=100 entry
			serve sidecar Get d=40 own=10 calls=30 t=100
			serve cart Get d=30 own=30 calls=0 t=100
			call web / > sidecar Get client=50 server=40 t=100
			call sidecar Get > cart Get client=-1 server=30 t=100
		`},
		"another service was called with the same headers": {`
			1 - S web  /    0-100
			2 1 C web  Get 10-60
			2 1 S cart Get 15-30
			2 1 S copy Get 40-50
		`, `
			serve web / d=100 own=50 calls=50 t=100 entry
			serve cart Get d=15 own=15 calls=0 t=100
			serve copy Get d=10 own=10 calls=0 t=100
			call web / > cart Get client=50 server=15 t=100
			call web / > copy Get client=-1 server=10 t=100
		`},
		"clocks that differ": {`
			1 - S web  /     0-100
			2 1 C web  Get  10-60
			2 1 S cart Get 820-850
			3 2 C cart Sel 825-840 peer=base
		`, `
			serve web / d=100 own=50 calls=50 t=100 entry
			serve cart Get d=30 own=15 calls=15 t=100
			call web / > cart Get client=50 server=30 t=100
			call cart Get > base Sel client=15 server=-1 t=100 leaf
		`},
		"each side again is the same span": {`
			1 - S web  /    0-100
			2 1 C web  Get 10-60
			2 1 S cart Get 20-50
			2 1 S cart Get 20-50
			2 1 C web  Get 10-60
			2 1 I cart Get 20-50
		`, `
			serve web / d=100 own=50 calls=50 t=100 entry
			serve cart Get d=30 own=30 calls=0 t=100
			call web / > cart Get client=50 server=30 t=100
			count duplicate 3
		`},
		"the caller's side never came": {`
			1 - S web  /    0-100
			2 1 S cart Get 20-50
			3 2 C cart Sel 25-40
			3 2 S base Sel 30-35
		`, `
			serve web / d=100 own=70 calls=30 t=100 entry
			serve cart Get d=30 own=15 calls=15 t=100
			serve base Sel d=5 own=5 calls=0 t=100
			call web / > cart Get client=-1 server=30 t=100
			call cart Get > base Sel client=15 server=5 t=100
		`},
		"the callee's side never came, of a service that joins: its calls have no known caller": {`
			1 - S web  /    0-100
			2 1 C web  Get 10-30 peer=cart
			2 1 S cart Get 15-25
			3 1 C web  Get 40-90 peer=cart
			4 3 C cart Sel 50-80 peer=base
			4 3 S base Sel 60-70
		`, `
			serve web / d=100 own=30 calls=70 t=100 entry
			serve cart Get d=10 own=10 calls=0 t=100
			serve base Sel d=10 own=10 calls=0 t=80
			call web / > cart Get client=20 server=10 t=100
			count unmatched_client 1
			count unmatched_parent 1
		`},
		"a message and who consumes it": {`
			1 - S web  /    0-100
			2 1 P web  mail 10-20
			2 1 R post mail 150-190
			3 2 C post Send 160-170 peer=smtp
		`, `
			serve web / d=100 own=90 calls=10 t=100 entry
			serve post mail d=40 own=30 calls=10 t=190 async
			call web / > post mail client=10 server=40 t=190 async queue=130
			call post mail > smtp Send client=10 server=-1 t=190 leaf
		`},
		"a message that two consume, and one that does not join": {`
			1 - S web  /    0-100
			2 1 P web  mail 10-20
			2 1 R post mail 150-190
			2 1 R log  mail 160-180
			3 2 R bill mail 170-180
		`, `
			serve web / d=100 own=90 calls=10 t=100 entry
			serve post mail d=40 own=40 calls=0 t=190 async
			serve log mail d=20 own=20 calls=0 t=180 async
			serve bill mail d=10 own=10 calls=0 t=180 async
			call web / > post mail client=10 server=40 t=190 async queue=130
			call web / > log mail client=10 server=20 t=180 async queue=140
			call web / > bill mail client=10 server=10 t=180 async queue=150
		`},
		"a message that is received, then processed": {`
			1 - S web  /    0-100
			2 1 P web  mail 10-20
			2 1 R post receive 150-190
			3 2 R post process 160-180
		`, `
			serve web / d=100 own=90 calls=10 t=100 entry
			serve post receive d=40 own=40 calls=0 t=190 async
			serve post process d=20 own=20 calls=0 t=180 async
			call web / > post receive client=10 server=40 t=190 async queue=130
		`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var spans []string
			for line := range strings.Lines(tc.in) {
				if line = strings.TrimSpace(line); line != "" {
					spans = append(spans, line)
				}
			}
			require.Equal(t, expect(tc.out), play(t, roomy, tc.in))
			permute(spans, 0, func() {
				require.Equal(t, expect(tc.out), play(t, roomy, strings.Join(spans, "\n")), "%v", spans)
			})
		})
	}
}

// permute calls f for every order of v from place k on.
func permute(v []string, k int, f func()) {
	if k == len(v) {
		f()
		return
	}
	for i := k; i < len(v); i++ {
		v[k], v[i] = v[i], v[k]
		permute(v, k+1, f)
		v[k], v[i] = v[i], v[k]
	}
}

// A service that calls itself is told apart by the replicas.
func TestShared_replicas(t *testing.T) {
	spans := []Span{
		{Kind: Server, End: 100, Replica: 1},
		{Kind: Client, Start: 10, End: 60, Replica: 1},
		{Kind: Server, Start: 20, End: 50, Replica: 2},
		{Kind: Internal, Start: 30, End: 35, Replica: 1},
		{Kind: Internal, Start: 30, End: 36, Replica: 2},
		{Kind: Internal, Start: 30, End: 37},
	}
	ids, parents := []string{"1", "2", "2", "3", "4", "5"}, []string{"0", "1", "1", "2", "2", "2"}
	a := New(roomy, new(discard))
	web := a.known.known.names.ServiceNo(identity.Service{Name: "web"})
	for i := range spans {
		s := &spans[i]
		s.ID, s.Parent = spanID(t, ids[i]), spanID(t, parents[i]).ID
		s.Service = web
		a.Add(s, nil)
	}
	f := &a.frag
	f.load(a.pending.next(maxTime), &a.pending.slab, a.known.known.names)
	var got []int32
	for i := range f.nodes {
		got = append(got, f.nodes[i].parent)
	}
	assert.Equal(t, []int32{none, 0, 1, 1, 2, 2}, got)
}

// The side that serves is resolved when its trace has been already, as far as it can be.
func TestShared_apart(t *testing.T) {
	const served = `
		serve web / d=100 own=50 calls=50 t=100 entry
		serve cart Get d=30 own=30 calls=0 t=50 entry
		count unmatched_server 1
	`
	assert.Equal(t, expect(served+`call web / > cart Get client=50 server=-1 t=100 leaf`), play(t, roomy, `
		1 - S web  /    0-100
		2 1 C web  Get 10-60 peer=cart
		advance 100
		2 1 S cart Get 20-50
	`), "a leaf until it is known to serve")
	assert.Equal(t, expect(`
		serve web / d=100 own=90 calls=10 t=100 entry
		serve web / d=100 own=90 calls=10 t=100 entry
		serve post mail d=40 own=40 calls=0 t=190 async
		serve post mail d=40 own=40 calls=0 t=190 async
		call web / > post mail client=10 server=40 t=190 async queue=130
		call web / > post mail client=10 server=40 t=190 async queue=130
	`), play(t, roomy, `
		1 - S web  /    0-100
		2 1 P web  mail 10-20
		2 1 R post mail 150-190
		advance 200
		2.1 - S web  /    0-100
		2.2 2.1 P web  mail 10-20
		advance 200
		2.2 2.1 R post mail 150-190
	`), "once it is known that consumers join, theirs waits for the producer of its own id")
}

func TestShared_doesNotAllocateInTheSteadyState(t *testing.T) {
	var r recorder
	a := New(roomy, &r)
	var spans []Span
	r.names = a.known.known.names
	for line := range strings.Lines(`1 - S web / 0-100
		2 1 C web Get 10-60
		2 1 S cart Get 20-50
		2 1 S cart Get 20-50
		3 2 C cart Sel 25-40
		3 2 S base Sel 30-35`) {
		s, _ := parse(t, strings.Fields(line)).numbered(r.names)
		spans = append(spans, s)
	}
	a.sink = new(discard)
	k := uint64(1)
	pour(a, spans, k)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		k++
		pour(a, spans, k)
	}))
}
