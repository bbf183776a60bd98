package callgraph

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Callees without client spans whose clocks are ahead or behind take their time out of
// the request all the same; what runs on after the request, by a clock that overlaps with
// it, does not.
func TestAssembler_calleesOfOtherClocks(t *testing.T) {
	tests := map[string]struct{ in, out string }{
		"ahead": {`
			1 - S web /    0-100
			2 1 S cart Get 1000-1060
		`, `
			serve web / d=100 own=40 calls=60 t=100 entry
			serve cart Get d=60 own=60 calls=0 t=100
			call web / > cart Get client=-1 server=60 t=100
		`},
		"behind": {`
			1 - S web /    1000-1100
			2 1 S cart Get 900-960
		`, `
			serve web / d=100 own=40 calls=60 t=1100 entry
			serve cart Get d=60 own=60 calls=0 t=1100
			call web / > cart Get client=-1 server=60 t=1100
		`},
		"longer than the request": {`
			1 - S web /    0-100
			2 1 S cart Get 1000-1500
		`, `
			serve web / d=100 own=0 calls=100 t=100 entry
			serve cart Get d=500 own=500 calls=0 t=100
			call web / > cart Get client=-1 server=500 t=100
		`},
		"runs on": {`
			1 - S web /    0-100
			2 1 S cart Get 90-150
		`, `
			serve web / d=100 own=90 calls=10 t=100 entry
			serve cart Get d=60 own=60 calls=0 t=100
			call web / > cart Get client=-1 server=60 t=100
		`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { assert.Equal(t, expect(tt.out), play(t, roomy, tt.in)) })
	}
}
