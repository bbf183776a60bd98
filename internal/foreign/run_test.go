package foreign

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// kept is a Sink that hashes what it is told, and holds spans against laws.
type kept struct {
	*Answers
	sum     hash.Hash
	spans   map[[8]byte]ptrace.Span
	traces  map[[16]byte]bool
	last    int64
	ordered bool
	points  int
}

func keep(s *System) *kept {
	return &kept{Answers: NewAnswers(s, 10*time.Second), sum: sha256.New(), spans: make(map[[8]byte]ptrace.Span), traces: make(map[[16]byte]bool), ordered: true}
}

// Traces implements Export.
func (k *kept) Traces(td ptrace.Traces, at int64) {
	raw, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	must(err)
	k.sum.Write(raw)
	k.ordered = k.ordered && at >= k.last
	k.last = at
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				k.spans[s.SpanID()] = s
				k.traces[s.TraceID()] = true
			}
		}
	}
}

// Metrics implements Export.
func (k *kept) Metrics(md pmetric.Metrics, _ int64) { k.points += md.DataPointCount() }

func systems() []string {
	return []string{"bank", "media", "mesh", "boutique", "legacy", "drawn", "train", "nodes", "kafka", "rabbitmq", "edge"}
}

func TestRun_isTheSameAgain(t *testing.T) {
	for _, name := range systems() {
		t.Run(name, func(t *testing.T) {
			var sums []string
			for _, seed := range []uint64{7, 7, 8} {
				s := ByName(name, 3)
				k := keep(s)
				Run(s, nil, seed, 12*time.Second, k)
				sums = append(sums, fmt.Sprintf("%x", k.sum.Sum(nil)))
				assert.True(t, k.ordered, "in order of arrival")
			}
			assert.Equal(t, sums[0], sums[1])
			assert.NotEqual(t, sums[0], sums[2], "another seed")
		})
	}
}

// Whoever asks is answered: requests are neither lost nor made. Those of the last
// seconds may be under way. Of what is told, every child has its parent, and lies
// within it where nobody waits for a message.
func TestRun_conservesRequests(t *testing.T) {
	const d = 40 * time.Second
	for _, name := range systems() {
		t.Run(name, func(t *testing.T) {
			s := ByName(name, 3)
			s.Lost, s.Skew = 0, 0
			k := keep(s)
			c := Run(s, nil, 5, d, k)
			assert.LessOrEqual(t, c.Answered, c.Requests)
			assert.Less(t, c.Requests-c.Answered, c.Requests/20, "under way")
			answers := 0
			for i := range s.Users {
				if s.Users[i].Endpoint == Consume {
					continue // nobody asks
				}
				for _, w := range k.Windows(i) {
					answers += len(w.Took)
				}
			}
			assert.Equal(t, c.Answered, answers)
			require.NotEmpty(t, k.spans)
			orphans, outside := 0, 0
			for _, span := range k.spans {
				assert.GreaterOrEqual(t, span.EndTimestamp(), span.StartTimestamp())
				if span.ParentSpanID().IsEmpty() || int64(span.EndTimestamp()) > Epoch+int64(d-10*time.Second) {
					continue
				}
				parent, ok := k.spans[span.ParentSpanID()]
				switch {
				case !ok:
					orphans++
				case span.Kind() != ptrace.SpanKindConsumer && span.Kind() != ptrace.SpanKindProducer && (span.StartTimestamp() < parent.StartTimestamp() || span.EndTimestamp() > parent.EndTimestamp()):
					outside++
				}
			}
			assert.Zero(t, orphans)
			assert.Zero(t, outside)
			assert.Equal(t, len(s.Meters) > 0, k.points > 0)
		})
	}
}

// A tenth of the traces is kept whole.
func TestRun_samplesWholeTraces(t *testing.T) {
	s := Bank()
	all := keep(s)
	Run(s, nil, 1, 30*time.Second, all)
	s = Bank()
	s.Sampled, s.Thresholds = 0.1, true
	some := keep(s)
	Run(s, nil, 1, 30*time.Second, some)
	// Of n traces a tenth, within 4 standard deviations.
	n := float64(len(all.traces))
	assert.InDelta(t, 0.1*n, float64(len(some.traces)), 4*0.3*math.Sqrt(n))
	for id, span := range some.spans {
		require.Equal(t, "ot=th:e666666666", span.TraceState().AsRaw()[:16], "rejected below nine tenths")
		_, ok := all.spans[id]
		require.True(t, ok, "what is kept is what was there")
	}
}

// What is done hurts users while it is done, and what is a decoy does not.
func TestEpisodes_hurtWhenTheySaySo(t *testing.T) {
	s := Boutique()
	u := Pilot(s, 2)
	plan := Plan{Kinds: []Kind{SlowCode, Deploy, Delay, SlowStore, Loss, CPUHog, MemoryRise}, Warmup: time.Minute, Length: time.Minute, Gap: time.Minute}
	episodes, end := plan.Episodes(s, u, 2)
	require.Len(t, episodes, len(plan.Kinds))
	a := NewAnswers(s, 10*time.Second)
	s.Sampled, s.Meters = 1e-9, nil
	Run(s, episodes, 2, end, pilotSink{a})
	for i := range episodes {
		e := &episodes[i]
		hurt := 0
		for k := range s.Users {
			for _, w := range a.Windows(k)[e.Start/(10*time.Second) : e.End/(10*time.Second)] {
				if w.Tail(0.99) > 2*u.Tail[k] {
					hurt++
				}
			}
		}
		if e.Decoy {
			assert.Empty(t, e.Culprits)
			assert.LessOrEqual(t, hurt, 1, e.Name)
		} else {
			assert.NotEmpty(t, e.Culprits)
			assert.GreaterOrEqual(t, hurt, 3, e.Name)
		}
	}
}
