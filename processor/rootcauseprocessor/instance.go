package rootcauseprocessor

import (
	"context"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/rootcause"
)

type traces struct {
	*rootcause.Instance
	next consumer.Traces
}

// Capabilities implements consumer.Consumer: data is shared and read only, unless
// steering marks spans.
func (p *traces) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: p.Steers()}
}

// ConsumeTraces shows spans to the engine and hands them on, whatever happens inside:
// unchanged, or with the mark of steering where that is enabled.
func (p *traces) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	p.SeeTraces(td)
	p.Steer(td)
	return p.next.ConsumeTraces(ctx, td)
}

type metrics struct {
	*rootcause.Instance
	next consumer.Metrics
}

// ConsumeMetrics shows points to the engine and hands them on unchanged,
// whatever happens inside.
func (p *metrics) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	p.SeeMetrics(md)
	return p.next.ConsumeMetrics(ctx, md)
}

type logs struct {
	*rootcause.Instance
	next consumer.Logs
}

// ConsumeLogs hands the user's own logs on unchanged.
func (p *logs) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	return p.next.ConsumeLogs(ctx, ld)
}
