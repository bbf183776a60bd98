package callgraph

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// No span has a parent: what they are part of is told by their times.
func TestAssembler_unfoldsWhatHasNoParents(t *testing.T) {
	tests := map[string]struct{ told, untold string }{
		"a chain with a store": {`
			1 - S web  /   0-100
			2 1 C web  Get 10-90 peer=cart
			3 2 S cart Get 20-70
			4 3 C cart Sel 30-40 peer=db terminal
		`, `
			4 - C cart Sel 30-40 peer=db terminal
			3 - S cart Get 20-70
			2 - C web  Get 10-90 peer=cart
			1 - S web  /   0-100
		`},
		"calls at once have an answer each": {`
			1 - S web  /   0-100
			2 1 C web  Get 10-90 peer=cart
			3 1 C web  Get 12-60 peer=cart
			4 3 S cart Get 20-50
			5 2 S cart Get 21-55
		`, `
			1 - S web  /   0-100
			2 - C web  Get 10-90 peer=cart
			3 - C web  Get 12-60 peer=cart
			4 - S cart Get 20-50
			5 - S cart Get 21-55
		`},
		"who is called by another name is part of nothing known": {`
			1 - S web  /   0-100
			2 1 C web  Get 10-90 peer=vip
			3 ? S cart Get 20-95
		`, `
			1 - S web  /   0-100
			2 - C web  Get 10-90 peer=vip
			3 - S cart Get 20-95
		`},
		"the same instant": {`
			1 - S web  /   0-10
			2 1 C web  Get 0-10 peer=cart
			3 2 S cart Get 0-10
		`, `
			1 - S web  /   0-10
			2 - C web  Get 0-10 peer=cart
			3 - S cart Get 0-10
		`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, noCounts(play(t, roomy, tt.told)), noCounts(play(t, roomy, tt.untold)))
		})
	}
}
