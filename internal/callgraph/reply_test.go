package callgraph

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// asks is n traces of the same spans, in which "T" stands for the number of the trace.
func asks(n int, spans string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(spans, "T", fmt.Sprint(i+1)))
		b.WriteString("\nflush\n")
	}
	return b.String()
}

// Whoever publishes a message and does nothing until its consumer is done waits for the
// reply, from 64 such messages on: 10 for the broker to have it, 10 in the queue, and 30.
func TestAssembler_replies(t *testing.T) {
	const spans = `
		T.1 - S web  /      0-100
		T.2 T.1 P web  mails 20-30 peer=mq terminal
		T.3 T.2 R mail Send 40-70
		T.4 T.3 C mail EHLO 50-60 peer=smtp`
	const (
		broker  = "call web / > mq mails client=10 server=-1 t=100 leaf"
		forgets = "serve web / d=100 own=90 calls=10 t=100 entry"
		waits   = "serve web / d=100 own=50 calls=50 t=100 entry"
		message = "call web / > mail Send client=10 server=30 t=70 async queue=10"
		reply   = "call web / > mail Send client=40 server=30 t=100"
	)
	count := func(lines []string, line string) (n int) {
		for _, l := range lines {
			if l == line {
				n++
			}
		}
		return n
	}
	out := play(t, roomy, asks(enoughMessages+2, spans))
	assert.Equal(t, enoughMessages-1, count(out, forgets))
	assert.Equal(t, 3, count(out, waits))
	assert.Equal(t, enoughMessages-1, count(out, message))
	assert.Equal(t, 3, count(out, reply))
	assert.Equal(t, enoughMessages+2, count(out, broker))
	assert.Equal(t, 3, count(out, "serve mail Send d=30 own=20 calls=10 t=100 async"), "of the window of who waits")
	assert.Equal(t, 3, count(out, "call mail Send > smtp EHLO client=10 server=-1 t=100 leaf"))

	for name, other := range map[string]string{
		"the consumer outlives the request":        strings.Replace(spans, "40-70", "40-110", 1),
		"the request calls somebody meanwhile":     spans + "\nT.5 T.1 C web get 45-50 peer=db",
		"the consumer was at it before, by clocks": strings.Replace(spans, "40-70", "10-40", 1),
	} {
		t.Run(name, func(t *testing.T) {
			out := play(t, roomy, asks(enoughMessages+2, other))
			assert.False(t, slices.ContainsFunc(out, func(l string) bool {
				return strings.HasPrefix(l, "call web / > mail") && !strings.Contains(l, "async")
			}))
		})
	}
}
