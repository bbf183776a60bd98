package report

import (
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sage-rca/sage/internal/engine"
	"github.com/sage-rca/sage/internal/identity"
)

// maxStatus bounds what is said of the model: names may be as long as they like.
const maxStatus = 2000

// engine is the resource of what is about no service.
func (w *writer) engine() source {
	return source{service: identity.Service{Name: engineName}, instance: w.opt.Engine}
}

// model appends the record of the model's state. Its resource is the engine. How
// long training took is no part of it, since that is not the same twice: the
// Collector's own telemetry has it.
func (w *writer) model(m *engine.ModelStatus) {
	severity := plog.SeverityNumberInfo
	if m.State == engine.Degraded || m.Warning != "" {
		severity = plog.SeverityNumberWarn
	}
	a := w.record(w.engine(), EventModelStatus, m.Time, severity, modelBody(m))
	a.text(attrEngineID, w.opt.Engine)
	a.text(attrModelState, string(m.State))
	a.text(attrModelReason, clip(m.Reason, maxStatus))
	a.text(attrModelWarning, clip(m.Warning, maxStatus))
	a.text(attrSampling, string(m.Sampling))
	a.integer(attrModelWindows, int64(m.Windows))
	a.integer(attrWindowsNeeded, int64(m.WindowsNeeded))
	if m.Version == 0 && m.WindowsNeeded > 0 {
		a.number(attrModelProgress, min(1, float64(m.Windows)/float64(m.WindowsNeeded)))
	}
	a.texts(attrModelBehind, m.Behind[:min(len(m.Behind), maxListed)])
	a.integer(attrSLOsWatched, int64(m.Watched.Watched))
	a.integer(attrSLOsMeasured, int64(m.Watched.Measured))
	a.integer(attrSLOsLearning, int64(m.Watched.Learning))
	a.integer(attrIncidentsOpen, int64(m.Open))
	a.integer(attrModelServices, int64(m.Services))
	a.integer(attrModelNodes, int64(m.Nodes))
	a.integer(attrGraphVersion, int64(m.GraphVersion))
	if m.Version > 0 {
		a.integer(attrModelVersion, int64(m.Version))
		a.number(attrModelAge, m.Age.Seconds())
		a.number(attrHeldOutLoss, m.HeldOutLoss)
	}
}
