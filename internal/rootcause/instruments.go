package rootcause

import (
	"fmt"
	"reflect"

	"go.opentelemetry.io/otel/metric"
)

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

// InstrumentsOf returns those of a component: builder points to the TelemetryBuilder that
// is generated from its metadata.yaml, a type of its own in each component, with a field
// Rootcause... for each. The error is of an instrument that metadata.yaml does not have.
func InstrumentsOf(builder any) (*Instruments, error) {
	out := new(Instruments)
	from, to := reflect.ValueOf(builder).Elem(), reflect.ValueOf(out).Elem()
	for k := range to.NumField() {
		name := "Rootcause" + to.Type().Field(k).Name
		f := from.FieldByName(name)
		if !f.IsValid() || f.Type() != to.Field(k).Type() || f.IsNil() {
			return nil, fmt.Errorf("rootcause: %s has no instrument %s of the type that it must have", from.Type(), name)
		}
		to.Field(k).Set(f)
	}
	return out, nil
}
