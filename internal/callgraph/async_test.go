package callgraph

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
)

func TestAssembler_messages(t *testing.T) {
	const served = `
		serve web / d=100 own=90 calls=10 t=100 entry
		serve mail Send d=30 own=30 calls=0 t=150 async
	`
	const both = served + `
		call web / > mail Send client=10 server=30 t=150 async queue=90
	`
	tests := map[string]struct{ in, out string }{
		"a consumer below its producer": {`
			1 - S web  /      0-100
			2 1 P web  mails 20-30 peer=kafka
			3 2 R mail Send 120-150
		`, both},
		"a consumer of another trace, by link": {`
			1   - S web  /      0-100
			2   1 P web  mails 20-30
			2.1 - R mail Send 120-150 link=1.2
		`, both},
		"the first message looks as if it were for the broker alone": {`
			1   - S web  /      0-100
			2   1 P web  mails 20-30 peer=kafka
			2.1 - R mail Send 120-150 link=1.2
		`, both + `
			call web / > kafka mails client=10 server=-1 t=100 leaf
		`},
		"a consumer that comes when its producer is resolved": {`
			1 - S web  /      0-100
			2 1 P web  mails 20-30
			advance 100
			3 2 R mail Send 120-150
		`, both},
		"by link too": {`
			1   - S web  /      0-100
			2   1 P web  mails 20-30
			flush
			2.1 - R mail Send 120-150 link=1.2
		`, both},
		"a consumer that is resolved before its producer": {`
			2.1 - R mail Send 120-150 link=1.2
			flush
			1   - S web  /      0-100
			2   1 P web  mails 20-30 peer=kafka
		`, both},
		"parent and link name one producer": {`
			1 - S web  /      0-100
			2 1 P web  mails 20-30 peer=kafka
			3 2 R mail Send 120-150 link=1.2
		`, both},
		"a transport below the producer is part of it": {`
			1 - S web  /      0-100
			2 1 P web  mails 20-30 peer=kafka
			4 2 C web  send  21-29 peer=10.0.0.7
			3 2 R mail Send 120-150
		`, both},
		"the parent is a transport below the producer": {`
			1 - S web  /      0-100
			2 1 P web  mails 20-30 peer=kafka
			4 2 C web  send  21-30 peer=10.0.0.7
			3 4 R mail Send 120-150
		`, both},
		"producers of the kind CLIENT": {`
			1 - S web  /      0-100
			2 1 C web  mails 20-30 peer=kafka
			3 2 R mail Send 120-150
		`, both},
		"clocks that run backwards": {`
			1 - S web  /      0-100
			2 1 P web  mails 20-30
			3 2 R mail Send 29-59
		`, `
			serve web / d=100 own=90 calls=10 t=100 entry
			serve mail Send d=30 own=30 calls=0 t=59 async
			call web / > mail Send client=10 server=30 t=59 async queue=0
			count clock_skew 1
		`},
		"a batch of messages": {`
			1   - S web  /      0-100
			2   1 P web  mails 20-30
			3   1 P web  mails 40-50
			2.1 - R mail Send 120-150 link=1.2 link=1.3 link=1.2
		`, `
			serve web / d=100 own=80 calls=20 t=100 entry
			serve mail Send d=30 own=30 calls=0 t=150 async
			call web / > mail Send client=10 server=30 t=150 async queue=90
			call web / > mail Send client=10 server=30 t=150 async queue=70
		`},
		"several consumers of one message": {`
			1   - S web  /      0-100
			2   1 P web  mails 20-30
			3   2 R mail Send 120-150
			2.1 - R bill Send 130-140 link=1.2
		`, both + `
			serve bill Send d=10 own=10 calls=0 t=140 async
			call web / > bill Send client=10 server=10 t=140 async queue=100
		`},
		"several consumers wait for one message": {`
			2.1 - R bill Send 130-140 link=1.2
			3.1 - R mail Send 120-150 link=1.2
			flush
			1   - S web  /      0-100
			2   1 P web  mails 20-30
		`, both + `
			serve bill Send d=10 own=10 calls=0 t=140 async
			call web / > bill Send client=10 server=10 t=140 async queue=100
		`},
		"what a consumer calls is of its own time": {`
			1 - S web  /      0-100
			2 1 P web  mails 20-30
			3 2 R mail Send 120-150
			4 3 C mail EHLO 125-145 peer=smtp
		`, `
			serve web / d=100 own=90 calls=10 t=100 entry
			serve mail Send d=30 own=10 calls=20 t=150 async
			call web / > mail Send client=10 server=30 t=150 async queue=90
			call mail Send > smtp EHLO client=20 server=-1 t=150 leaf
		`},
		"a producer that nobody consumes from calls the broker": {`
			1 - S web  /      0-100
			2 1 P web  mails 20-30 peer=kafka
			3 1 P web  mails 40-50
		`, `
			serve web / d=100 own=80 calls=20 t=100 entry
			call web / > kafka mails client=10 server=-1 t=100 leaf
		`},
		"unless messages of this name are known to be consumed": {`
			1 - S web  /      0-100
			2 1 P web  mails 20-30 peer=kafka
			3 2 R mail Send 120-150
			flush
			2.1 - S web /     200-300
			2.2 1 P web mails 220-230 peer=kafka
		`, both + `
			serve web / d=100 own=90 calls=10 t=300 entry
		`},
		"its producer waits for the broker, whoever consumes": {`
			1 - S web  /      0-100
			2 1 P web  mails 20-30 peer=kafka terminal
			3 2 R mail Send 120-150
			flush
			2.1 - S web /     200-300
			2.2 1 P web mails 220-230 peer=kafka terminal
		`, both + `
			serve web / d=100 own=90 calls=10 t=300 entry
			call web / > kafka mails client=10 server=-1 t=100 leaf
			call web / > kafka mails client=10 server=-1 t=300 leaf
		`},
		"a message sent without a producer span": {`
			1 - S web  /      0-100
			3 1 R mail Send 120-150
		`, `
			serve web / d=100 own=100 calls=0 t=100 entry
			serve mail Send d=30 own=30 calls=0 t=150 async
			call web / > mail Send client=-1 server=30 t=150 async
		`},
		"a consumer that refers to nobody is an entry": {`
			1 - R mail Send 120-150
		`, `
			serve mail Send d=30 own=30 calls=0 t=150 entry async
		`},
		"a producer of a service that emits no server spans": {`
			1   - C boot   pub    0-50
			2   1 P broker mails 10-20
			2.1 - R mail Send 120-150 link=1.2
		`, `
			serve mail Send d=30 own=30 calls=0 t=150 async
			call boot  > broker mails client=50 server=-1 t=50 leaf
			call boot  > mail Send client=10 server=30 t=150 async queue=100
		`},
		"a job that produces outside of any request": {`
			1 - P cron mails 20-30
			3 1 R mail Send 120-150
		`, `
			serve mail Send d=30 own=30 calls=0 t=150 async
			call cron  > mail Send client=10 server=30 t=150 async queue=90
		`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { assert.Equal(t, expect(tt.out), play(t, roomy, tt.in)) })
	}
}

func TestAssembler_consumersWhoseProducerNeverComes(t *testing.T) {
	cfg := roomy
	cfg.Producers = NewProducers(10, 1000)
	const in = `
		1   ? R mail Send 120-150
		2.1 - R mail Send 120-150 link=9.9 link=9.8
		3.1 - R mail Send 120-150 link=9.7 link=4.1
		4.1 - P cron mails 100-110
		5.1 - R mail Send 120-150 link=9.6 link=6.1
		advance 200
		6.1 - P cron mails 190-200
		`
	const served = `
		serve mail Send d=30 own=30 calls=0 t=150 async
		serve mail Send d=30 own=30 calls=0 t=150 async
		serve mail Send d=30 own=30 calls=0 t=150 async
		serve mail Send d=30 own=30 calls=0 t=150 async
		call cron  > mail Send client=10 server=30 t=150 async queue=10
		call cron  > mail Send client=10 server=30 t=150 async queue=0
		count clock_skew 1
	`
	assert.Equal(t, expect(served), play(t, cfg, in+"advance 1000"), "they wait")

	cfg.Producers = NewProducers(10, 1000)
	assert.Equal(t, expect(served+"\n count unmatched_consumer 2"), play(t, cfg, in+"advance 1201"),
		"each is counted once, and not where one of its producers came")
}

// Producers and consumers of two shards meet in what the shards share.
func TestProducers_areSharedByShards(t *testing.T) {
	cfg := roomy
	cfg.Producers, cfg.Names = NewProducers(10, 1000), identity.NewNames()
	var left, right recorder
	one, two := New(cfg, &left), New(cfg, &right)
	shard := func(a *Assembler, lines ...string) {
		for _, l := range lines {
			add(a, parse(t, strings.Fields(l)))
		}
		a.Flush()
	}
	shard(one, "1.1 - P cron mails 20-30")
	shard(two, "2.1 - R mail Send 120-150 link=1.1", "2.2 - R mail Send 220-250 link=1.9")
	shard(one, "1.9 - P cron mails 120-130")

	assert.Equal(t, expect(`call cron  > mail Send client=10 server=30 t=250 async queue=90`), left.lines())
	assert.Equal(t, expect(`
		serve mail Send d=30 own=30 calls=0 t=150 async
		serve mail Send d=30 own=30 calls=0 t=250 async
		call cron  > mail Send client=10 server=30 t=150 async queue=90
	`), right.lines())
}

func TestProducers_stayBounded(t *testing.T) {
	const bound, n = 10, 1000
	p := NewProducers(bound, 1000)
	span := func(i int) identity.Span {
		return identity.Span{Trace: identity.TraceID{1}, ID: identity.SpanID{byte(i), byte(i >> 8), 1}}
	}
	lost := 0
	for i := range n {
		p.produced(span(i), production{})
		_, given := p.consumed([]identity.Span{span(n + i)}, consumption{}, nil)
		lost += given
	}
	assert.Equal(t, bound, p.Len())
	assert.Len(t, p.waiting.items, bound)
	assert.LessOrEqual(t, len(p.calls.queue), 2*bound+64)
	assert.Equal(t, n-bound, lost)

	for range n {
		_, given := p.consumed([]identity.Span{span(2 * n)}, consumption{}, nil)
		lost += given
	}
	w, ok := p.waiting.get(span(2 * n))
	require.True(t, ok)
	waits := 0
	for ; w != nil; w = w.next {
		waits++
	}
	assert.Equal(t, MaxLinks+1, waits)

	lost += p.advance(10_000)
	assert.Equal(t, 2*n, lost, "whoever has waited is counted, once")
	assert.Zero(t, p.Len())
	assert.Empty(t, p.waiting.items)
}
