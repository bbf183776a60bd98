package callgraph

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// How many other calls of the request, which is 1, began before each direct call.
func TestSurround_ahead(t *testing.T) {
	for name, c := range map[string]struct {
		spans string
		want  map[string]int32
	}{
		"alone": {`
			1 - S web / 100-200
			2 1 S a op 110-150
		`, map[string]int32{"a": 0}},
		"one after the other, in any order of spans": {`
			1 - S web / 100-200
			4 1 S c op 165-190
			2 1 S a op 110-120
			3 1 S b op 150-160
		`, map[string]int32{"a": 0, "b": 1, "c": 2}},
		"two at once": {`
			1 - S web / 100-200
			2 1 S a op 110-120
			3 1 S b op 110-160
			4 1 S c op 170-190
		`, map[string]int32{"a": 0, "b": 0, "c": 2}},
		"behind a query, of which there is a CLIENT span": {`
			1 - S web / 100-200
			2 1 C web q 105-109 peer=db terminal
			3 1 S a op 110-120
		`, map[string]int32{"a": 1}},
		"of another clock, outside of the request": {`
			1 - S web / 100-200
			2 1 S a op 310-320
			3 1 S b op 150-160
		`, map[string]int32{"a": 0, "b": 0}},
	} {
		t.Run(name, func(t *testing.T) {
			var r recorder
			a := New(roomy, &r)
			for line := range strings.Lines(c.spans) {
				if f := strings.Fields(line); len(f) > 0 {
					add(a, parse(t, f))
				}
			}
			a.Flush()
			got := map[string]int32{}
			for i := range r.calls {
				if x := &r.calls[i]; x.Client < 0 {
					got[x.Edge.Callee.Service.Name] = x.Ahead
				} else {
					assert.Zero(t, x.Ahead)
				}
			}
			assert.Equal(t, c.want, got)
		})
	}
}
