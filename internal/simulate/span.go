package simulate

import "encoding/binary"

// What a failed span's ErrorType says.
const (
	errTimeout     = "timeout"
	errUnavailable = "unavailable"
	errInternal    = "internal"
)

// answered emits the span of a request that has been served.
func (s *sim) answered(q *request) {
	r := &s.replicas[q.replica]
	sp := &s.span
	*sp = Span{
		Kind:    Server,
		Service: int(r.service),
		Replica: int(r.ordinal),
		RPC:     int(q.rpc),
		Start:   q.start,
		End:     s.now,
		Failed:  q.failed,
		Deploys: s.services[r.service].deploys,
	}
	setTrace(&sp.Trace, q.trace)
	setID(&sp.ID, q.id)
	setID(&sp.Parent, q.parent)
	if q.message {
		sp.Kind = Consumer
		setTrace(&sp.LinkTrace, q.link)
		setID(&sp.LinkSpan, q.linkSpan)
	}
	if q.failed {
		sp.ErrorType = errInternal
	}
	s.emit()
}

// called emits the span of a try of a call that has ended.
func (s *sim) called(a *attempt, q *request, c *call, problem string) {
	r := &s.replicas[q.replica]
	sp := &s.span
	*sp = Span{
		Kind:      Client,
		Service:   int(r.service),
		Replica:   int(r.ordinal),
		RPC:       int(c.rpc),
		Start:     a.start,
		End:       s.now,
		Failed:    problem != "",
		ErrorType: problem,
		Attempt:   int(a.tries),
		Deploys:   s.services[r.service].deploys,
	}
	setTrace(&sp.Trace, q.trace)
	setID(&sp.ID, a.id)
	setID(&sp.Parent, q.id)
	s.emit()
}

// produced emits the span of a message's producer, when the message has been
// delivered, and gives the message the trace of its own in which it is consumed.
func (s *sim) produced(m *request) {
	r := &s.replicas[m.sender]
	sp := &s.span
	*sp = Span{
		Kind:    Producer,
		Service: int(r.service),
		Replica: int(r.ordinal),
		RPC:     int(m.rpc),
		Start:   m.start,
		End:     s.now,
		Deploys: s.services[r.service].deploys,
	}
	setTrace(&sp.Trace, m.link)
	setID(&sp.ID, m.linkSpan)
	setID(&sp.Parent, m.parent)
	s.emit()
	m.link, m.linkSpan = m.trace, m.id
	m.trace, m.id, m.parent = traceOf(m.key), m.key.id(), 0
}

func (s *sim) emit() {
	s.stats.Spans++
	s.sink.Span(&s.span)
}

func setTrace(to *[16]byte, trace [2]uint64) {
	binary.BigEndian.PutUint64(to[:8], trace[0])
	binary.BigEndian.PutUint64(to[8:], trace[1])
}

func setID(to *[8]byte, id uint64) { binary.BigEndian.PutUint64(to[:], id) }
