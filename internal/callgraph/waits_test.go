package callgraph

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// A request and its call wait whichever of the two spans says so, and what is between
// passes it on.
func TestAssembler_waits(t *testing.T) {
	tests := map[string]struct{ in, out string }{
		"the caller alone says so": {`
			1 - S web /      0-100
			2 1 C web Get    5-20 stream
			3 2 S cart Get   6-19
		`, `
			serve web / d=100 own=85 calls=15 t=100 entry
			serve cart Get d=13 own=13 calls=0 t=100 stream
			call web / > cart Get client=15 server=13 t=100 stream
		`},
		"the callee alone says so, below a proxy that says nothing": {`
			1 - S proxy /    0-100
			2 1 C proxy Get  5-95
			3 2 S feed Get   6-94 stream
			4 1 C proxy Auth 1-4
			5 4 S auth Auth  2-3
		`, `
			serve proxy / d=100 own=7 calls=93 t=100 entry stream
			serve feed Get d=88 own=88 calls=0 t=100 stream
			serve auth Auth d=1 own=1 calls=0 t=100
			call proxy / > feed Get client=90 server=88 t=100 stream
			call proxy / > auth Auth client=3 server=1 t=100
		`},
		"two proxies": {`
			1 - S edge /     0-100
			2 1 C edge Get   2-98
			3 2 S proxy Get  3-97
			4 3 C proxy Get  5-95
			5 4 S feed Get   6-94 stream
		`, `
			serve edge / d=100 own=4 calls=96 t=100 entry stream
			serve proxy Get d=94 own=4 calls=90 t=100 stream
			serve feed Get d=88 own=88 calls=0 t=100 stream
			call edge / > proxy Get client=96 server=94 t=100 stream
			call proxy Get > feed Get client=90 server=88 t=100 stream
		`},
		"a request that is mostly work is not a wait": {`
			1 - S web /      0-100
			2 1 C web Get    5-54
			3 2 S feed Get   6-50 stream
		`, `
			serve web / d=100 own=51 calls=49 t=100 entry
			serve feed Get d=44 own=44 calls=0 t=100 stream
			call web / > feed Get client=49 server=44 t=100 stream
		`},
		"to wait for a dependency that nobody's span answers may be the work": {`
			1 - S web /      0-100
			2 1 C web Get    5-95 stream peer=llm
		`, `
			serve web / d=100 own=10 calls=90 t=100 entry
			call web / > llm Get client=90 server=-1 t=100 leaf stream
		`},
		"who sends a message does not wait": {`
			1 - S web /      0-100
			2 1 P web send   5-95
			3 2 R mail take  6-94 stream
		`, `
			serve web / d=100 own=10 calls=90 t=100 entry
			serve mail take d=88 own=88 calls=0 t=94 async stream
			call web / > mail take client=90 server=88 t=94 async queue=0 stream
			count clock_skew 1
		`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { assert.Equal(t, expect(tt.out), play(t, roomy, tt.in)) })
	}
}
