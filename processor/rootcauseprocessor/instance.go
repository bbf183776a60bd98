package rootcauseprocessor

import (
	"context"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// instance is the part that the processor has in one pipeline. Its life counts
// towards that of the engine.
type instance struct {
	shared *shared
	emits  bool // events leave through this pipeline

	mu      sync.Mutex // guards everything below
	started bool
	stopped bool
}

// Start implements component.Component.
func (i *instance) Start(ctx context.Context, host component.Host) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.started || i.stopped {
		return nil
	}
	if err := i.shared.start(ctx, host); err != nil {
		return err
	}
	i.started = true
	return nil
}

// Shutdown implements component.Component. It may be called twice, and without Start.
func (i *instance) Shutdown(ctx context.Context) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.stopped {
		return nil
	}
	i.stopped = true
	return i.shared.stop(ctx, i.emits)
}

// Capabilities implements consumer.Consumer: data is shared and read only.
func (*instance) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

type traces struct {
	instance
	next consumer.Traces
}

// ConsumeTraces shows spans to the engine and hands them on unchanged, whatever
// happens inside.
func (p *traces) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	p.shared.seeTraces(td)
	return p.next.ConsumeTraces(ctx, td)
}

type metrics struct {
	instance
	next consumer.Metrics
}

// ConsumeMetrics shows points to the engine and hands them on unchanged,
// whatever happens inside.
func (p *metrics) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	p.shared.seeMetrics(md)
	return p.next.ConsumeMetrics(ctx, md)
}

type logs struct {
	instance
	next consumer.Logs
}

// ConsumeLogs hands the user's own logs on unchanged.
func (p *logs) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	return p.next.ConsumeLogs(ctx, ld)
}
