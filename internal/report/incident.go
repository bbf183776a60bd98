package report

import (
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/engine"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/incident"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/slo"
	"github.com/sage-rca/sage/internal/window"
)

// maxHurt is the number of objectives, and of services, that an incident lists as hurt.
const maxHurt = 50

// maxListed is the number of candidates, and of trace ids, that an incident lists.
const maxListed = 5

// incident appends the record of a transition and, where the incident opens or
// is updated, those of its candidates. The resource is the service whose SLO is
// hurt, by its identity only: pods come and go while an incident lasts.
func (w *writer) incident(e *incident.Event, m engine.ModelStatus) {
	a := w.record(source{service: e.SLO.RPC.Service}, EventIncident, e.Time, severityOf(e), incidentBody(e, m))
	a.exemplar(e.Exemplar)
	a.identity(e)
	a.text(attrUpdateReason, string(e.Reason))
	a.moment(attrStartTime, e.Start)
	a.moment(attrEndTime, e.End)
	a.number(attrDuration, e.Time.Sub(e.Start).Seconds())
	a.life(e)

	a.objective(e)
	if e.SLO.Objective.Learned {
		a.integer(attrSLOLearned, int64(e.SLO.Healthy))
	}
	a.observed(&e.SLO)
	if e.Requests > 0 && known(e.Requests) {
		a.integer(attrRequests, int64(math.Round(e.Requests)))
		a.number(attrBadRatio, e.Bad/e.Requests)
	}
	a.verdict(e)
	a.linked(e)
	a.traces(e)
	a.method(&e.Verdict, m)
	if !over(e) && !e.Verdict.Abstained {
		w.causes(e, m)
	}
}

// identity says which transition of which incident a record belongs to.
func (a attributes) identity(e *incident.Event) {
	a.text(attrIncidentID, e.ID)
	a.text(attrIncidentState, string(e.Phase))
	a.integer(attrIncidentSequence, int64(e.Sequence))
}

// life says what else is known of the life of an incident, and what is part of it.
func (a attributes) life(e *incident.Event) {
	if e.Onset.Known() {
		a.moment(attrOnset, e.Onset.Time)
		a.number(attrOnsetUncertainty, max(e.Onset.Time.Sub(e.Onset.Earliest), e.Onset.Latest.Sub(e.Onset.Time)).Seconds())
	}
	a.moment(attrFrozen, e.Frozen)
	if !e.Verdict.Abstained {
		a.integer(attrRecurrence, int64(e.Recurrence))
	}
	a.text(attrMergedInto, e.MergedInto)
	slos, services := hurt(e)
	a.texts(attrSLOs, slos)
	a.texts(attrServices, services)
}

// hurt lists the objectives that an incident stands for, its own first, and the
// services whose objectives they are; at most maxHurt of each.
func hurt(e *incident.Event) (slos, services []string) {
	add := func(to []string, name string) []string {
		if name == "" || len(to) >= maxHurt || slices.Contains(to, name) {
			return to
		}
		return append(to, name)
	}
	slos, services = add(nil, e.SLO.Objective.Name), add(nil, e.SLO.RPC.Service.String())
	for _, p := range e.Parts {
		slos, services = add(slos, p.SLO), add(services, p.RPC.Service.String())
	}
	return slos, services
}

// objective says what is violated.
func (a attributes) objective(e *incident.Event) {
	o := e.SLO.Objective
	a.text(attrSLOName, o.Name)
	a.text(attrSLOSource, origin(o.Learned))
	a.text(attrSLOIndicator, o.Indicator.String())
	a.text(attrSLOService, e.SLO.RPC.Service.Name)
	a.text(attrSLOOperation, e.SLO.RPC.Operation)
	if o.Target > 0 {
		a.number(attrSLOObjective, o.Target)
	}
	if o.Indicator == slo.Latency {
		a.number(attrSLOThreshold, o.Threshold.Seconds())
		a.number(attrSLOQuantile, o.Quantile)
	}
}

// observed says how far from its objective the operation is.
func (a attributes) observed(s *slo.State) {
	if s.Objective.Indicator == slo.Errors {
		a.number(attrErrors, s.Observed)
		a.number(attrUsual, s.Baseline)
	} else {
		a.number(attrObserved, s.Observed)
		a.number(attrBaseline, s.Baseline)
	}
	if s.Burn.Known() {
		a.number(attrBurnLong, s.Burn.Long)
		a.number(attrBurnShort, s.Burn.Short)
	}
	if s.Budget.Known() {
		a.number(attrBudget, s.Budget.Remaining)
	}
}

func origin(learned bool) string {
	if learned {
		return "learned"
	}
	return "configured"
}

// verdict says what is to blame, and what of that is known how well.
func (a attributes) verdict(e *incident.Event) {
	v := &e.Verdict
	a.truth(attrAbstained, v.Abstained)
	if v.Abstained || len(v.Culprits) == 0 {
		a.text(attrKind, string(rca.KindUnknown))
		a.text(attrAbstainReason, v.Reason)
	} else {
		a.texts(attrCauses, entities(v.Culprits))
		a.cause(&v.Culprits[0])
		a.texts(attrEvidence, v.Culprits[0].Evidence)
		if supposes(e, v.Quantile) {
			a.number(attrWhatIf, v.Quantile)
			a.number(attrWhatIfLower, v.Lower)
			a.number(attrWhatIfUpper, v.Upper)
			a.confidence(v)
			a.truth(attrRestores, v.RestoresSLO)
			a.text(attrIntervention, intervention(v.Culprits[:len(v.Culprits)-e.Others]))
		}
	}
	a.candidates(e)
	a.texts(attrRuledOut, v.RuledOut)
	if v.HopsTotal > 0 {
		a.integer(attrHopsObserved, int64(v.HopsObserved))
		a.integer(attrHopsTotal, int64(v.HopsTotal))
	}
}

// confidence is the level of the interval of a counterfactual.
func (a attributes) confidence(v *rca.Verdict) {
	if v.Confidence > 0 {
		a.number(attrConfidence, v.Confidence)
	}
}

// candidates are parallel lists, the most probable first.
func (a attributes) candidates(e *incident.Event) {
	cs := e.Verdict.Candidates[:min(len(e.Verdict.Candidates), maxListed)]
	mechanisms := make([]string, len(cs))
	probability, whatIf := make([]float64, len(cs)), make([]float64, len(cs))
	for i := range cs {
		mechanisms[i] = string(cs[i].Mechanism)
		probability[i], whatIf[i] = cs[i].Probability, cs[i].Quantile
	}
	a.texts(attrCandidateEntity, entities(cs))
	a.texts(attrCandidateMechanism, mechanisms)
	a.numbers(attrCandidateProbability, probability)
	if e.SLO.Objective.Indicator == slo.Latency {
		a.numbers(attrCandidateWhatIf, whatIf)
	}
}

// supposes reports whether a counterfactual tail is known, and of interest: it says
// nothing of errors.
func supposes(e *incident.Event, tail float64) bool {
	return e.SLO.Objective.Indicator == slo.Latency && known(tail)
}

// traces are slow requests, and usual ones to compare them with.
func (a attributes) traces(e *incident.Event) {
	list := func(key string, first window.Exemplar, more []window.Exemplar) {
		var ids []string
		for _, x := range append([]window.Exemplar{first}, more...) {
			if x.Span == (identity.Span{}) {
				continue
			}
			if id := traceID(x.Span); len(ids) < maxListed && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
		a.texts(key, ids)
	}
	list(attrTraceIDs, e.Exemplar, e.Slow)
	list(attrBaselineTraces, e.Baseline, e.Usual)
}

// method says who answered. The model's state stands also where the robust scorer
// did: it says why.
func (a attributes) method(v *rca.Verdict, m engine.ModelStatus) {
	a.text(attrMethod, string(v.Method))
	if v.Method == rca.MethodGVAE && !v.Abstained {
		a.text(attrSecondOpinion, opinion(v.Agreed))
	}
	a.text(attrSampling, string(m.Sampling))
	a.text(attrModelState, string(m.State))
	if m.Version > 0 {
		a.integer(attrModelVersion, int64(m.Version))
		a.number(attrModelAge, m.Age.Seconds())
	}
}

// opinion is what the robust scorer thinks of the model's first cause.
func opinion(agreed bool) string {
	if agreed {
		return "agrees"
	}
	return "differs"
}
