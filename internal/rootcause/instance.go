package rootcause

import (
	"context"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pipeline"
)

// Instance is the part that a component has in one pipeline, or between two. Its
// life counts towards that of the engine.
type Instance struct {
	shared *shared
	within bool // of a logs pipeline: what events go through stops with it

	mu      sync.Mutex // guards everything below
	started bool
	stopped bool
}

// EmitWithin lets events out in the logs pipeline that the instance is part of, to
// what follows it. The engine stops when the first of such instances does.
func (i *Instance) EmitWithin(next consumer.Logs) {
	i.within = true
	i.shared.addSink(next)
}

// EmitInto lets events out into the logs pipeline id, which begins behind the
// instance: once, also where several instances stand before it. It stops after all
// of them, so that the engine may stop with the last.
func (i *Instance) EmitInto(id pipeline.ID, next consumer.Logs) { i.shared.addSinkOf(id, next) }

// TellInto lets what was seen out into the metrics pipeline id, which begins behind the
// instance, as EmitInto does events. Where no event can come out nothing is judged.
func (i *Instance) TellInto(id pipeline.ID, next consumer.Metrics, t Telling) {
	i.shared.addListener(id, next, t)
}

// Claim reports whether the instance is the first that claims a signal: it reads it for all.
// It is for components of which all instances are given the same data.
func (i *Instance) Claim(signal pipeline.Signal) bool { return i.shared.claim(signal) }

// Start implements component.Component.
func (i *Instance) Start(ctx context.Context, host component.Host) error {
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
func (i *Instance) Shutdown(ctx context.Context) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.stopped {
		return nil
	}
	i.stopped = true
	return i.shared.stop(ctx, i.within)
}

// Capabilities implements consumer.Consumer: data is shared and read only.
func (*Instance) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// SeeTraces shows spans to the engine while it runs. It neither blocks nor panics,
// and keeps nothing of td.
func (i *Instance) SeeTraces(td ptrace.Traces) { i.shared.seeTraces(td) }

// Steers reports whether Steer changes spans.
func (i *Instance) Steers() bool { return i.shared.steering != nil }

// Steer marks spans that are worth keeping, where that is asked for: then td must be
// the caller's own. It neither blocks nor panics, and changes nothing else.
func (i *Instance) Steer(td ptrace.Traces) { i.shared.steer(td) }

// SeeMetrics shows points to the engine while it runs. It neither blocks nor panics,
// and keeps nothing of md.
func (i *Instance) SeeMetrics(md pmetric.Metrics) { i.shared.seeMetrics(md) }
