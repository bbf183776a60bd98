package ingest

import (
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// visit is a request to a service, and what it calls, one after the other or all at once.
type visit struct {
	service   string
	operation string
	calls     []*visit
	atOnce    bool
	callsOnly bool // no span of a request
	noCalls   bool // no spans of calls
	orphan    bool // who calls it sends no span, but has a parent
	transport bool // calls have two CLIENT spans, one below the other
	table     string
	queue     *visit
}

// shop is an application in which there is one of everything:
//
//	web Page > cart Get > stock Read > mysql
//	         > tax Get and mail Send, at once
//	         > rate Do, which tells of its calls only > stock Read, tax Get
//	         > plain Do, which tells of its requests only > under Get
//	         > pay Do, if it is asked for, which is rare
//	         > a message that bill consumes > mysql
func shop(pays bool) *visit {
	stock := &visit{service: "stock", operation: "Read", table: "stock"}
	tax := &visit{service: "tax", operation: "Get"}
	page := &visit{
		service: "web", operation: "Page", queue: &visit{service: "bill", operation: "process orders", table: "bills"},
		calls: []*visit{
			{service: "cart", operation: "Get", transport: true, calls: []*visit{stock}},
			{service: "both", operation: "Do", atOnce: true, calls: []*visit{tax, {service: "mail", operation: "Send"}}},
			{service: "rate", operation: "Do", callsOnly: true, calls: []*visit{stock, tax}},
			{service: "plain", operation: "Do", noCalls: true, calls: []*visit{{service: "under", operation: "Get"}}},
		},
	}
	if pays {
		page.calls = append(page.calls, &visit{service: "pay", operation: "Do"})
	}
	return page
}

// client makes requests of random durations.
type client struct {
	rnd   *rand.Rand
	trace uint64
	begin time.Duration
	spans []sp
}

func newClient(seed uint64) *client { return &client{rnd: rand.New(rand.NewPCG(seed, 1))} }

// request returns the spans of one request that begins at a time, in order of their ids
// from 1 on.
func (c *client) request(begin time.Duration, v *visit) []sp {
	c.trace++
	c.begin, c.spans = begin, nil
	c.serve(v, 0, 0)
	return c.spans
}

// some returns between 50 us and a millisecond.
func (c *client) some() time.Duration {
	return 50*time.Microsecond + time.Duration(c.rnd.Int64N(int64(950*time.Microsecond)))
}

func (c *client) open(service string, parent uint64, kind ptrace.SpanKind, name string, at time.Duration, a attrs) int {
	c.spans = append(c.spans, sp{
		service: service, trace: c.trace, id: uint64(len(c.spans) + 1), parent: parent, kind: kind, name: name,
		start: c.begin + at, attrs: a, resource: attrs{"service.instance.id": service + "-1"},
	})
	return len(c.spans) - 1
}

func (c *client) close(span int, at time.Duration) { c.spans[span].end = c.begin + at }

func procedure(v *visit) attrs {
	return attrs{"rpc.system": "grpc", "rpc.service": v.service, "rpc.method": v.operation, "server.address": v.service}
}

// serve makes the spans of a request at a time after begin, below a span, and returns when
// it ends.
func (c *client) serve(v *visit, parent uint64, at time.Duration) time.Duration {
	var own []int
	if !v.callsOnly {
		own = append(own, c.open(v.service, parent, ptrace.SpanKindServer, v.operation, at, procedure(v)))
		own = append(own, c.open(v.service, c.spans[own[0]].id, ptrace.SpanKindInternal, "work", at, nil))
		parent = c.spans[own[1]].id
	}
	at += c.some()
	last := at
	for _, callee := range v.calls {
		end := c.call(v, callee, parent, at)
		last = max(last, end)
		if !v.atOnce {
			at = end + c.some()
		}
	}
	at = max(at, last) + c.some()
	if v.table != "" {
		at = c.query(v, parent, at)
	}
	if v.queue != nil {
		at = c.publish(v, parent, at)
	}
	for _, s := range own {
		c.close(s, at)
	}
	return at
}

func (c *client) call(caller, v *visit, parent uint64, at time.Duration) time.Duration {
	if v.orphan {
		return c.serve(v, 1<<40, at+c.some()) + c.some()
	}
	if caller.noCalls {
		return c.serve(v, parent, at+c.some()) + c.some()
	}
	spans := []int{c.open(caller.service, parent, ptrace.SpanKindClient, v.operation, at, procedure(v))}
	if v.transport {
		at += c.some() / 4
		spans = append(spans, c.open(caller.service, c.spans[spans[0]].id, ptrace.SpanKindClient, v.operation, at, procedure(v)))
	}
	at = c.serve(v, c.spans[spans[len(spans)-1]].id, at+c.some()/2) + c.some()/2
	for k := len(spans) - 1; k >= 0; k-- {
		c.close(spans[k], at)
		at += c.some() / 4
	}
	return at
}

// query makes the spans of a call to a database, one of a library and one of its driver: of
// the last often only a part of a millisecond passes until both end.
func (c *client) query(v *visit, parent uint64, at time.Duration) time.Duration {
	a := attrs{"db.system.name": "mysql", "db.query.summary": "SELECT " + v.table}
	library := c.open(v.service, parent, ptrace.SpanKindClient, "", at, a)
	at += c.some()
	driver := c.open(v.service, c.spans[library].id, ptrace.SpanKindClient, "", at, a)
	at += c.some() / 4
	c.close(driver, at)
	at += c.some() / 4
	c.close(library, at)
	return at + c.some()
}

func (c *client) publish(v *visit, parent uint64, at time.Duration) time.Duration {
	send := c.open(v.service, parent, ptrace.SpanKindProducer, "", at, attrs{
		"messaging.system": "kafka", "messaging.operation.name": "publish", "messaging.destination.name": "orders",
	})
	at += c.some()
	c.close(send, at)
	got := at + 20*time.Millisecond
	take := c.open(v.queue.service, c.spans[send].id, ptrace.SpanKindConsumer, "", got, attrs{
		"messaging.system": "kafka", "messaging.operation.name": "process", "messaging.destination.name": "orders",
	})
	c.close(take, c.query(v.queue, c.spans[take].id, got+c.some()))
	return at + c.some()
}

// served and called are what all windows show of an RPC and of an edge.
type served struct {
	count, entries float64
	own            sketch.Sketch
}

type called struct {
	count, matched float64
	leaf, async    bool
}

// totals adds up windows.
func totals(snaps []*window.Snapshot) (map[identity.RPC]*served, map[identity.Edge]called) {
	rpcs, edges := make(map[identity.RPC]*served), make(map[identity.Edge]called)
	for _, s := range snaps {
		for i := range s.RPCs {
			r := &s.RPCs[i]
			of := rpcs[r.Key]
			if of == nil {
				of = new(served)
				rpcs[r.Key] = of
			}
			of.count += r.Count
			of.entries += r.Entries
			of.own.Merge(r.Exclusive)
		}
		for i := range s.Edges {
			e := &s.Edges[i]
			of := edges[e.Key]
			of.count += e.Count
			of.matched += e.Matched
			of.leaf, of.async = e.Leaf, e.Async
			edges[e.Key] = of
		}
	}
	return rpcs, edges
}

// asByDefault is the test configuration with the times of a Collector that is told nothing.
func asByDefault() Config {
	cfg := testConfig()
	cfg.Window, cfg.Lateness, cfg.MaxAge, cfg.Forget = 30*time.Second, 10*time.Second, 5*time.Minute, time.Hour
	cfg.MaxPending = 4096
	return cfg
}
