package report

import (
	"encoding/hex"
	"strings"

	"github.com/sage-rca/sage/internal/engine"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/incident"
	"github.com/sage-rca/sage/internal/rca"
)

// causes appends one record per ranked candidate. Its resource is the candidate,
// so that it is found where the culprit's own telemetry is.
func (w *writer) causes(e *incident.Event, m engine.ModelStatus) {
	v := &e.Verdict
	for i := range v.Candidates[:max(0, min(len(v.Candidates), w.opt.Candidates))] {
		c := &v.Candidates[i]
		from := source{service: c.Service, instance: c.Instance, host: c.Host}
		if c.Service.IsZero() {
			from = source{service: e.SLO.RPC.Service}
		}
		a := w.record(from, EventRootCause, e.Time, severityOf(e), causeBody(e, i))
		a.exemplar(e.Exemplar)
		a.identity(e)
		a.objective(e)
		a.integer(attrRank, int64(i+1))
		a.truth(attrCulprit, i < len(v.Culprits)) // culprits come first
		a.cause(c)
		a.texts(attrEvidence, c.Evidence)
		if supposes(e, c.Quantile) {
			a.number(attrWhatIf, c.Quantile)
			a.number(attrWhatIfLower, c.Lower)
			a.number(attrWhatIfUpper, c.Upper)
			a.confidence(v)
			a.truth(attrRestores, c.Quantile <= e.SLO.Objective.Threshold.Seconds())
			a.text(attrIntervention, intervention(v.Candidates[i:i+1]))
		}
		a.method(v, m)
	}
}

// cause says what a cause is.
func (a attributes) cause(c *rca.Cause) {
	a.text(attrKind, string(c.Kind))
	a.text(attrMechanism, string(c.Mechanism))
	if c.Unmonitored {
		a.truth(attrUnmonitored, true)
	}
	a.text(attrCauseNamespace, c.Service.Namespace)
	a.text(attrCauseService, c.Service.Name)
	if c.Edge != (identity.Edge{}) {
		a.text(attrCaller, c.Edge.Caller.Service.Name)
		a.text(attrOperation, c.Edge.Callee.Operation)
	}
	if c.Kind == rca.KindHost { // the replica is only where it hurts most
		a.text(attrHost, c.Host)
		a.texts(attrNeighbours, neighbours(c))
	} else {
		a.text(attrInstance, c.Instance)
	}
	if c.Metric != "" {
		a.text(attrMetric, feature.ShownMetric(c.Metric))
		a.number(attrCauseObserved, c.Observed)
		a.number(attrCauseUsual, c.Usual)
	}
	a.number(attrProbability, c.Probability)
	a.number(attrContribution, c.Contribution)
	a.texts(attrPath, c.Path)
}

// neighbours are the services beside that of a cause which its host hurts, at most
// maxListed.
func neighbours(c *rca.Cause) []string {
	return names(c.Neighbours[:min(len(c.Neighbours), maxListed)])
}

// entity names what is to blame: a service, a replica of one, the host of one, or the
// way from one service to another.
func entity(c *rca.Cause) string {
	switch {
	case c.Kind == rca.KindHost:
		return "host " + c.Host + " of " + c.Service.String()
	case c.Kind == rca.KindEdge && !c.Edge.Caller.Service.IsZero():
		return c.Edge.Caller.Service.String() + " > " + c.Service.String()
	case c.Instance != "":
		return c.Service.String() + " replica " + c.Instance
	case c.Service.IsZero():
		return string(c.Kind)
	default:
		return c.Service.String()
	}
}

func entities(cs []rca.Cause) []string {
	out := make([]string, len(cs))
	for i := range cs {
		out[i] = entity(&cs[i])
	}
	return out
}

// intervention says what a counterfactual supposes.
func intervention(cs []rca.Cause) string {
	parts := make([]string, len(cs))
	for i := range cs {
		parts[i] = entity(&cs[i]) + " " + string(cs[i].Mechanism)
	}
	return strings.Join(parts, ", ") + " as usual"
}

func traceID(s identity.Span) string { return hex.EncodeToString(s.Trace[:]) }
