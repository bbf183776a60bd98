package foreign

import (
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Export takes telemetry in order of arrival. What it is given is its own.
type Export interface {
	Traces(td ptrace.Traces, at int64)
	Metrics(md pmetric.Metrics, at int64)
}

// spanKind is what a span is about.
type spanKind int

const (
	serving spanKind = iota
	calling
	querying
	publishing
	consuming
	inside
	proxyOut
	proxyIn
)

// span is what is remembered of a span until its batch is sent.
type span struct {
	scope
	id         [8]byte
	kind       spanKind
	start, end int64
	endpoint   *Endpoint
	store      *Store
	peer       string
	name       string
	try        int
	failed     bool
	timeout    bool
	linked     bool
	from       [16]byte // trace of the link
	source     [8]byte  // its span
}

// Batches of exporters: so many spans at most, so long at most.
const (
	batchSpans = 512
	batchAfter = int64(5e9)
	arrival    = int64(1e9) // within which they arrive
)

// tell hands a span to the exporter of its replica.
func (p *plant) tell(r *replica, s *span) {
	if !s.sampled || p.over {
		return
	}
	p.counted.Spans++
	r.buffer = append(r.buffer, *s)
	if len(r.buffer) >= batchSpans {
		p.flush(r)
		return
	}
	if !r.flushing {
		r.flushing = true
		p.clock.after(batchAfter, func() {
			r.flushing = false
			p.flush(r)
		})
	}
}

// flush sends the batch of a replica; it arrives within a second, or never.
func (p *plant) flush(r *replica) {
	if len(r.buffer) == 0 {
		return
	}
	batch := r.buffer
	r.buffer = nil
	if p.post.Float64() < p.Lost {
		p.counted.Lost += len(batch)
		return
	}
	td := p.batch(r, batch)
	p.clock.after(int64(p.post.Float64()*float64(arrival)), func() { p.sink.Traces(td, p.clock.now) })
}
