package simulate

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// posting is a service that sends a message to a consumer of one worker and 10 ms
// of work, over a link of 2 ms, by a broker or without one.
func posting(rate float64, broker bool) *App {
	t := tree{}
	t.app.Link.Delay = ms(2)
	front := t.service(Service{Hosts: []int{t.host(8)}})
	back := t.service(Service{Hosts: []int{t.host(8)}, Workers: 1})
	target := t.rpc(RPC{Service: back, CPU: ms(10), Protocol: Messaging})
	if broker {
		queue := t.service(Service{Hosts: []int{t.host(8)}, Uninstrumented: true, System: "kafka"})
		c := to(target)
		c.Async = true
		target = t.rpc(RPC{Service: queue, CPU: ms(1), Protocol: Messaging, Steps: []Step{{Calls: []Call{c}}}})
	}
	c := to(target)
	c.Async = true
	t.entry(t.rpc(RPC{Service: front, CPU: ms(2), Steps: []Step{{Calls: []Call{c}}}}), rate)
	return &t.app
}

// Nobody waits for a message; its consumer has a trace of its own, linked to the
// producer's span, and its span begins when a worker takes it.
func TestMessages(t *testing.T) {
	r := play(t, posting(60, false), Config{Seed: 1, Duration: time.Minute, SampleEvery: 10 * time.Millisecond})
	for _, a := range r.answers { // sharing cores with none
		assert.InDelta(t, 0.002, (a.end - a.start).Seconds(), 1e-8)
	}
	producers, consumers := r.of(Producer, 0), r.of(Consumer, 1)
	require.NotEmpty(t, consumers)
	assert.Empty(t, r.of(Server, 1))
	sent := map[[8]byte]Span{}
	for _, p := range producers {
		assert.Equal(t, 2*time.Millisecond, p.took())
		sent[p.ID] = p
	}
	traces := map[[16]byte]bool{}
	last := time.Duration(0)
	waited := false
	for _, c := range consumers { // one at a time, first come first served
		p, ok := sent[c.LinkSpan]
		require.True(t, ok)
		assert.Equal(t, p.Trace, c.LinkTrace)
		assert.NotEqual(t, p.Trace, c.Trace)
		assert.Zero(t, c.Parent)
		assert.InDelta(t, 10, float64(c.took())/1e6, 1e-5)
		assert.Equal(t, max(p.End, last), c.Start)
		waited = waited || c.Start > p.End
		last = c.End
		traces[c.Trace] = true
	}
	assert.True(t, waited)
	assert.Len(t, traces, len(consumers))
	longest := 0
	for _, s := range r.states {
		assert.LessOrEqual(t, s.replicas[1].Active, 1)
		longest = max(longest, s.replicas[1].Waiting)
	}
	assert.Greater(t, longest, 1, "the queue is seen in samples")
}

// A broker that nobody instruments hands a message's headers on: the consumer is
// linked to who sent it first.
func TestBrokerPassesContextOn(t *testing.T) {
	r := play(t, posting(5, true), Config{Seed: 1, Duration: time.Minute})
	sent := map[[8]byte]Span{}
	for _, p := range r.of(Producer, 0) {
		sent[p.ID] = p
	}
	consumers := r.of(Consumer, 1)
	require.NotEmpty(t, consumers)
	for _, c := range consumers {
		p, ok := sent[c.LinkSpan]
		require.True(t, ok)
		assert.Equal(t, p.Trace, c.LinkTrace)
		assert.GreaterOrEqual(t, c.Start-p.Start, 4500*time.Microsecond, "two links and the first half of the work")
	}
	assert.NotEmpty(t, r.of(Consumer, 2), "the broker's own")
}
