package emit

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/simulate"
)

// Emitter is a simulate.Sink that makes OTLP of what it is told. It is not safe
// for concurrent use.
type Emitter struct {
	// OnEntry, where it is not nil, is told of every answered request of an entry.
	OnEntry func(entry int, start, end time.Duration, failed bool)

	app      *simulate.App
	opts     Options
	epoch    int64 // ns since 1970
	traces   func(ptrace.Traces)
	metrics  func(pmetric.Metrics)
	replicas [][]replica // by service
	skew     []time.Duration
	sampler  sampler

	templates []ptrace.Span // by RPC and kind
	batches   batches
	scrape    scrape
	durations [][]durationMeter // by service and replica; nil: none
}

var _ simulate.Sink = (*Emitter)(nil)

// New returns an Emitter that gives batches of spans to traces and scrapes to
// metrics, in the order in which a Collector would receive them. Either may be nil:
// then there are none. What is given is the receiver's to keep.
func New(app *simulate.App, opts Options, traces func(ptrace.Traces), metrics func(pmetric.Metrics)) *Emitter {
	opts = opts.withDefaults()
	e := &Emitter{
		app:      app,
		opts:     opts,
		epoch:    opts.Epoch.UnixNano(),
		traces:   traces,
		metrics:  metrics,
		replicas: replicasOf(app, opts.Mute),
		skew:     opts.skews(len(app.Hosts)),
		sampler:  newSampler(opts.SampleRatio),
	}
	broker := brokers(app)
	for rpc := range app.RPCs {
		for kind := range numKinds {
			e.templates = append(e.templates, template(app, rpc, kind, broker[rpc]))
		}
	}
	e.batches = newBatches(e.replicas)
	e.scrape = newScrape(e)
	if opts.Durations && metrics != nil {
		e.durations = make([][]durationMeter, len(e.replicas))
		for s := range e.replicas {
			e.durations[s] = make([]durationMeter, len(e.replicas[s]))
		}
	}
	return e
}

const numKinds = simulate.Consumer + 1

// Span implements simulate.Sink.
func (e *Emitter) Span(s *simulate.Span) {
	e.advance(s.End)
	if e.durations != nil && !e.replicas[s.Service][s.Replica].silent {
		e.measure(s)
	}
	if e.traces == nil || e.replicas[s.Service][s.Replica].silent || !e.sampler.keeps(&s.Trace) || e.opts.loses(s.ID) {
		return
	}
	r := &e.replicas[s.Service][s.Replica]
	span := e.batches.next(e, r, s)
	e.templates[s.RPC*int(numKinds)+int(s.Kind)].CopyTo(span)
	span.SetTraceID(s.Trace)
	span.SetSpanID(s.ID)
	span.SetParentSpanID(s.Parent)
	span.SetStartTimestamp(e.stamp(s.Start, r.host))
	span.SetEndTimestamp(e.stamp(s.End, r.host))
	if e.sampler.tracestate != "" {
		span.TraceState().FromRaw(e.sampler.tracestate)
	}
	if s.Kind == simulate.Consumer && s.LinkSpan != [8]byte{} {
		l := span.Links().AppendEmpty()
		l.SetTraceID(s.LinkTrace)
		l.SetSpanID(s.LinkSpan)
	}
	if s.Attempt > 0 && e.app.RPCs[s.RPC].Protocol == simulate.HTTP {
		span.Attributes().PutInt("http.request.resend_count", int64(s.Attempt))
	}
	if s.Failed {
		fail(span, s.ErrorType)
	}
}

// Sample implements simulate.Sink.
func (e *Emitter) Sample(at time.Duration, replicas []simulate.ReplicaState, hosts []simulate.HostState) {
	e.advance(at)
	if e.metrics != nil {
		e.scrape.take(at, replicas, hosts)
	}
}

// Entry implements simulate.Sink.
func (e *Emitter) Entry(entry int, start, end time.Duration, failed bool) {
	e.advance(end)
	if e.OnEntry != nil {
		e.OnEntry(entry, start, end, failed)
	}
}

// Flush sends what is left in batches, as SDKs do when they are shut down.
func (e *Emitter) Flush() { e.batches.flushAll(e.traces) }

// stamp is what the clock of a host shows at a time.
func (e *Emitter) stamp(at time.Duration, host int) pcommon.Timestamp {
	return pcommon.Timestamp(e.epoch + int64(at+e.skew[host]))
}

func (e *Emitter) advance(now time.Duration) {
	if now >= e.batches.due {
		e.batches.advance(now, e.traces)
	}
}
