package rootcauseprocessor

import (
	"context"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"

	"github.com/sage-rca/sage/processor/rootcauseprocessor/internal/metadata"
)

// Each instrument is the one that metadata.yaml has under its name.
func TestInstruments(t *testing.T) {
	// A meter gives the same instrument for the same name.
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.Background())) })
	got, err := instruments(tel.NewTelemetrySettings())
	require.NoError(t, err)
	want, err := metadata.NewTelemetryBuilder(tel.NewTelemetrySettings())
	require.NoError(t, err)
	fields := reflect.ValueOf(got).Elem()
	for f := range fields.Type().Fields() {
		assert.Same(t, reflect.ValueOf(want).Elem().FieldByName("Rootcause"+f.Name).Interface(), fields.FieldByName(f.Name).Interface(), f.Name)
	}
}
