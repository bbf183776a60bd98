package callgraph

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Service proxy passes the context on and sends nothing: "?" is a parent that never comes.
func TestAssembler_uninstrumentedHop(t *testing.T) {
	tests := map[string]struct{ in, out string }{
		"a request within a call that nobody answers": {`
			1 - S web   /   0-100
			2 1 C web   GET 10-90 peer=proxy
			3 ? S cart  Get 20-70
			4 3 C cart  Sel 30-40 peer=db
		`, `
			serve web / d=100 own=20 calls=80 t=100 entry
			serve proxy GET d=80 own=30 calls=50 t=100
			serve cart Get d=50 own=40 calls=10 t=100
			call web / > proxy GET client=80 server=-1 t=100
			call proxy GET > cart Get client=-1 server=50 t=100
			call cart Get > db Sel client=10 server=-1 t=100 leaf
			count bridged 1
		`},
		"two requests of one hop, at once": {`
			1 - S web   /   0-100
			2 1 C web   GET 10-90 peer=proxy
			3 ? S cart  Get 20-70
			5 ? S user  Get 30-80
		`, `
			serve web / d=100 own=20 calls=80 t=100 entry
			serve proxy GET d=80 own=20 calls=100 t=100
			serve cart Get d=50 own=50 calls=0 t=100
			serve user Get d=50 own=50 calls=0 t=100
			call web / > proxy GET client=80 server=-1 t=100
			call proxy GET > cart Get client=-1 server=50 t=100
			call proxy GET > user Get client=-1 server=50 t=100
			count bridged 2
		`},
		"the innermost call around it": {`
			1 - S web   /   0-100
			2 1 C web   GET 10-90 peer=slow
			3 1 C web   GET 15-75 peer=proxy
			4 ? S cart  Get 20-70
		`, `
			serve web / d=100 own=20 calls=140 t=100 entry
			serve proxy GET d=60 own=10 calls=50 t=100
			serve cart Get d=50 own=50 calls=0 t=100
			call web / > slow GET client=80 server=-1 t=100 leaf
			call web / > proxy GET client=60 server=-1 t=100
			call proxy GET > cart Get client=-1 server=50 t=100
			count bridged 1
		`},
		"no call around it": {`
			1 - S web   /   0-100
			2 1 C web   GET 10-60 peer=proxy
			3 ? S cart  Get 20-70
		`, `
			serve web / d=100 own=50 calls=50 t=100 entry
			serve cart Get d=50 own=50 calls=0 t=70 entry
			call web / > proxy GET client=50 server=-1 t=100 leaf
			count unmatched_server 1
		`},
		"databases call nobody": {`
			1 - S web   /   0-100
			2 1 C web   GET 10-90 peer=base terminal
			3 ? S cart  Get 20-70
		`, `
			serve web / d=100 own=20 calls=80 t=100 entry
			serve cart Get d=50 own=50 calls=0 t=70 entry
			call web / > base GET client=80 server=-1 t=100 leaf
			count unmatched_server 1
		`},
		"a call that is answered has its answer": {`
			1 - S web   /   0-100
			2 1 C web   GET 10-90 peer=proxy
			5 2 S proxy GET 15-85
			3 ? S cart  Get 20-70
		`, `
			serve web / d=100 own=20 calls=80 t=100 entry
			serve proxy GET d=70 own=70 calls=0 t=100
			serve cart Get d=50 own=50 calls=0 t=70 entry
			call web / > proxy GET client=80 server=70 t=100
			count unmatched_server 1
		`},
		"who is known to send spans is no hop: they are lost": {`
			2.1 - S proxy GET 0-10
			flush
			1 - S web   /   0-100
			2 1 C web   GET 10-90 peer=proxy
			3 ? S cart  Get 20-70
		`, `
			serve proxy GET d=10 own=10 calls=0 t=10 entry
			serve web / d=100 own=20 calls=80 t=100 entry
			serve cart Get d=50 own=50 calls=0 t=70 entry
			count unmatched_client 1
			count unmatched_server 1
		`},
		"a usual caller at work around it has lost its span": {`
			2.1 - S shop /   0-100
			2.3 2.1 C shop Get 10-90
			2.4 2.3 S cart Get 20-80
			flush
			1 - S web   /    0-100
			2 1 C web   GET  10-90 peer=proxy
			4 1 C web   /    5-95
			5 4 S shop  /    6-94
			3 ? S cart  Get  20-70
		`, `
			serve shop / d=100 own=20 calls=80 t=100 entry
			serve cart Get d=60 own=60 calls=0 t=100
			serve web / d=100 own=10 calls=170 t=100 entry
			serve shop / d=88 own=88 calls=0 t=100
			serve cart Get d=50 own=50 calls=0 t=70 entry
			call shop / > cart Get client=80 server=60 t=100
			call web / > proxy GET client=80 server=-1 t=100 leaf
			call web / > shop / client=90 server=88 t=100
			count unmatched_server 1
		`},
		"once found, a hop serves its other calls too": {`
			2.1 - S web   /   0-100
			2.2 2.1 C web   GET 10-90 peer=proxy
			2.3 ? S cart  Get 20-70
			flush
			1 - S web   /   0-100
			2 1 C web   GET 10-50 peer=proxy
			3 1 C web   PUT 60-70 peer=proxy
		`, `
			serve web / d=100 own=20 calls=80 t=100 entry
			serve proxy GET d=80 own=30 calls=50 t=100
			serve cart Get d=50 own=50 calls=0 t=100
			call web / > proxy GET client=80 server=-1 t=100
			call proxy GET > cart Get client=-1 server=50 t=100
			count bridged 1
			serve web / d=100 own=50 calls=50 t=100 entry
			serve proxy GET d=40 own=40 calls=0 t=100
			call web / > proxy GET client=40 server=-1 t=100
			call web / > proxy PUT client=10 server=-1 t=100 leaf
		`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { assert.Equal(t, expect(tt.out), play(t, roomy, tt.in)) })
	}
}
