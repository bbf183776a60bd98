package callgraph

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Service shop sends nothing and passes the context on: who serves its calls stands right below
// the CLIENT spans of who calls it. From enoughCalls calls on, what it does is its own.
func TestAssembler_hopsThatPassTheContextOn(t *testing.T) {
	for name, tt := range map[string]struct{ trace, before, after string }{
		"it serves something else": {`
			T.1 - S web  /    0-100
			T.2 T.1 C web  /buy 10-90 peer=shop
			T.3 T.2 S cart /add 30-60
		`, `
			serve web / d=100 own=20 calls=80 t=100 entry
			serve cart /add d=30 own=30 calls=0 t=100
			call web / > cart /add client=80 server=30 t=100
		`, `
			serve web / d=100 own=20 calls=80 t=100 entry
			serve shop /buy d=80 own=50 calls=30 t=100
			serve cart /add d=30 own=30 calls=0 t=100
			call web / > shop /buy client=80 server=-1 t=100
			call shop /buy > cart /add client=-1 server=30 t=100
		`},
		"two services answer one call, below an attempt of a library": {`
			T.1 - S web  /    0-100
			T.2 T.1 C web  buy  5-95 peer=shop
			T.3 T.2 C web  POST 10-90 peer=shop
			T.4 T.3 S cart add  30-50
			T.5 T.3 S card pay  60-80
		`, `
			serve web / d=100 own=10 calls=90 t=100 entry
			serve cart add d=20 own=20 calls=0 t=100
			serve card pay d=20 own=20 calls=0 t=100
			call web / > cart add client=90 server=20 t=100
			call web / > card pay client=-1 server=20 t=100
		`, `
			serve web / d=100 own=10 calls=90 t=100 entry
			serve shop buy d=80 own=40 calls=40 t=100
			serve cart add d=20 own=20 calls=0 t=100
			serve card pay d=20 own=20 calls=0 t=100
			call web / > shop buy client=90 server=-1 t=100
			call shop buy > cart add client=-1 server=20 t=100
			call shop buy > card pay client=-1 server=20 t=100
		`},
	} {
		t.Run(name, func(t *testing.T) {
			then := strings.ReplaceAll(tt.trace, "T.", "255.")
			for n := range enoughCalls - 1 {
				assert.Equal(t, expect(tt.before), after(t, n, tt.trace, then), "after %d", n)
			}
			assert.Equal(t, expect(tt.after), after(t, enoughCalls, tt.trace, then), "after %d", enoughCalls)
		})
	}
}

// A name by which a service is reached is none of a hop, however often it is called by it.
func TestAssembler_namesOfServices(t *testing.T) {
	for name, trace := range map[string]string{
		"a load balancer": `
			T.1 - S web  /    0-100
			T.2 T.1 C web  /add 10-90 peer=edge
			T.3 T.2 S cart /add 30-60
		`,
		"the same, of which the caller does not say what for": `
			T.1 - S web  /    0-100
			T.2 T.1 C web  GET  10-90 peer=edge
			T.3 T.2 S cart /add 30-60
		`,
		"the sidecar of the caller": `
			T.1 - S web  /    0-100
			T.2 T.1 C web  /buy 10-90 peer=localhost
			T.3 T.2 S cart /add 30-60
		`,
		"a database that sends spans": `
			T.1 - S web  /    0-100
			T.2 T.1 C web  /buy 10-90 peer=shop terminal
			T.3 T.2 S cart /add 30-60
		`,
		"a service that has sent requests": `
			T.9 - S shop /    0-1
			T.1 - S web  /    0-100
			T.2 T.1 C web  /buy 10-90 peer=shop
			T.3 T.2 S cart /add 30-60
		`,
	} {
		then := strings.ReplaceAll(trace, "T.", "255.")
		assert.Equal(t, after(t, 0, trace, then), after(t, 3*enoughCalls, trace, then), name)
	}
}

// A hop that answers a call itself this time is a service with one request more, and one that
// begins to send spans is no hop any longer.
func TestAssembler_hopsThatCallNobodyThisTime(t *testing.T) {
	hop := `
		T.1 - S web  /    0-100
		T.2 T.1 C web  /buy 10-90 peer=shop
		T.3 T.2 S cart /add 30-60
	`
	assert.Equal(t, expect(`
		serve web / d=100 own=20 calls=80 t=100 entry
		serve shop /buy d=80 own=80 calls=0 t=100
		call web / > shop /buy client=80 server=-1 t=100
	`), after(t, enoughCalls, hop, `
		255.1 - S web  /    0-100
		255.2 255.1 C web  /buy 10-90 peer=shop
	`))
	assert.Equal(t, expect(`
		serve web / d=100 own=20 calls=80 t=100 entry
		serve shop /buy d=60 own=60 calls=0 t=100
		call web / > shop /buy client=80 server=60 t=100
	`), after(t, enoughCalls, hop, `
		255.1 - S web  /    0-100
		255.2 255.1 C web  /buy 10-90 peer=shop
		255.3 255.2 S shop /buy 20-80
	`))
}
