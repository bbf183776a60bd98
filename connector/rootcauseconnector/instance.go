package rootcauseconnector

import (
	"context"

	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/rootcause"
)

// traces stands behind traces pipelines.
type traces struct{ *rootcause.Instance }

// ConsumeTraces shows spans to the engine. It never fails: other exporters of the
// pipeline must not see ours.
func (c traces) ConsumeTraces(_ context.Context, td ptrace.Traces) error {
	c.SeeTraces(td)
	return nil
}

// metrics stands behind metrics pipelines.
type metrics struct{ *rootcause.Instance }

// ConsumeMetrics shows points to the engine. It never fails: other exporters of the
// pipeline must not see ours.
func (c metrics) ConsumeMetrics(_ context.Context, md pmetric.Metrics) error {
	c.SeeMetrics(md)
	return nil
}
