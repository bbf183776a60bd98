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

// ConsumeTraces shows spans to the engine and hands them on unchanged, whatever
// happens inside.
func (p *traces) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	p.SeeTraces(td)
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
