package rootcause

import "go.opentelemetry.io/otel/metric"

// Instruments are the metrics in which the engine speaks of itself, named as in
// metadata.yaml of each component, without rootcause_.
type Instruments struct {
	Events          metric.Int64Counter
	Failures        metric.Int64Counter
	Incidents       metric.Int64Counter
	IncidentsOpen   metric.Int64Gauge
	LimitsReached   metric.Int64Counter
	ModelAge        metric.Float64Gauge
	ModelState      metric.Int64Gauge
	ModelVersion    metric.Int64Gauge
	PointsRefused   metric.Int64Counter
	PointsUsed      metric.Int64Counter
	SpansNoted      metric.Int64Counter
	SpansRefused    metric.Int64Counter
	SpansUsed       metric.Int64Counter
	TrainingTime    metric.Float64Counter
	Trainings       metric.Int64Counter
	VerdictDuration metric.Float64Histogram
	Verdicts        metric.Int64Counter
	WindowsClosed   metric.Int64Counter
	WindowsRefused  metric.Int64Counter
}
