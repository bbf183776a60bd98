package report_test

import (
	"math"
	"slices"
	"time"

	"github.com/sage-rca/sage/internal/change"
	"github.com/sage-rca/sage/internal/engine"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/incident"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/sampling"
	"github.com/sage-rca/sage/internal/slo"
	"github.com/sage-rca/sage/internal/window"
)

var (
	start = time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)
	ready = engine.ModelStatus{State: engine.Ready, Sampling: sampling.None, Version: 3, Age: 90 * time.Second, HeldOutLoss: 0.4, Windows: 200, WindowsNeeded: 40, Nodes: 13, Services: 6, GraphVersion: 2, Time: start}
)

func rpc(service, operation string) identity.RPC {
	return identity.RPC{Service: identity.Service{Namespace: "shop", Name: service}, Operation: operation}
}

// examples are one event of each sort.
func examples() map[string]engine.Output {
	state := slo.State{
		Objective: slo.Objective{Name: "checkout-p99", Quantile: 0.99, Threshold: 500 * time.Millisecond, Target: 0.99},
		RPC:       rpc("frontend", "POST /cart"), Measured: true, Violated: true, Firing: true,
		Observed: 2.31, Baseline: 0.213, Count: 412, BadRatio: 0.22,
	}
	db := rca.Cause{
		Kind: rca.KindDependency, Mechanism: rca.CPU, Service: identity.Service{Namespace: "shop", Name: "payment-db"},
		Metric: "process.cpu.utilization", Observed: 0.97, Usual: 0.41, Probability: 0.81, Contribution: 0.9,
		Quantile: 0.43, Lower: 0.36, Upper: 0.55, Path: []string{"frontend", "checkout", "payment", "payment-db"},
		Evidence: []string{"process.cpu.utilization 0.97 vs 0.41 usual", "SELECT orders 1.9s vs 110ms usual", "412 requests"},
	}
	network := rca.Cause{
		Kind: rca.KindEdge, Mechanism: rca.Network, Service: identity.Service{Namespace: "shop", Name: "payment"},
		Edge:     identity.Edge{Caller: rpc("checkout", "Place"), Callee: rpc("payment", "Charge")},
		Instance: "", Metric: "network_latency", Observed: 0.041, Usual: 0.003, Probability: 0.09, Contribution: 0.1,
		Quantile: 2.2, Lower: 2.1, Upper: 2.3, Path: []string{"frontend", "checkout", "payment"}, Evidence: []string{"checkout>payment network 41ms vs 3ms usual"},
	}
	verdict := rca.Verdict{
		Method: rca.MethodGVAE, Culprits: []rca.Cause{db}, Candidates: []rca.Cause{db, network},
		Quantile: 0.43, Lower: 0.36, Upper: 0.55, RestoresSLO: true, Confidence: 0.9,
		RuledOut: []string{"memory", "traffic"}, HopsObserved: 5, HopsTotal: 6, Agreed: true,
	}
	event := func(p incident.Phase, sequence int, v rca.Verdict) engine.Output {
		e := incident.Event{
			ID: "inc-0123456789abcdef", Sequence: sequence, Phase: p, Time: start.Add(2 * time.Minute), Start: start,
			SLO: state, Verdict: v, Requests: 824, Bad: 181,
			Exemplar: window.Exemplar{Span: identity.Span{Trace: identity.TraceID{1}, ID: identity.SpanID{2}}, Duration: 3e9},
			Baseline: window.Exemplar{Span: identity.Span{Trace: identity.TraceID{3}, ID: identity.SpanID{4}}, Duration: 2e8},
		}
		return engine.Output{Incident: &e, ModelAt: ready}
	}
	out := map[string]engine.Output{
		"open":     event(incident.Open, 1, verdict),
		"update":   event(incident.Update, 2, verdict),
		"resolved": event(incident.Resolved, 3, verdict),
		"expired":  event(incident.Expired, 4, verdict),
	}
	out["update"].Incident.Reason = incident.ConfidenceChanged
	out["resolved"].Incident.End = start.Add(2 * time.Minute)
	out["resolved"].Incident.SLO.Observed = 0.22
	out["expired"].Incident.End = start.Add(48 * time.Hour)
	out["expired"].Incident.Time = out["expired"].Incident.End
	out["expired"].Incident.SLO.Observed = math.NaN()

	robust := verdict
	robust.Method, robust.Quantile, robust.Lower, robust.Upper, robust.RestoresSLO = rca.MethodRobust, math.NaN(), math.NaN(), math.NaN(), false
	bad := rca.Cause{
		Kind: rca.KindInstance, Mechanism: rca.Latent, Unmonitored: true, Service: identity.Service{Name: "cart"}, Instance: "cart-7", Probability: 0.6, Contribution: 1,
		Observed: math.NaN(), Usual: math.NaN(), Quantile: math.NaN(), Lower: math.NaN(), Upper: math.NaN(), Path: []string{"frontend", "cart"},
	}
	robust.Culprits, robust.Candidates = []rca.Cause{bad}, []rca.Cause{bad}
	out["open_robust"] = event(incident.Open, 1, robust)
	out["open_robust"].Incident.SLO.Objective.Learned, out["open_robust"].Incident.SLO.Healthy = true, 120
	cart := identity.Service{Namespace: "shop", Name: "cart"}
	node := verdict
	node.Candidates = slices.Clone(verdict.Candidates)
	node.Candidates[0].Kind, node.Candidates[0].Host, node.Candidates[0].Neighbours = rca.KindHost, "node-7", []identity.Service{cart}
	node.Candidates[0].Metric, node.Candidates[0].Evidence = "host.cpu.utilization", []string{"on node-7 shop/cart slower too", "host.cpu.utilization 0.97 vs 0.41 usual"}
	node.Culprits = node.Candidates[:1]
	out["open_host"] = event(incident.Open, 1, node)
	edge := verdict
	edge.Culprits, edge.Candidates, edge.RestoresSLO = []rca.Cause{network, db}, []rca.Cause{network, db}, false
	out["open_edge"] = event(incident.Open, 1, edge)
	out["unknown"] = event(incident.Open, 1, rca.Verdict{
		Method: rca.MethodRobust, Abstained: true, Reason: "no candidate explains the excess", RuledOut: []string{"cpu", "memory", "traffic"},
		Quantile: math.NaN(), Lower: math.NaN(), Upper: math.NaN(), HopsObserved: 3, HopsTotal: 5,
	})
	out["open_ticket"] = event(incident.Open, 1, verdict)
	ticket := &out["open_ticket"].Incident.SLO
	ticket.Ticket = true
	ticket.Burn = slo.Burn{Rule: slo.BurnRule{Long: 6 * time.Hour, Short: 30 * time.Minute, Factor: 6, Ticket: true}, Long: 6.2, Short: 7.5, Holds: true}
	ticket.Budget = slo.Budget{Period: 720 * time.Hour, Remaining: 0.62}

	failing := verdict
	failing.Method, failing.Candidates = rca.MethodRobust, []rca.Cause{db}
	failing.Candidates[0].Mechanism, failing.Candidates[0].Metric = rca.ErrorRate, "error_ratio"
	failing.Candidates[0].Observed, failing.Candidates[0].Usual = 0.05, 0
	failing.Candidates[0].Evidence = []string{"errors 5% vs 0% usual"}
	failing.Culprits = failing.Candidates
	out["open_errors"] = event(incident.Open, 1, failing)
	errors := out["open_errors"].Incident
	errors.Exemplar = window.Exemplar{}
	errors.SLO.Objective = slo.Objective{Name: "cart-errors", Indicator: slo.Errors, Quantile: 0.99, Target: 0.999}
	errors.SLO.Observed, errors.SLO.Baseline, errors.SLO.BadRatio = 0.041, 0.0002, 0.041
	errors.SLO.Burn = slo.Burn{Rule: slo.BurnRule{Long: time.Hour, Short: 5 * time.Minute, Factor: 14.4}, Long: 22, Short: 41, Holds: true}
	errors.SLO.Budget = slo.Budget{Period: 720 * time.Hour, Remaining: -0.3}

	changes(out, event, verdict)
	m, d := ready, ready
	d.State, d.Reason = engine.Degraded, "training failed: no finite loss"
	out["model_ready"] = engine.Output{Model: &m, ModelAt: m}
	m.Watched, m.Open = slo.Summary{Watched: 12, Measured: 9, Learning: 2, Firing: 1}, 1
	cold, warming, stale := ready, ready, ready
	cold.State, cold.Reason, cold.Version, cold.Windows = engine.Cold, "10 of 40 windows seen", 0, 10
	warming.State, warming.Reason, warming.Version, warming.Windows = engine.Warming, "the first model is being trained on 40 windows, and put in use in 2 at the earliest", 0, 40
	stale.Watched = m.Watched
	stale.State, stale.Behind = engine.Stale, []string{"shop/payment", "shop/payment-db"}
	stale.Reason = "shop/payment runs 2.3.1 since 03:01:00Z: some latencies are no longer what the model learned (server(shop/payment Charge)): the rest is still answered by the model"
	out["model_cold"] = engine.Output{Model: &cold, ModelAt: cold}
	out["model_warming"] = engine.Output{Model: &warming, ModelAt: warming}
	out["model_stale"] = engine.Output{Model: &stale, ModelAt: stale}
	out["model_degraded"] = engine.Output{Model: &d, ModelAt: d}
	warned := ready
	warned.Warning = `spans of shop/cart name more operations than limits.operations_per_service`
	out["model_warning"] = engine.Output{Model: &warned, ModelAt: warned}
	return out
}

// changes adds one change of each sort, and incidents that came after some.
func changes(out map[string]engine.Output, event func(incident.Phase, int, rca.Verdict) engine.Output, verdict rca.Verdict) {
	db := identity.Service{Namespace: "shop", Name: "payment-db"}
	payment := identity.Service{Namespace: "shop", Name: "payment"}
	put := func(name string, c change.Change) *change.Change {
		c.ID, c.Since, c.Noticed = "chg-0123456789abcdef", start.Add(-14*time.Minute), start.Add(-13*time.Minute)
		out[name] = engine.Output{Change: &c, ModelAt: ready}
		return &c
	}
	version := put("change_version", change.Change{Kind: change.Version, Service: db, Old: "2.3.0", New: "2.3.1"})
	put("change_rollback", change.Change{Kind: change.Version, Service: db, Old: "2.3.1", New: "2.3.0", Back: true})
	put("change_service_new", change.Change{Kind: change.ServiceNew, Service: payment})
	put("change_service_gone", change.Change{Kind: change.ServiceGone, Service: payment, Unanswered: 412})
	put("change_operations", change.Change{Kind: change.OperationsNew, Service: payment, Operations: []string{"A", "B", "C", "D", "E"}, Count: 7})
	put("change_operations_gone", change.Change{Kind: change.OperationsGone, Service: payment, Operations: []string{"A"}, Count: 1})
	cart := identity.Service{Namespace: "shop", Name: "cart"}
	put("change_hosts_new", change.Change{Kind: change.HostsNew, Hosts: []string{"node-1", "node-2", "node-3", "node-4", "node-5"}, Count: 7, Services: []identity.Service{cart}})
	put("change_hosts_back", change.Change{Kind: change.HostsNew, Hosts: []string{"node-7"}, Count: 1, Services: []identity.Service{cart, payment}, Back: true})
	lost := put("change_hosts_gone", change.Change{Kind: change.HostsGone, Hosts: []string{"node-7"}, Count: 1, Services: []identity.Service{cart, db, payment, {Name: "web"}}})
	replicas := put("change_replicas", change.Change{Kind: change.Replicas, Service: payment, Was: 5, Is: 3})

	out["open_after_deploy"] = event(incident.Open, 1, verdict)
	e := out["open_after_deploy"].Incident
	e.Onset = incident.Onset{Time: start.Add(-20 * time.Second), Earliest: start.Add(-50 * time.Second), Latest: start}
	e.Recurrence = 2
	other := func(i byte) window.Exemplar {
		return window.Exemplar{Span: identity.Span{Trace: identity.TraceID{i}, ID: identity.SpanID{i}}}
	}
	e.Slow, e.Usual = []window.Exemplar{e.Exemplar, other(5), other(6)}, []window.Exemplar{e.Baseline, other(7)}
	e.Changes = []incident.Linked{
		{Change: *version, Culprit: true, Compared: &change.Comparison{Operation: "SELECT", Old: 0.11, New: 1.9}},
		{Change: *replicas},
	}
	out["unknown_after_change"] = event(incident.Open, 1, rca.Verdict{Method: rca.MethodRobust, Abstained: true, Reason: "no candidate explains the excess"})
	out["unknown_after_change"].Incident.Changes = []incident.Linked{{Change: *replicas}}
	out["open_after_host"] = event(incident.Open, 1, verdict)
	silent := *lost
	silent.Noticed = time.Time{}
	out["open_after_host"].Incident.Changes = []incident.Linked{{Change: silent, Culprit: true}}
	out["update_after_host"] = event(incident.Update, 2, verdict)
	out["update_after_host"].Incident.Reason = incident.ConfidenceChanged
	out["update_after_host"].Incident.Changes = []incident.Linked{{Change: *lost, Culprit: true}}

	out["update_parts"] = event(incident.Update, 3, verdict)
	e = out["update_parts"].Incident
	e.Reason, e.Raised = incident.ImpactChanged, true
	e.Parts = []incident.Part{{SLO: "cart-errors", RPC: rpc("cart", "Add")}, {SLO: "orders-p99", RPC: rpc("frontend", "GET /orders")}}
	out["update_met_again"] = event(incident.Update, 4, verdict)
	again := out["update_met_again"].Incident
	again.Reason, again.Parts, again.SLO.Firing, again.SLO.Violated, again.SLO.Observed = incident.Heartbeat, e.Parts[:1], false, false, 0.2
	out["merged"] = event(incident.Resolved, 2, verdict)
	out["merged"].Incident.End, out["merged"].Incident.MergedInto = start.Add(2*time.Minute), "inc-fedcba9876543210"
	out["update_frozen"] = event(incident.Update, 2, verdict)
	out["update_frozen"].Incident.Reason, out["update_frozen"].Incident.Frozen = incident.Frozen, start.Add(time.Minute)
	out["update_frozen"].Incident.SLO.Observed = math.NaN()

	gone := rca.Cause{
		Kind: rca.KindAbsence, Mechanism: rca.ErrorRate, Service: payment, Metric: "unanswered_calls", Observed: 412, Probability: 0.99, Contribution: 1,
		Quantile: math.NaN(), Lower: math.NaN(), Upper: math.NaN(), Path: []string{"frontend", "checkout", "payment"},
		Evidence: []string{"no request served since 03:03:30Z", "410 of 412 calls to it failed"},
	}
	out["open_absence"] = event(incident.Open, 1, rca.Verdict{
		Method: rca.MethodRobust, Culprits: []rca.Cause{gone}, Candidates: []rca.Cause{gone},
		Quantile: math.NaN(), Lower: math.NaN(), Upper: math.NaN(), HopsObserved: 5, HopsTotal: 6,
	})
	deployed := verdict
	deployed.Candidates = slices.Clone(verdict.Candidates)
	deployed.Candidates[0].Kind, deployed.Candidates[0].Mechanism = rca.KindService, rca.Change
	deployed.Culprits = deployed.Candidates[:1]
	out["open_change"] = event(incident.Open, 1, deployed)
	out["open_change"].Incident.Changes = []incident.Linked{{Change: *version, Culprit: true}}
}
