package openslo

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/slo"
)

// objectives returns those of an SLO, each of which becomes one of ours. One of
// several is named after the SLO and itself.
func (n node) objectives() []Imported {
	before := len(n.in.problems)
	top := n.fields("apiVersion", "kind", "metadata", "spec")
	name := metadata(top["metadata"], n)
	spec := top["spec"].or(n)
	f := top["spec"].fields("description", "service", "indicator", "indicatorRef", "timeWindow", "budgetingMethod", "objectives", "alertPolicies")
	service := f["service"].service(spec)
	if m := f["budgetingMethod"].text(); m != "Occurrences" {
		f["budgetingMethod"].or(spec).refuse("budgetingMethod must be Occurrences: requests are counted, not slices of time (got %q)", m)
	}
	if len(f["alertPolicies"].items()) > 0 {
		f["alertPolicies"].refuse("alertPolicies are not supported: rule and burn_rates say when an incident opens")
	}
	period := f["timeWindow"].timeWindow()
	from := n.indicator(f, spec)
	list := f["objectives"].items()
	if len(list) == 0 {
		f["objectives"].or(spec).refuse("objectives must not be empty")
	}
	out := make([]Imported, 0, len(list))
	for i, o := range list {
		objective, label := from.objective(o, service)
		objective.Name, objective.Period = name, period
		if len(list) > 1 {
			if label == "" {
				label = fmt.Sprint(i + 1)
			}
			objective.Name += "/" + label
		}
		out = append(out, Imported{objective, n.file, o.Line})
	}
	if len(n.in.problems) > before {
		return nil // not in part
	}
	return out
}

// service returns the service that a name means.
func (n node) service(parent node) identity.Service {
	name := n.text()
	if name == "" || strings.HasSuffix(name, "/") {
		n.or(parent).refuse("service must be service.name or service.namespace/service.name (got %q)", name)
		return identity.Service{}
	}
	i := strings.LastIndexByte(name, '/')
	return identity.Service{Namespace: name[:max(0, i)], Name: name[i+1:]}
}

// timeWindow returns the period of the error budget, 0 where none is said.
func (n node) timeWindow() time.Duration {
	list := n.items()
	if len(list) == 0 {
		return 0
	}
	if len(list) > 1 {
		list[1].refuse("more than one timeWindow is not supported")
	}
	f := list[0].fields("duration", "isRolling", "calendar")
	if f["calendar"].there() || !strings.EqualFold(f["isRolling"].text(), "true") {
		f["calendar"].or(f["isRolling"].or(list[0])).refuse("timeWindow must be rolling (isRolling: true): budgets by calendar are not supported")
	}
	return f["duration"].or(list[0]).period()
}

// objective returns what an entry of objectives asks of an indicator, and its name.
func (i indicator) objective(n node, service identity.Service) (slo.Objective, string) {
	f := n.fields("displayName", "op", "value", "target", "targetPercent", "timeSliceTarget", "timeSliceWindow", "indicator", "indicatorRef", "compositeWeight")
	for _, k := range []string{"timeSliceTarget", "timeSliceWindow"} {
		if f[k].there() {
			f[k].refuse("%s is not supported: requests are counted, not slices of time", k)
		}
	}
	for _, k := range []string{"indicator", "indicatorRef", "compositeWeight"} {
		if f[k].there() {
			f[k].refuse("%s is not supported here: SLOs of several indicators are not watched", k)
		}
	}
	o := slo.Objective{
		Service: service, Operation: i.operation, Indicator: i.sort, Quantile: i.quantile, Threshold: i.threshold,
		Target: target(f["target"], f["targetPercent"], n),
	}
	if i.service != (identity.Service{}) {
		o.Service = i.service
	}
	switch {
	case !i.known:
	case i.value:
		o.Threshold = i.limit(f["op"], f["value"], n)
	case f["op"].there() || f["value"].there():
		f["op"].or(f["value"]).refuse("op and value are of a thresholdMetric: a ratioMetric has a target only")
	}
	return o, f["displayName"].text()
}

// limit returns the threshold of a thresholdMetric.
func (i indicator) limit(op, value, n node) time.Duration {
	if s := op.text(); s != "lte" {
		op.or(n).refuse("op must be lte: requests are good up to the threshold (got %q)", s)
	}
	v, ok := value.number()
	if !value.there() {
		n.refuse("value is needed: the latency up to which requests are good")
	}
	if !ok {
		return 0
	}
	ns := math.Round(v * float64(i.unit))
	if !(ns >= 1 && ns < math.MaxInt64) {
		value.refuse("value must be a positive latency (got %s)", value.Value)
		return 0
	}
	return time.Duration(ns)
}

// target returns the share of good requests.
func target(share, percent, n node) float64 {
	if share.there() == percent.there() {
		percent.or(n).refuse("either target or targetPercent is needed")
		return 0
	}
	at := share.or(percent)
	v, ok := at.number()
	if percent.there() {
		// Ten decimals of a percent, so that 99.9 of them are 0.999 and not 0.9990000000000001.
		v = math.Round(v*1e10) / 1e12
	}
	if ok && !(v > 0 && v < 1) {
		at.refuse("the target must be more than no and less than all requests (got %s)", at.Value)
	}
	return v
}
