package rootcauseconnector

import (
	"context"

	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/sage-rca/sage/internal/rootcause"
)

// traces stands behind traces pipelines. Where there are two, before logs and before metrics
// pipelines, the Collector gives both all spans, and one reads them.
type traces struct {
	*rootcause.Instance
	reads bool
}

func readTraces(i *rootcause.Instance) traces { return traces{i, i.Claim(pipeline.SignalTraces)} }

// ConsumeTraces shows spans to the engine. It never fails: other exporters of the
// pipeline must not see ours.
func (c traces) ConsumeTraces(_ context.Context, td ptrace.Traces) error {
	if c.reads {
		c.SeeTraces(td)
	}
	return nil
}

// metrics stands behind metrics pipelines, likewise.
type metrics struct {
	*rootcause.Instance
	reads bool
}

func readMetrics(i *rootcause.Instance) metrics { return metrics{i, i.Claim(pipeline.SignalMetrics)} }

// ConsumeMetrics shows points to the engine. It never fails: other exporters of the
// pipeline must not see ours.
func (c metrics) ConsumeMetrics(_ context.Context, md pmetric.Metrics) error {
	if c.reads {
		c.SeeMetrics(md)
	}
	return nil
}
