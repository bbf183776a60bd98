package report

// prefix of all that is Sage's own. OpenTelemetry has no conventions for alerts,
// incidents or root causes yet.
const prefix = "rca."

// scopeName is the instrumentation scope of the records.
const scopeName = "github.com/sage-rca/sage/processor/rootcauseprocessor"

// engineName is the service.name of what Sage says of itself.
const engineName = "sage"

// Names of the events.
const (
	EventIncident    = prefix + "incident"
	EventRootCause   = prefix + "root_cause"
	EventChange      = prefix + "change"
	EventModelStatus = prefix + "model.status"
)

// Attributes; docs/events.md says what each means.
const (
	attrEventName = "event.name"
	attrEngineID  = prefix + "engine.id"

	attrIncidentID       = prefix + "incident.id"
	attrIncidentState    = prefix + "incident.state"
	attrIncidentSequence = prefix + "incident.sequence"
	attrUpdateReason     = prefix + "incident.update_reason"
	attrStartTime        = prefix + "incident.start_time"
	attrEndTime          = prefix + "incident.end_time"
	attrDuration         = prefix + "incident.duration_s"
	attrOnset            = prefix + "incident.onset_time"
	attrOnsetUncertainty = prefix + "incident.onset_uncertainty_s"
	attrFrozen           = prefix + "incident.frozen_since"
	attrRecurrence       = prefix + "incident.recurrence"
	attrSLOs             = prefix + "incident.slos"
	attrMergedInto       = prefix + "incident.merged_into"

	attrSLOName      = prefix + "slo.name"
	attrSLOSource    = prefix + "slo.source"
	attrSLOLearned   = prefix + "slo.learned_windows"
	attrSLOIndicator = prefix + "slo.indicator"
	attrSLOService   = prefix + "slo.service.name"
	attrSLOOperation = prefix + "slo.operation"
	attrSLOObjective = prefix + "slo.objective"
	attrSLOThreshold = prefix + "slo.threshold_s"
	attrSLOQuantile  = prefix + "slo.quantile"
	attrBurnLong     = prefix + "slo.burn_rate.long"
	attrBurnShort    = prefix + "slo.burn_rate.short"
	attrBudget       = prefix + "slo.budget_remaining"

	attrObserved = prefix + "latency.observed_s"
	attrBaseline = prefix + "latency.baseline_s"
	attrErrors   = prefix + "errors.observed_ratio"
	attrUsual    = prefix + "errors.baseline_ratio"
	attrRequests = prefix + "impact.request_count"
	attrBadRatio = prefix + "impact.bad_ratio"
	attrServices = prefix + "impact.services"

	attrChangeID       = prefix + "change.id"
	attrChangeKind     = prefix + "change.kind"
	attrChangeService  = prefix + "change.service.name"
	attrChangeSince    = prefix + "change.since"
	attrChangeReturned = prefix + "change.returned"
	attrVersionOld     = prefix + "change.version.old"
	attrVersionNew     = prefix + "change.version.new"
	attrReplicasOld    = prefix + "change.replicas.old"
	attrReplicasNew    = prefix + "change.replicas.new"
	attrOperations     = prefix + "change.operations"
	attrOperationCount = prefix + "change.operation_count"
	attrUnanswered     = prefix + "change.unanswered_calls"
	attrChangeLead     = prefix + "change.lead_s"
	attrChanges        = prefix + "changes"

	attrCauses         = prefix + "root_causes"
	attrRank           = prefix + "root_cause.rank"
	attrCulprit        = prefix + "root_cause.culprit"
	attrKind           = prefix + "root_cause.kind"
	attrMechanism      = prefix + "root_cause.mechanism"
	attrCauseService   = prefix + "root_cause.service.name"
	attrCauseNamespace = prefix + "root_cause.service.namespace"
	attrCaller         = prefix + "root_cause.caller"
	attrOperation      = prefix + "root_cause.operation"
	attrInstance       = prefix + "root_cause.instance"
	attrMetric         = prefix + "root_cause.metric"
	attrCauseObserved  = prefix + "root_cause.observed"
	attrCauseUsual     = prefix + "root_cause.usual"
	attrProbability    = prefix + "root_cause.probability"
	attrContribution   = prefix + "root_cause.contribution"
	attrPath           = prefix + "root_cause.path"

	attrWhatIf       = prefix + "counterfactual.quantile_s"
	attrWhatIfLower  = prefix + "counterfactual.lower_s"
	attrWhatIfUpper  = prefix + "counterfactual.upper_s"
	attrConfidence   = prefix + "counterfactual.confidence_level"
	attrRestores     = prefix + "counterfactual.restores_slo"
	attrIntervention = prefix + "counterfactual.intervention"

	attrEvidence       = prefix + "evidence.metrics"
	attrTraceIDs       = prefix + "evidence.trace_ids"
	attrBaselineTraces = prefix + "evidence.baseline_trace_ids"

	attrCandidateEntity      = prefix + "candidates.entity"
	attrCandidateMechanism   = prefix + "candidates.mechanism"
	attrCandidateProbability = prefix + "candidates.probability"
	attrCandidateWhatIf      = prefix + "candidates.counterfactual_s"

	attrRuledOut      = prefix + "ruled_out"
	attrAbstained     = prefix + "abstained"
	attrAbstainReason = prefix + "abstain.reason"
	attrHopsObserved  = prefix + "coverage.hops_observed"
	attrHopsTotal     = prefix + "coverage.hops_total"
	attrSampling      = prefix + "data.sampling"

	attrMethod        = prefix + "method"
	attrSecondOpinion = prefix + "second_opinion"
	attrModelVersion  = prefix + "model.version"
	attrModelState    = prefix + "model.state"
	attrModelAge      = prefix + "model.age_s"
	attrModelReason   = prefix + "model.reason"
	attrModelWindows  = prefix + "model.windows"
	attrWindowsNeeded = prefix + "model.windows_needed"
	attrModelProgress = prefix + "model.progress"
	attrModelBehind   = prefix + "model.stale.services"
	attrSLOsWatched   = prefix + "slo.watched"
	attrSLOsMeasured  = prefix + "slo.measured"
	attrSLOsLearning  = prefix + "slo.learning"
	attrIncidentsOpen = prefix + "incident.open"
	attrModelServices = prefix + "model.services"
	attrModelNodes    = prefix + "model.nodes"
	attrGraphVersion  = prefix + "graph.version"
	attrHeldOutLoss   = prefix + "model.loss"
)
