package callgraph

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// A request of shop calls cart again where it failed; what it waits in between is told
// with the first of the calls.
func TestAgain(t *testing.T) {
	const served = `
		1 - S shop buy 0-1000
	`
	tests := map[string]struct{ spans, want string }{
		"twice, once more each time": {
			`
			2 1 C shop get 0-100 peer=db error=down
			3 1 C shop get 150-250 peer=db error=down
			4 1 C shop get 350-400 peer=db
			`, `
			serve shop buy d=1000 own=750 calls=250 t=1000 entry
			call shop buy > db get client=100 server=-1 t=1000 leaf error=down again=150
			call shop buy > db get client=100 server=-1 t=1000 leaf error=down
			call shop buy > db get client=50 server=-1 t=1000 leaf
			`,
		},
		"what was answered is no reason to call again": {
			`
			2 1 C shop get 0-100 peer=db
			3 1 C shop get 150-250 peer=db
			`, `
			serve shop buy d=1000 own=800 calls=200 t=1000 entry
			call shop buy > db get client=100 server=-1 t=1000 leaf
			call shop buy > db get client=100 server=-1 t=1000 leaf
			`,
		},
		"calls that overlap are not one after the other": {
			`
			2 1 C shop get 0-100 peer=db error=down
			3 1 C shop get 150-250 peer=db
			4 1 C shop get 200-300 peer=db
			`, `
			serve shop buy d=1000 own=750 calls=250 t=1000 entry
			call shop buy > db get client=100 server=-1 t=1000 leaf error=down
			call shop buy > db get client=100 server=-1 t=1000 leaf
			call shop buy > db get client=100 server=-1 t=1000 leaf
			`,
		},
		"calls to others meanwhile": {
			`
			2 1 C shop get 0-100 peer=db error=down
			3 1 C shop ask 0-500 peer=cache
			4 1 C shop get 150-250 peer=db
			`, `
			serve shop buy d=1000 own=500 calls=700 t=1000 entry
			call shop buy > db get client=100 server=-1 t=1000 leaf error=down again=50
			call shop buy > cache ask client=500 server=-1 t=1000 leaf
			call shop buy > db get client=100 server=-1 t=1000 leaf
			`,
		},
		// The client says POST, the service POST/cart: nobody answered the second call.
		"known by the name that the caller has for it": {
			`
			2 1 C shop POST 0-100 peer=cart
			3 2 S cart POST/cart 10-90
			4 1 C shop POST 150-250 peer=cart error=down
			5 1 C shop POST 270-370 peer=cart
			6 5 S cart POST/cart 280-360
			`, `
			serve shop buy d=1000 own=700 calls=300 t=1000 entry
			serve cart POST/cart d=80 own=80 calls=0 t=1000
			serve cart POST/cart d=80 own=80 calls=0 t=1000
			call shop buy > cart POST/cart client=100 server=80 t=1000 again=20
			call shop buy > cart POST/cart client=100 server=-1 t=1000 error=down
			call shop buy > cart POST/cart client=100 server=80 t=1000
			count unmatched_client 1
			`,
		},
	}
	// Some instrumentations put an attempt below the one before.
	tests["an attempt below another"] = struct{ spans, want string }{
		`
		2 1 C shop get 0-100 peer=db error=down
		3 2 C shop get 150-250 peer=db
		`, `
		serve shop buy d=1000 own=800 calls=200 t=1000 entry
		call shop buy > db get client=100 server=-1 t=1000 leaf error=down again=50
		call shop buy > db get client=100 server=-1 t=1000 leaf
		`,
	}
	tests["a transport below a library"] = struct{ spans, want string }{
		`
		2 1 C shop get 0-100 peer=db
		3 2 C shop get 10-90 peer=db
		`, `
		serve shop buy d=1000 own=900 calls=100 t=1000 entry
		call shop buy > db get client=100 server=-1 t=1000 leaf
		`,
	}
	tests["an attempt below another, of a database with a service name of its own"] = struct{ spans, want string }{
		`
		2 1 C db get 0-100 peer=10.0.0.1 error=down
		3 2 C db get 150-250 peer=10.0.0.2
		`, `
		serve shop buy d=1000 own=800 calls=200 t=1000 entry
		call shop buy > db get client=100 server=-1 t=1000 leaf error=down again=50
		call shop buy > db get client=100 server=-1 t=1000 leaf
		`,
	}
	// By a clock of milliseconds what is quick takes no time.
	tests["a transport below a library, in no time"] = struct{ spans, want string }{
		`
		2 1 C shop get 50-50 peer=db
		3 2 C shop get 50-50 peer=db
		`, `
		serve shop buy d=1000 own=1000 calls=0 t=1000 entry
		call shop buy > db get client=0 server=-1 t=1000 leaf
		`,
	}
	// Each name is that of who answers to it.
	tests["known by two names"] = struct{ spans, want string }{
		`
		2 1 C shop GET 210-300 peer=cart
		3 2 S cart GET/cart 220-290
		4 1 C shop POST 310-400 peer=cart
		5 4 S cart POST/cart 320-390
		6 1 C shop POST 0-100 peer=cart error=down
		7 1 C shop GET 110-200 peer=cart error=down
		`, `
		serve shop buy d=1000 own=630 calls=370 t=1000 entry
		serve cart GET/cart d=70 own=70 calls=0 t=1000
		serve cart POST/cart d=70 own=70 calls=0 t=1000
		call shop buy > cart GET/cart client=90 server=-1 t=1000 error=down again=10
		call shop buy > cart GET/cart client=90 server=70 t=1000
		call shop buy > cart POST/cart client=100 server=-1 t=1000 error=down again=210
		call shop buy > cart POST/cart client=90 server=70 t=1000
		count unmatched_client 2
		`,
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, expect(tc.want), play(t, roomy, served+tc.spans))
		})
	}
}
