package callgraph

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
)

// last returns what the last trace of a scenario gives, without counts.
func last(t *testing.T, first, then string) []string {
	t.Helper()
	before := make(map[string]int)
	for _, l := range play(t, roomy, first) {
		before[l]++
	}
	var out []string
	for _, l := range play(t, roomy, first+then) {
		if before[l]--; before[l] < 0 && !strings.HasPrefix(l, "count") {
			out = append(out, l)
		}
	}
	return out
}

// after is last after so many traces like it.
func after(t *testing.T, n int, trace, then string) []string {
	t.Helper()
	return last(t, asks(n, trace), then)
}

// Service shop tells of its calls only. From enoughCalls calls on, the one that makes it known
// included, what it does between them is its own.
func TestAssembler_servicesThatTellOfTheirCallsOnly(t *testing.T) {
	tests := map[string]struct{ trace, before, after string }{
		"the name of the peer": {`
			T.1 - S web  /   0-100
			T.2 T.1 C web  Buy 10-90 peer=shop.prod.svc:8080
			T.3 T.2 C shop Get 30-60 peer=cart
			T.4 T.3 S cart Get 35-55
		`, "", `
			serve web / d=100 own=20 calls=80 t=100 entry
			serve shop Buy d=80 own=50 calls=30 t=100
			serve cart Get d=20 own=20 calls=0 t=100
			call web / > shop Buy client=80 server=-1 t=100
			call shop Buy > cart Get client=30 server=20 t=100
		`},
		"a database, at an address": {`
			T.1 - S web  /   0-100
			T.2 T.1 C web  Buy 10-90 peer=10.0.0.7:80
			T.3 T.2 C shop SELECT 30-60 peer=mysql terminal
		`, `
			serve web / d=100 own=20 calls=80 t=100 entry
			call web / > shop SELECT client=80 server=-1 t=100 leaf
		`, `
			serve web / d=100 own=20 calls=80 t=100 entry
			serve shop Buy d=80 own=50 calls=30 t=100
			call web / > shop Buy client=80 server=-1 t=100
			call shop Buy > mysql SELECT client=30 server=-1 t=100 leaf
		`},
		"two different calls": {`
			T.1 - S web  /   0-100
			T.2 T.1 C web  Buy 10-90 peer=10.0.0.7:80
			T.3 T.2 C shop Get 30-60 peer=10.0.0.8:80
			T.4 T.2 C shop Pay 60-80 peer=10.0.0.9:80
			T.5 T.4 S card Pay 65-75
		`, `
			serve web / d=100 own=20 calls=80 t=100 entry
			serve shop Pay d=20 own=0 calls=20 t=100
			serve card Pay d=10 own=10 calls=0 t=100
			call web / > shop Pay client=80 server=20 t=100
			call web / > shop Get client=30 server=-1 t=100 leaf
			call shop Pay > card Pay client=20 server=10 t=100
		`, `
			serve web / d=100 own=20 calls=80 t=100 entry
			serve shop Buy d=80 own=30 calls=50 t=100
			serve card Pay d=10 own=10 calls=0 t=100
			call web / > shop Buy client=80 server=-1 t=100
			call shop Buy > 10.0.0.8:80 Get client=30 server=-1 t=100 leaf
			call shop Buy > card Pay client=20 server=10 t=100
		`},
		"an INTERNAL span and a call": {`
			T.1 - S web  /   0-100
			T.2 T.1 C web  Buy 10-90 peer=shop
			T.3 T.2 I shop check 20-30
			T.4 T.2 C shop Get 30-60 peer=cart
		`, "", `
			serve web / d=100 own=20 calls=80 t=100 entry
			serve shop Buy d=80 own=50 calls=30 t=100
			call web / > shop Buy client=80 server=-1 t=100
			call shop Buy > cart Get client=30 server=-1 t=100 leaf
		`},
		"what it calls is served by its name, what it serves is called something else": {`
			T.1 - S web  /   0-100
			T.2 T.1 C web  Buy 10-90 peer=10.0.0.7:80
			T.3 T.2 C shop Get 30-60 peer=10.0.0.8:80
			T.4 T.3 S cart Get 35-55
		`, `
			serve web / d=100 own=20 calls=80 t=100 entry
			serve shop Get d=30 own=0 calls=30 t=100
			serve cart Get d=20 own=20 calls=0 t=100
			call web / > shop Get client=80 server=30 t=100
			call shop Get > cart Get client=30 server=20 t=100
		`, `
			serve web / d=100 own=20 calls=80 t=100 entry
			serve shop Buy d=80 own=50 calls=30 t=100
			serve cart Get d=20 own=20 calls=0 t=100
			call web / > shop Buy client=80 server=-1 t=100
			call shop Buy > cart Get client=30 server=20 t=100
		`},
		"everybody tells of calls only, below an attempt of a library": {`
			T.1 - C web  Buy   0-100 peer=shop
			T.2 T.1 C web  POST  5-95  peer=10.0.0.7:80
			T.3 T.2 C shop Get  30-60  peer=cart
			T.4 T.3 C cart Read 40-50  peer=db terminal
			T.5 T.2 C shop Pay  60-80  peer=card
		`, "", `
			serve shop Buy d=90 own=40 calls=50 t=100
			serve cart Get d=30 own=20 calls=10 t=100
			call web  > shop Buy client=100 server=-1 t=100
			call shop Buy > card Pay client=20 server=-1 t=100 leaf
			call shop Buy > cart Get client=30 server=-1 t=100
			call cart Get > db Read client=10 server=-1 t=100 leaf
		`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			then := strings.ReplaceAll(tt.trace, "T.", "255.")
			for n := range enoughCalls - 1 {
				want := tt.before
				if want == "" {
					want = tt.after // known by name, from the first on
				}
				assert.Equal(t, expect(want), after(t, n, tt.trace, then), "after %d", n)
			}
			assert.Equal(t, expect(tt.after), after(t, enoughCalls, tt.trace, then), "after %d", enoughCalls)
		})
	}
}

// What stands below a call may be a proxy on the way to who was called, or stand for who
// was called: then nothing changes however often it is seen.
func TestAssembler_spansThatPassACallOn(t *testing.T) {
	for name, trace := range map[string]string{
		"a proxy in front of who was called": `
			T.1 - S web   /   0-100
			T.2 T.1 C web   Get 10-90 peer=cart
			T.3 T.2 C mesh  out 20-80 peer=10.0.0.7:80
			T.4 T.3 S cart  Get 30-70
		`,
		"which calls somebody else first": `
			T.1 - S web   /   0-100
			T.2 T.1 C web   Get 10-90 peer=cart
			T.3 T.2 C mesh  may 15-20 peer=rules
			T.4 T.2 C mesh  out 20-80 peer=10.0.0.7:80
			T.5 T.4 S cart  Get 30-70
		`,
		"by the same name": `
			T.1 - S web   /   0-100
			T.2 T.1 C web   Get 10-90 peer=10.0.0.7:80
			T.3 T.2 C mesh  out 20-80 peer=10.0.0.7:80
			T.4 T.3 S cart  X   30-70
		`,
		"for the same operation": `
			T.1 - S web   /   0-100
			T.2 T.1 C web   Get 10-90 peer=10.0.0.7:80
			T.3 T.2 C mesh  out 20-80 peer=10.0.0.8:80
			T.4 T.3 S cart  Get 30-70
		`,
		"or of operations that say nothing": `
			T.1 - S web   /   0-100
			T.2 T.1 C web   Get 10-90 peer=10.0.0.7:80
			T.3 T.2 C mesh  out 20-80 peer=10.0.0.8:80
			T.4 T.3 S cart  X   30-70
		`,
		"and tries another when the first fails": `
			T.1 - S web   /   0-100
			T.2 T.1 C web   Get 10-90 peer=10.0.0.7:80
			T.3 T.2 C mesh  out 20-30 peer=10.0.0.8:80 error=503
			T.4 T.2 C mesh  out 40-80 peer=10.0.0.9:80
			T.5 T.4 S cart  X   50-70
		`,
		"a transport with a name of its own": `
			T.1 - S web      /   0-100
			T.2 T.1 C web      Get 10-90 peer=example.org
			T.3 T.2 C web-http Get 20-80 peer=example.org
		`,
		"a database with a name of its own": `
			T.1 - S web   /      0-100
			T.2 T.1 C web   query  10-90 peer=mysql terminal
			T.3 T.2 C mysql SELECT 20-80 peer=base terminal
		`,
		"below a library that names nobody": `
			T.1 - S web   /      0-100
			T.2 T.1 C web   query  10-90
			T.3 T.2 C mysql SELECT 20-80 peer=base terminal
			T.4 T.2 C mysql COMMIT 80-85 peer=base terminal
		`,
		"a SERVER of the wrong kind": `
			T.1 - S web   /   0-100
			T.2 T.1 C web   Get 10-90 peer=cart
			T.3 T.2 I cart  Get 20-80
			T.4 T.3 C cart  Sel 30-40 peer=db terminal
			T.5 T.2 C cart  log 85-88 peer=log
		`,
		"one that calls nobody": `
			T.1 - S web   /   0-100
			T.2 T.1 C web   Get 10-90 peer=cart
			T.3 T.2 I cart  Get 20-80
		`,
		"spans beside the one that serves": `
			T.1 - S web   /   0-100
			T.2 T.1 C web   Get 10-90 peer=cart
			T.3 T.2 S cart  Get 20-80
			T.4 T.2 C cart  log 85-88 peer=log
		`,
		"two services at once": `
			T.1 - S web   /   0-100
			T.2 T.1 C web   Get 10-90 peer=cart
			T.3 T.2 C cart  Sel 20-80 peer=db terminal
			T.4 T.2 C rest  log 85-88 peer=log
		`,
	} {
		t.Run(name, func(t *testing.T) {
			then := strings.ReplaceAll(trace, "T.", "255.")
			assert.Equal(t, after(t, 0, "", then), after(t, enoughCalls+2, trace, then))
		})
	}
}

// Once it is known, a service that tells of its calls only serves without any, too, until
// most of its requests have spans of their own.
func TestAssembler_servicesThatCallNobodyForOnce(t *testing.T) {
	const usual = `
		T.1 - S web  /   0-100
		T.2 T.1 C web  Buy 10-90 peer=10.0.0.7:80
		T.3 T.2 C shop Get 30-60 peer=cart terminal`
	const served = `
		T.1 - S web  /   0-100
		T.2 T.1 C web  Buy 10-90 peer=10.0.0.7:80
		T.3 T.2 S shop Buy 20-80
		T.4 T.3 C shop Get 30-60 peer=cart terminal`
	const without = `
		255.1 - S web  /   0-100
		255.2 255.1 C web  Buy 10-90 peer=10.0.0.7:80 error=500`
	hop := expect(`
		serve web / d=100 own=20 calls=80 t=100 entry
		serve shop Buy d=80 own=80 calls=0 t=100 error=500
		call web / > shop Buy client=80 server=-1 t=100 error=500`)
	known := asks(enoughCalls, usual)

	assert.Equal(t, hop, last(t, known, without))
	assert.Equal(t, expect(`
		serve web / d=100 own=20 calls=80 t=100 entry
		serve shop Buy d=60 own=30 calls=30 t=100
		call web / > shop Buy client=80 server=60 t=100
		call shop Buy > cart Get client=30 server=-1 t=100 leaf
	`), last(t, known, strings.ReplaceAll(served, "T.", "255.")), "one is instrumented")
	assert.Equal(t, hop, last(t, known+asks(enoughCalls, served), without), "half of them are")
	assert.NotContains(t, last(t, known+asks(enoughCalls+1, served), without), hop[1], "more are")
}

// The clock of the service is not that of its caller: the time of its calls is its own all the
// same, if there is room for them.
func TestAssembler_unservedByAnotherClock(t *testing.T) {
	for name, tt := range map[string]struct{ calls, want string }{
		"ahead":    {"40-70 95-105", "own=40 calls=40"},
		"behind":   {"0-30 40-50", "own=40 calls=40"},
		"far away": {"1000-1030 1040-1050", "own=40 calls=40"},
		"no room":  {"0-30 90-100", "own=60 calls=20"}, // of 10-90 by the clock of the caller
	} {
		t.Run(name, func(t *testing.T) {
			one, two, _ := strings.Cut(tt.calls, " ")
			trace := `
				T.1 - S web  /   0-100
				T.2 T.1 C web  Buy 10-90 peer=shop
				T.3 T.2 C shop Get ` + one + ` peer=cart
				T.4 T.2 C shop Pay ` + two + ` peer=card`
			assert.Contains(t, after(t, enoughCalls, trace, strings.ReplaceAll(trace, "T.", "255.")), "serve shop Buy d=80 "+tt.want+" t=100")
		})
	}
}

// The name of a call is that of the library, if there is one above the transport.
func TestAssembler_unservedBelowALibrary(t *testing.T) {
	const usual = `
		T.1 - S web  /   0-100
		T.2 T.1 C web  Buy  10-90 peer=shop
		T.5 T.2 I web  pool 11-89
		T.6 T.5 C web  POST 12-88 peer=10.0.0.7:80
		T.3 T.6 C shop Get 30-60 peer=cart terminal`
	assert.Equal(t, expect(`
		serve web / d=100 own=20 calls=80 t=100 entry
		serve shop Buy d=76 own=76 calls=0 t=100
		call web / > shop Buy client=80 server=-1 t=100
	`), after(t, enoughCalls, usual, `
		255.1 - S web  /   0-100
		255.2 255.1 C web  Buy  10-90 peer=shop
		255.5 255.2 I web  pool 11-89
		255.6 255.5 C web  POST 12-88 peer=10.0.0.7:80
	`))
}

// Behind one name there may be several services.
func TestAssembler_severalServicesThatTellOfTheirCallsOnly(t *testing.T) {
	const one = `
		T.1 - S web  /   0-100
		T.2 T.1 C web  Buy 10-90 peer=proxy
		T.3 T.2 C SVC Get 30-60 peer=cart terminal`
	shop, rent := strings.ReplaceAll(one, "SVC", "shop"), strings.ReplaceAll(one, "SVC", "rent")
	then := strings.ReplaceAll(rent, "T.", "255.")
	assert.Contains(t, after(t, enoughCalls, shop, then), "serve rent Buy d=80 own=50 calls=30 t=100")
	assert.Contains(t, after(t, enoughCalls, shop, then+`
		flush
		254.1 - S web  /   0-100
		254.2 254.1 C web  Buy 10-90 peer=proxy`), "call web / > proxy Buy client=80 server=-1 t=100 leaf", "nobody knows which")
}

// Where nobody says kinds, whoever is called serves, also if it calls nobody itself.
func TestAssembler_onlyInternalSpans(t *testing.T) {
	assert.Equal(t, expect(`
		serve web / d=100 own=20 calls=80 t=100 entry
		serve cart Get d=80 own=50 calls=30 t=100
		serve stock Sel d=30 own=30 calls=0 t=100
		call web / > cart Get client=-1 server=80 t=100
		call cart Get > stock Sel client=-1 server=30 t=100
	`), play(t, roomy, `
		1 - I web   /    0-100
		2 1 I web   work 5-95
		3 2 I cart  Get  10-90
		4 3 I cart  work 20-80
		5 4 I stock Sel  30-60
	`))
}

// What is known outlives a sweep of the numbers that it refers to, and costs nothing in
// the steady state.
func TestAssembler_unservedInTheSteadyState(t *testing.T) {
	var d discard
	a := New(roomy, &d)
	names := a.known.known.names
	service := func(name string) identity.Service { return identity.Service{Name: name} }
	spoken := []spoken{
		{ID: identity.Span{ID: identity.SpanID{1}}, Kind: Server, Operation: "/", End: 100, Service: service("web")},
		{ID: identity.Span{ID: identity.SpanID{2}}, Parent: identity.SpanID{1}, Kind: Client, Operation: "Buy", End: 90, Service: service("web"), Peer: service("shop")},
		{ID: identity.Span{ID: identity.SpanID{3}}, Parent: identity.SpanID{2}, Kind: Client, Operation: "Get", End: 80, Service: service("shop"), Peer: service("cart")},
	}
	spans := numbered(a, spoken)
	k := uint64(0)
	for range enoughCalls {
		k++
		pour(a, spans, k)
	}
	buy := identity.RPC{Service: service("shop"), Operation: "Buy"}
	no := names.RPCNo(buy)
	names.Sweep(func(m *identity.Marks) {
		a.Mark(m)
		a.known.known.Mark(m)
	})
	assert.Equal(t, buy, names.RPC(no))

	d, spans = discard{}, numbered(a, spoken)
	k++
	pour(a, spans, k)
	assert.Equal(t, discard{served: 2, calls: 2}, d, "web and shop serve")
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		k++
		pour(a, spans, k)
	}))
}
