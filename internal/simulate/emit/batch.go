package emit

import (
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/simulate"
)

const (
	// batchEvery is after what time an SDK sends the spans that have ended.
	batchEvery = time.Second
	// batchSpans is the number of spans after which it does so at once.
	batchSpans = 512
	// turns is the number of groups that send one after the other within batchEvery,
	// each in one request, as an agent on their host would make of them.
	turns = 8
)

// batches are the spans that have ended and are not sent yet.
type batches struct {
	turn    [turns]group
	senders [][]sender // by service and replica
	current int        // the turn that comes next
	due     time.Duration
}

// group are the batches of the replicas that send at the same time.
type group struct {
	td    ptrace.Traces
	spans int
	round int // number of requests sent
}

// sender is one replica's batch in its group's request.
type sender struct {
	group   int
	round   int // of the group in which spans is valid, -1: none
	deploys int
	spans   ptrace.SpanSlice
}

func newBatches(replicas [][]replica) batches {
	b := batches{due: batchEvery / turns}
	for i := range b.turn {
		b.turn[i].td = ptrace.NewTraces()
	}
	n := 0
	for s := range replicas {
		b.senders = append(b.senders, make([]sender, len(replicas[s])))
		for r := range b.senders[s] {
			// Neighbours in the call tree are often neighbours here: spread them.
			b.senders[s][r] = sender{group: n * 3 % turns, round: -1}
			n++
		}
	}
	return b
}

// next returns a new span in the batch of the replica that sends s.
func (b *batches) next(e *Emitter, r *replica, s *simulate.Span) ptrace.Span {
	from := &b.senders[s.Service][s.Replica]
	g := &b.turn[from.group]
	if g.spans >= batchSpans*turns || from.round == g.round && from.spans.Len() >= batchSpans {
		g.send(e.traces)
	}
	if from.round != g.round || from.deploys != s.Deploys {
		rs := g.td.ResourceSpans().AppendEmpty()
		r.describe(rs.Resource().Attributes(), e.opts.Namespace, s.Deploys)
		ss := rs.ScopeSpans().AppendEmpty()
		ss.Scope().SetName("simulated")
		from.round, from.deploys, from.spans = g.round, s.Deploys, ss.Spans()
	}
	g.spans++
	return from.spans.AppendEmpty()
}

// advance sends what is due by now.
func (b *batches) advance(now time.Duration, to func(ptrace.Traces)) {
	for ; b.due <= now; b.due += batchEvery / turns {
		b.turn[b.current].send(to)
		b.current = (b.current + 1) % turns
	}
}

func (b *batches) flushAll(to func(ptrace.Traces)) {
	for range turns {
		b.turn[b.current].send(to)
		b.current = (b.current + 1) % turns
	}
}

func (g *group) send(to func(ptrace.Traces)) {
	if g.spans == 0 {
		return
	}
	to(g.td)
	g.td, g.spans = ptrace.NewTraces(), 0
	g.round++
}
