package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/window"
)

// Replies of back are waited for, to messages of mid that wait for 3 s: in a queue, whoever is slow. A
// consumer without CPU is why, however long they wait.
func TestDiagnose_messagesWait(t *testing.T) {
	for name, c := range map[string]struct {
		message   bool
		used      float64
		want      string
		mechanism Mechanism
	}{
		"calls":                     {false, 0.4, "edge back", Network},
		"messages":                  {true, 0.4, "edge back", QueueWait},
		"a consumer that lacks CPU": {true, 0.99, "service back", CPU},
	} {
		in, rec := incident(chain(), func(w *world) {
			w.network[edge("mid", "back")] = 3
			if w.metric[cpu("back")] = c.used; c.used > 0.9 {
				w.own[op("back")] *= 2.5
			}
		})
		in.Snapshot.RPCs = []window.RPC{{Key: op("back"), Count: 400, Async: c.message}, {Key: op("front"), Count: 400}}
		v := diagnose(in, Config{}.withDefaults(), rec, nil)
		require.NotEmpty(t, v.Culprits, name)
		assert.Equal(t, c.want, kindsOf(v)[0], name)
		assert.Equal(t, c.mechanism, v.Culprits[0].Mechanism, name)
		if c.used > 0.9 {
			assert.Len(t, v.Culprits, 1, name)
		}
		sound(t, v)
	}
}
