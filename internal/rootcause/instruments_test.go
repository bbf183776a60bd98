package rootcause

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
)

// builder is a part of what is generated.
type builder struct {
	RootcauseEvents metric.Int64Counter
	meter           metric.Meter // what a real one has besides
}

func TestInstrumentsOf_whatIsMissingIsAnError(t *testing.T) {
	_, err := InstrumentsOf(&builder{})
	require.ErrorContains(t, err, "RootcauseEvents", "it was not made")
	b := &builder{RootcauseEvents: noop.Int64Counter{}, meter: noop.Meter{}}
	_, err = InstrumentsOf(b)
	assert.ErrorContains(t, err, "RootcauseFailures", "the next, in order")
}

// Every field of a builder that has all of them is taken over.
func TestInstrumentsOf_takesAll(t *testing.T) {
	of := reflect.TypeFor[Instruments]()
	var fields []reflect.StructField
	for f := range of.Fields() {
		fields = append(fields, reflect.StructField{Name: "Rootcause" + f.Name, Type: f.Type})
	}
	full := reflect.New(reflect.StructOf(fields))
	for k := range fields {
		for _, v := range []any{noop.Int64Counter{}, noop.Int64Gauge{}, noop.Float64Gauge{}, noop.Float64Counter{}, noop.Float64Histogram{}} {
			if reflect.TypeOf(v).Implements(fields[k].Type) {
				full.Elem().Field(k).Set(reflect.ValueOf(v))
			}
		}
	}
	got, err := InstrumentsOf(full.Interface())
	require.NoError(t, err)
	for k := range of.NumField() {
		assert.False(t, reflect.ValueOf(got).Elem().Field(k).IsNil(), of.Field(k).Name)
	}
}
