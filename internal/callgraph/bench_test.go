package callgraph

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
)

// discard is a Sink that counts.
type discard struct{ served, calls, counted int }

func (d *discard) Served(*Served)          { d.served++ }
func (d *discard) Called(*Call)            { d.calls++ }
func (d *discard) Counted(_ Reason, n int) { d.counted += n }

// tree returns a trace of n spans in which each request has two calls, each of
// which has a request of another service below it, at random ids.
func tree(n int, rnd *rand.Rand) []spoken {
	spans := make([]spoken, 0, n)
	ids := make([]identity.SpanID, n)
	for i := range ids {
		binary.BigEndian.PutUint64(ids[i][:], rnd.Uint64()|1)
	}
	for i := range n {
		s := spoken{
			ID: identity.Span{Trace: identity.TraceID{1}, ID: ids[i]}, Kind: Server, Weight: 1,
			Start: int64(i), End: int64(3*n - i), Operation: "GET /things/{id}",
		}
		owner := (i + 3) / 4 // 0; 1 1 2 2 are its client and server, and so on
		if i > 0 {
			if i%2 == 1 { // client of the request of span 2*((i-1)/4)
				s.Kind = Client
				s.Parent = ids[(i-1)/4*2]
				owner = (i - 1) / 4
			} else {
				s.Parent = ids[i-1]
				owner = i / 2
			}
		}
		s.Service.Name = fmt.Sprint("service-", owner%20, "-of-", owner)
		spans = append(spans, s)
	}
	return spans
}

// clientless returns a trace as it is without its CLIENT spans.
func clientless(spans []spoken) []spoken {
	above := make(map[identity.SpanID]identity.SpanID)
	for _, s := range spans {
		if s.Kind == Client {
			above[s.ID.ID] = s.Parent
		}
	}
	var out []spoken
	for _, s := range spans {
		if p, ok := above[s.Parent]; ok {
			s.Parent = p
		}
		if s.Kind != Client {
			out = append(out, s)
		}
	}
	return out
}

// numbered returns the spans as a takes them.
func numbered(a *Assembler, spans []spoken) []Span {
	out := make([]Span, 0, len(spans))
	for _, s := range spans {
		n, _ := s.numbered(a.known.known.names)
		out = append(out, n)
	}
	return out
}

// pour adds the spans as trace k and resolves it.
func pour(a *Assembler, spans []Span, k uint64) {
	for i := range spans {
		binary.BigEndian.PutUint64(spans[i].ID.Trace[:], k)
		a.Add(&spans[i], nil)
	}
	a.Flush()
}

func TestAssembler_doesNotAllocateInTheSteadyState(t *testing.T) {
	trace := tree(101, rand.New(rand.NewPCG(1, 2)))
	for name, spoken := range map[string][]spoken{"with CLIENT spans": trace, "without": clientless(trace)} {
		var d discard
		a := New(roomy, &d)
		spans := numbered(a, spoken)
		k := uint64(1)
		pour(a, spans, k)
		assert.Equal(t, discard{served: 51, calls: 50}, d, "the trace is what it says, %s", name)

		assert.Zero(t, testing.AllocsPerRun(100, func() {
			k++
			pour(a, spans, k)
		}), name)
	}
}

// What shards share is used by all of them at once.
func TestAssembler_shardsInParallel(t *testing.T) {
	cfg := roomy
	cfg.Producers, cfg.Known = NewProducers(100, 1000), NewKnown(identity.NewNames(), 100, 1000)
	var wg sync.WaitGroup
	sinks := make([]recorder, 4)
	for shard := range sinks {
		wg.Go(func() {
			a := New(cfg, &sinks[shard])
			rnd := rand.New(rand.NewPCG(1, uint64(shard)))
			b := make([]byte, 1000)
			for range 50 {
				for i := range b {
					b[i] = byte(rnd.Uint32())
				}
				for _, s := range soup(b) {
					add(a, s)
				}
				a.Advance(200)
			}
			a.Flush()
		})
	}
	wg.Wait()
	for i := range sinks {
		assert.NotEmpty(t, sinks[i].served)
	}
}

func BenchmarkAssembler(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 2))
	shuffled := tree(101, rnd)
	rnd.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	message := []spoken{
		{ID: identity.Span{ID: identity.SpanID{1}}, Kind: Server, End: 100},
		{ID: identity.Span{ID: identity.SpanID{2}}, Parent: identity.SpanID{1}, Kind: Producer, End: 50},
		{ID: identity.Span{ID: identity.SpanID{3}}, Parent: identity.SpanID{2}, Kind: Consumer, Start: 60, End: 80},
	}
	for _, bc := range []struct {
		name  string
		spans []spoken
	}{
		{"1 span", tree(1, rnd)},
		{"11 spans", tree(11, rnd)},
		{"101 spans", tree(101, rnd)},
		{"101 spans out of order", shuffled},
		{"1001 spans", tree(1001, rnd)},
		{"51 spans without clients", clientless(tree(101, rnd))},
		{"message", message},
	} {
		b.Run(bc.name, func(b *testing.B) {
			a := New(Config{MaxPending: 10_000, MaxTrace: 10_000, MaxAge: 1 << 40}, new(discard))
			spans := numbered(a, bc.spans)
			k := uint64(0)
			b.ReportAllocs()
			for b.Loop() {
				k++
				pour(a, spans, k)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(bc.spans)), "ns/span")
		})
	}
}

// Many traces wait while spans come in turn, as behind batches of many services.
func BenchmarkAssembler_interleaved(b *testing.B) {
	const waiting = 2000
	a := New(Config{MaxPending: 100_000, MaxTrace: 1000, MaxAge: 1 << 40}, new(discard))
	spans := numbered(a, tree(11, rand.New(rand.NewPCG(1, 2))))
	n := uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		s := spans[n%uint64(len(spans))]
		batch := n / uint64(len(spans)*waiting)
		binary.BigEndian.PutUint64(s.ID.Trace[:], 1+batch*waiting+n/uint64(len(spans))%waiting)
		now := int64(n)
		s.Start += now
		s.End += now + 10_000
		a.Add(&s, nil)
		if n%100 == 0 {
			a.Advance(now)
		}
		n++
	}
}
