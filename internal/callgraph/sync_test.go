package callgraph

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
)

func TestAssembler_requestsAndCalls(t *testing.T) {
	tests := map[string]struct{ in, out string }{
		// web |----------------------| 0-100
		//        |------------|        10-60   client
		//          |--------|          20-50   cart
		"a call is a client span and the server span below it": {`
			1 - S web  /    0-100
			2 1 C web  Get 10-60
			3 2 S cart Get 20-50
		`, `
			serve web / d=100 own=50 calls=50 t=100 entry
			serve cart Get d=30 own=30 calls=0 t=100
			call web / > cart Get client=50 server=30 t=100
		`},
		"the serving RPC is found through internal spans": {`
			1 - S web  /    0-100
			2 1 I web  work 5-90
			3 2 I web  more 8-80
			4 3 C web  Get 10-60
			5 4 S cart Get 20-50
		`, `
			serve web / d=100 own=50 calls=50 t=100 entry
			serve cart Get d=30 own=30 calls=0 t=100
			call web / > cart Get client=50 server=30 t=100
		`},
		"a client library above an instrumented transport is one call": {`
			1 - S web  /     0-100
			2 1 C web  Get  10-60
			3 2 I web  lb   11-59
			4 3 C web  POST 12-58
			5 4 S cart Get  20-50
		`, `
			serve web / d=100 own=50 calls=50 t=100 entry
			serve cart Get d=30 own=30 calls=0 t=100
			call web / > cart Get client=50 server=30 t=100
		`},
		"each retry is a call": {`
			1 - S web  /     0-100
			2 1 C web  Get  10-30 error=timeout
			3 2 S cart Get  15-90
			4 1 C web  Get  40-60
			5 4 S cart Get  45-55
		`, `
			serve web / d=100 own=60 calls=40 t=100 entry
			serve cart Get d=75 own=75 calls=0 t=100
			serve cart Get d=10 own=10 calls=0 t=100
			call web / > cart Get client=20 server=75 t=100 error=timeout again=10
			call web / > cart Get client=20 server=10 t=100
		`},
		"attempts below one logical call: the first answers, the second has no client span": {`
			1 - S web  /     0-100
			2 1 C web  Get  10-60
			3 2 C web  try  10-20
			4 2 C web  try  30-60
			5 4 S cart Get  35-55
			6 3 S cart Get  12-18
		`, `
			serve web / d=100 own=50 calls=50 t=100 entry
			serve cart Get d=6 own=6 calls=0 t=100
			serve cart Get d=20 own=20 calls=0 t=100
			call web / > cart Get client=50 server=6 t=100
			call web / > cart Get client=-1 server=20 t=100
		`},
		"a chain shares the end of the topmost request": {`
			1 - S web  /   100-200
			2 1 C web  Get 110-190
			3 2 S cart Get 1120-1180
			4 3 C cart Sel 1130-1170
			5 4 S base Sel 40-60
		`, `
			serve web / d=100 own=20 calls=80 t=200 entry
			serve cart Get d=60 own=20 calls=40 t=200
			serve base Sel d=20 own=20 calls=0 t=200
			call web / > cart Get client=80 server=60 t=200
			call cart Get > base Sel client=40 server=20 t=200
		`},
		"a caller without client spans: its time is the callee's, the network is unknown": {`
			1 - S web  /    0-100
			2 1 I web  work 5-90
			3 2 S cart Get 20-50
			4 1 S base Sel 40-60
		`, `
			serve web / d=100 own=60 calls=50 t=100 entry
			serve cart Get d=30 own=30 calls=0 t=100
			serve base Sel d=20 own=20 calls=0 t=100
			call web / > cart Get client=-1 server=30 t=100
			call web / > base Sel client=-1 server=20 t=100
		`},
		"a service that calls itself": {`
			1 - S web /     0-100
			2 1 C web /in  10-60
			3 2 S web /in  20-50
		`, `
			serve web / d=100 own=50 calls=50 t=100 entry
			serve web /in d=30 own=30 calls=0 t=100
			call web / > web /in client=50 server=30 t=100
		`},
		"a request instrumented twice does not call itself": {`
			1 - S web  /    0-100
			2 1 S web  /    5-95
			3 2 C web  Get 10-60
			4 3 S cart Get 20-50
		`, `
			serve web / d=100 own=10 calls=90 t=100 entry
			serve web / d=90 own=40 calls=50 t=100
			serve cart Get d=30 own=30 calls=0 t=100
			call web / > cart Get client=50 server=30 t=100
		`},
		"an internal root serves, a client root calls outside of any request": {`
			1 - I cron tick   0-100
			2 1 C cron Get   10-60
			3 2 S cart Get   20-50
			2.1 - C boot Get  0-70
			2.2 1 C boot POST 5-60
			2.3 2 S cart Get 20-50
		`, `
			serve cron tick d=100 own=50 calls=50 t=100 entry
			serve cart Get d=30 own=30 calls=0 t=100
			serve cart Get d=30 own=30 calls=0 t=70
			call cron tick > cart Get client=50 server=30 t=100
			call boot  > cart Get client=70 server=30 t=70
		`},
		"an internal span below another service's client is a server of the wrong kind": {`
			1 - S web  /    0-100
			2 1 C web  Get 10-60
			3 2 I cart Get 20-50
		`, `
			serve web / d=100 own=50 calls=50 t=100 entry
			serve cart Get d=30 own=30 calls=0 t=100
			call web / > cart Get client=50 server=30 t=100
		`},
		"errors, streams and weights: the caller's on calls, one's own on requests": {`
			1 - S web  /    0-100 w=4
			2 1 C web  Get 10-60 w=4 error=503
			3 2 S cart Get 20-50 w=8 error=timeout stream
		`, `
			serve web / d=100 own=50 calls=50 t=100 entry w=4
			serve cart Get d=30 own=30 calls=0 t=100 stream error=timeout w=8
			call web / > cart Get client=50 server=30 t=100 stream error=503 w=4
		`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { assert.Equal(t, expect(tt.out), play(t, roomy, tt.in)) })
	}
}

func TestAssembler_dependenciesWithoutServerSpans(t *testing.T) {
	tests := map[string]struct{ in, out string }{
		// As Jaeger's HotROD does for mysql and redis.
		"client spans of a service of their own": {`
			1 - S customer /customer  0-100
			2 1 C mysql    SELECT    10-60
			3 1 C mysql    SELECT    70-80 error=gone
		`, `
			serve customer /customer d=100 own=40 calls=60 t=100 entry
			call customer /customer > mysql SELECT client=50 server=-1 t=100 leaf
			call customer /customer > mysql SELECT client=10 server=-1 t=100 leaf error=gone
		`},
		"an internal span of another service that calls nobody": {`
			1 - S web   /     0-100
			2 1 I redis Get  10-60
			3 2 I redis read 20-30
		`, `
			serve web / d=100 own=50 calls=50 t=100 entry
			call web / > redis Get client=50 server=-1 t=100 leaf
		`},
		"an internal span of another service that calls on is a request": {`
			1 - S web   /    0-100
			2 1 I proxy fwd 10-60
			3 2 C proxy Get 20-50
			4 3 S cart  Get 25-45
		`, `
			serve web / d=100 own=50 calls=50 t=100 entry
			serve proxy fwd d=50 own=20 calls=30 t=100
			serve cart Get d=20 own=20 calls=0 t=100
			call web / > proxy fwd client=-1 server=50 t=100
			call proxy fwd > cart Get client=30 server=20 t=100
		`},
		"even if it calls what emits no spans": {`
			1 - S web   /    0-100
			2 1 I proxy fwd 10-60
			3 2 I proxy try 15-55
			4 3 C proxy Get 20-50 peer=db
		`, `
			serve web / d=100 own=50 calls=50 t=100 entry
			serve proxy fwd d=50 own=20 calls=30 t=100
			call web / > proxy fwd client=-1 server=50 t=100
			call proxy fwd > db Get client=30 server=-1 t=100 leaf
		`},
		"so is a client span, which is its own one call": {`
			1 - S web   /    0-100
			2 1 C proxy fwd 10-60
			3 2 S cart  Get 25-45
		`, `
			serve web / d=100 own=50 calls=50 t=100 entry
			serve proxy fwd d=50 own=0 calls=50 t=100
			serve cart Get d=20 own=20 calls=0 t=100
			call web / > proxy fwd client=-1 server=50 t=100
			call proxy fwd > cart Get client=50 server=20 t=100
		`},
		"a client span below another service's client says who was called": {`
			1 - S web   /     0-100
			2 1 C web   query 10-60
			3 2 C mysql SELECT 20-50
			4 2 C mysql COMMIT 52-55
		`, `
			serve web / d=100 own=50 calls=50 t=100 entry
			call web / > mysql SELECT client=50 server=-1 t=100 leaf
			call web / > mysql COMMIT client=3 server=-1 t=100 leaf
		`},
		"peer attributes name a leaf": {`
			1 - S web /    0-100
			2 1 C web SET 10-60 peer=redis
			3 1 C web GET 70-80
		`, `
			serve web / d=100 own=40 calls=60 t=100 entry
			call web / > redis SET client=50 server=-1 t=100 leaf
			count unmatched_client 1
		`},
		"a client library above a transport is one leaf too": {`
			1 - S web /     0-100
			2 1 C web SET  10-60 peer=redis
			3 2 C web send 20-50 peer=10.0.0.7
		`, `
			serve web / d=100 own=50 calls=50 t=100 entry
			call web / > redis SET client=50 server=-1 t=100 leaf
		`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { assert.Equal(t, expect(tt.out), play(t, roomy, tt.in)) })
	}
}

// Server spans get lost: sampled away, late, refused. A service that is known to
// emit some never becomes an uninstrumented dependency.
func TestAssembler_lostServersAreNoLeaves(t *testing.T) {
	tests := map[string]struct{ in, out string }{
		"the peer is a service that emits server spans": {`
			1 - S web  /    0-100
			2 1 C web  Get 10-60 peer=cart
			3.1 - S cart Get 0-10
		`, `
			serve web / d=100 own=50 calls=50 t=100 entry
			serve cart Get d=10 own=10 calls=0 t=10 entry
			count unmatched_client 1
		`},
		"the peer is a host name that begins with such a service": {`
			1 - S web  /    0-100
			2 1 C web  Get 10-60 peer=cart.shop.svc.cluster.local:8080
			3 1 C web  Get 70-80 peer=cartridge.shop
			3.1 - S cart Get 0-10
		`, `
			serve web / d=100 own=40 calls=60 t=100 entry
			serve cart Get d=10 own=10 calls=0 t=10 entry
			call web / > cartridge.shop Get client=10 server=-1 t=100 leaf
			count unmatched_client 1
		`},
		"the peer is an address, and calls of this name have been answered before": {`
			1 - S web  /    0-100
			2 1 C web  Get 10-60 peer=127.0.0.1
			3 2 S cart Get 20-50
			advance 100
			2.1 - S web  /   100-200
			2.2 1 C web  Get 110-160 peer=127.0.0.1
			2.3 1 C web  SET 170-180 peer=127.0.0.1
		`, `
			serve web / d=100 own=50 calls=50 t=100 entry
			serve cart Get d=30 own=30 calls=0 t=100
			call web / > cart Get client=50 server=30 t=100
			serve web / d=100 own=40 calls=60 t=200 entry
			call web / > 127.0.0.1 SET client=10 server=-1 t=200 leaf
			count unmatched_client 1
		`},
		// A service that is down emits no spans. Were its failed calls dropped, the
		// edge would fall silent just when it matters.
		"a failed call belongs to whoever used to answer": {`
			1 - S web  /    0-100
			2 1 C web  Get 10-60 peer=cart
			3 2 S cart Get 20-50
			advance 100
			2.1 - S web  /   100-200
			2.2 1 C web  Get 110-111 peer=cart error=refused
		`, `
			serve web / d=100 own=50 calls=50 t=100 entry
			serve cart Get d=30 own=30 calls=0 t=100
			call web / > cart Get client=50 server=30 t=100
			serve web / d=100 own=99 calls=1 t=200 entry
			call web / > cart Get client=1 server=-1 t=200 error=refused
			count unmatched_client 1
		`},
		"but to nobody where several did": {`
			1 - S web  /    0-100
			2 1 C web  Get 10-60 peer=gateway
			3 2 S cart Get 20-50
			4 1 C web  Get 70-90 peer=gateway
			5 4 S shop Get 75-80
			advance 100
			2.1 - S web  /   100-200
			2.2 1 C web  Get 110-111 peer=gateway error=refused
		`, `
			serve web / d=100 own=30 calls=70 t=100 entry
			serve cart Get d=30 own=30 calls=0 t=100
			serve shop Get d=5 own=5 calls=0 t=100
			call web / > cart Get client=50 server=30 t=100
			call web / > shop Get client=20 server=5 t=100
			serve web / d=100 own=99 calls=1 t=200 entry
			count unmatched_client 1
		`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { assert.Equal(t, expect(tt.out), play(t, roomy, tt.in)) })
	}
}

func TestAssembler_whatIsKnownIsForgotten(t *testing.T) {
	cfg := roomy
	cfg.Known = NewKnown(identity.NewNames(), 10, 1000)
	got := play(t, cfg, `
		1.1 - S cart Get    0-10
		2.1 - C boot Get 1000-1009 peer=cart
		3.1 - C boot Get 1000-1010 peer=cart
	`)
	assert.Equal(t, expect(`
		serve cart Get d=10 own=10 calls=0 t=10 entry
		call boot  > cart Get client=10 server=-1 t=1010 leaf
		count unmatched_client 1
	`), got)
}

// request 0-100; the outbound calls as drawn.
func TestAssembler_exclusiveTime(t *testing.T) {
	tests := map[string]struct{ calls, out string }{
		"none":                     {``, "own=100 calls=0"},
		"one after the other":      {"2 1 C web a 10-30 peer=x\n 3 1 C web b 40-70 peer=x", "own=50 calls=50"},
		"back to back":             {"2 1 C web a 10-30 peer=x\n 3 1 C web b 30-70 peer=x", "own=40 calls=60"},
		"overlapping":              {"2 1 C web a 10-50 peer=x\n 3 1 C web b 30-70 peer=x", "own=40 calls=80"},
		"one within the other":     {"2 1 C web a 10-70 peer=x\n 3 1 C web b 20-30 peer=x", "own=40 calls=70"},
		"beyond both ends":         {"2 1 C web a 90-150 peer=x\n 3 1 C web b 0-10 peer=x", "own=80 calls=20"},
		"after the end":            {"2 1 C web a 120-150 peer=x", "own=100 calls=0"},
		"all the time":             {"2 1 C web a 0-100 peer=x", "own=0 calls=100"},
		"of no length":             {"2 1 C web a 50-50 peer=x", "own=100 calls=0"},
		"nobody knows whose":       {"2 1 C web a 10-30", "own=80 calls=20"},
		"streams count":            {"2 1 C web a 10-30 peer=x stream", "own=80 calls=20"},
		"producers too":            {"2 1 P web a 10-30 peer=x", "own=80 calls=20"},
		"nested clients once":      {"2 1 C web a 10-50 peer=x\n 3 2 C web b 20-40 peer=x", "own=60 calls=40"},
		"a callee by its own time": {"2 1 S sub a 90-150", "own=90 calls=10"},
		"not of messages":          {"2 1 R sub a 10-30", "own=100 calls=0"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := play(t, roomy, "1 - S web / 0-100\n"+tt.calls)
			assert.Contains(t, got, "serve web / d=100 "+tt.out+" t=100 entry")
		})
	}
}
