// Package openslo reads objectives from files of OpenSLO v1
// (https://github.com/OpenSLO/OpenSLO) that describe indicators over spans. What
// cannot be watched is refused with its file, its line and the reason, all at once:
// an objective is never imported in part.
//
// Indicators over spans are metric sources of type otel-spans, whose spec is defined
// here (source.go), since OpenSLO leaves it to the source. Of latency:
//
//	thresholdMetric:
//	  metricSource:
//	    type: otel-spans
//	    spec: {operation: "POST /cart/*"}
//	objectives: [{op: lte, value: 0.5, target: 0.99}]   # seconds
//
// and of errors:
//
//	ratioMetric:
//	  counter: true
//	  bad: {metricSource: {type: otel-spans, spec: {operation: "*", status: error}}}
//	  total: {metricSource: {type: otel-spans, spec: {operation: "*"}}}
package openslo
