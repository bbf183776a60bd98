package openslo

import (
	"time"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/slo"
)

// sourceType is the metric source that means the spans which the Collector receives.
const sourceType = "otel-spans"

// indicator is what an SLI over spans says.
type indicator struct {
	known     bool
	sort      slo.Indicator
	service   identity.Service // zero: that of the SLO
	operation string           // glob
	quantile  float64          // 0: the share of requests is watched
	threshold time.Duration    // of a ratioMetric of latency
	value     bool             // the threshold is the value of the objective, in unit
	unit      time.Duration
}

// indicator returns that of an SLO: its own, or one that it refers to.
func (n node) indicator(f map[string]node, parent node) indicator {
	own, ref := f["indicator"], f["indicatorRef"]
	if own.there() == ref.there() {
		ref.or(parent).refuse("either indicator or indicatorRef is needed")
	}
	switch {
	case own.there():
		return own.fields("metadata", "spec")["spec"].or(own).sli()
	case ref.there():
		sli, ok := n.in.slis[ref.text()]
		if !ok {
			ref.refuse("there is no SLI %q in these files", ref.text())
			return indicator{}
		}
		return sli.sli()
	default:
		return indicator{}
	}
}

// sli reads the spec of an SLI.
func (n node) sli() indicator {
	before := len(n.in.problems)
	f := n.fields("description", "thresholdMetric", "ratioMetric")
	threshold, ratio := f["thresholdMetric"], f["ratioMetric"]
	var out indicator
	switch {
	case threshold.there() == ratio.there():
		ratio.or(n).refuse("either thresholdMetric or ratioMetric is needed")
	case threshold.there():
		out = threshold.thresholdMetric()
	default:
		out = ratio.ratioMetric()
	}
	out.known = len(n.in.problems) == before
	return out
}

// thresholdMetric is the latency of requests, of which a share must be at most the
// objective's value; or a quantile of it, which must.
func (n node) thresholdMetric() indicator {
	s, ok := n.source("service", "operation", "quantile", "unit")
	if !ok {
		return indicator{}
	}
	out := indicator{service: s.service, operation: s.operation, value: true}
	if q := s.spec["quantile"]; q.there() {
		var ok bool
		if out.quantile, ok = q.number(); ok && !(out.quantile > 0 && out.quantile < 1) {
			q.refuse("quantile must be in (0, 1) (got %s)", q.Value)
		}
	}
	switch unit := s.spec["unit"].text(); unit {
	case "", "s":
		out.unit = time.Second
	case "ms":
		out.unit = time.Millisecond
	default:
		s.spec["unit"].refuse("unit must be s or ms (got %q)", unit)
	}
	return out
}

// ratioMetric is a share of good or bad requests: those without or with an error,
// or those up to or above a latency.
func (n node) ratioMetric() indicator {
	f := n.fields("counter", "good", "bad", "total", "rawType", "raw")
	for _, k := range []string{"rawType", "raw"} {
		if f[k].there() {
			f[k].refuse("%s is not supported: good or bad, and total, are counted from spans", k)
		}
	}
	if f["good"].there() == f["bad"].there() || !f["total"].there() {
		n.refuse("needs either good or bad, and total")
		return indicator{}
	}
	part, status, latency := f["good"], "ok", "faster_than"
	if f["bad"].there() {
		part, status, latency = f["bad"], "error", "slower_than"
	}
	total, ok := f["total"].source("service", "operation")
	s, also := part.source("service", "operation", "status", latency)
	if !ok || !also {
		return indicator{}
	}
	if s.service != total.service || s.operation != total.operation {
		part.refuse("must be of the service and operation of total")
	}
	out := indicator{service: s.service, operation: s.operation}
	switch byStatus, byLatency := s.spec["status"], s.spec[latency]; {
	case byStatus.there() == byLatency.there():
		part.refuse("needs either status: %s or %s in the spec of its metricSource", status, latency)
	case byLatency.there():
		out.threshold = byLatency.latency()
	default:
		out.sort = slo.Errors
		if v := byStatus.text(); v != status {
			byStatus.refuse("status must be %s here (got %q)", status, v)
		}
	}
	return out
}

// source is a metric source over spans.
type source struct {
	service   identity.Service // zero: that of the SLO
	operation string
	spec      map[string]node
}

// source reads the metricSource of n, whose spec has certain fields.
func (n node) source(known ...string) (source, bool) {
	at := n.fields("metricSource")["metricSource"]
	if !at.there() {
		n.refuse("metricSource is needed")
		return source{}, false
	}
	f := at.fields("metricSourceRef", "type", "spec")
	kind := f["type"].text()
	if ref := f["metricSourceRef"]; ref.there() {
		kind = ref.dataSource(kind)
	}
	if kind != sourceType {
		f["type"].or(at).refuse("metric sources of type %q are not supported: only %s, the spans that the Collector receives", kind, sourceType)
		return source{}, false
	}
	s := source{operation: "*", spec: f["spec"].fields(known...)}
	if o := s.spec["operation"].text(); o != "" {
		s.operation = o
	}
	if name := s.spec["service"]; name.there() {
		s.service = name.service(at)
	}
	return s, true
}

// dataSource returns the type of the DataSource that n refers to, which must be
// the one that is given beside it, where there is one.
func (n node) dataSource(kind string) string {
	spec, ok := n.in.sources[n.text()]
	if !ok {
		n.refuse("there is no DataSource %q in these files", n.text())
		return sourceType // said enough
	}
	f := spec.fields("description", "type", "connectionDetails")
	if c := f["connectionDetails"]; c.there() && len(c.Content) > 0 {
		c.refuse("connectionDetails are not supported: spans come through the pipeline")
	}
	of := f["type"].text()
	if kind != "" && kind != of {
		n.refuse("DataSource %q is of type %q, not %q", n.text(), of, kind)
	}
	return of
}
