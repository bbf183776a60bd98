package rootcauseprocessor

import (
	"go.opentelemetry.io/collector/component"

	"github.com/sage-rca/sage/internal/rootcause"
	"github.com/sage-rca/sage/processor/rootcauseprocessor/internal/metadata"
)

// instruments returns those that metadata.yaml describes.
func instruments(set component.TelemetrySettings) (*rootcause.Instruments, error) {
	b, err := metadata.NewTelemetryBuilder(set)
	if err != nil {
		return nil, err
	}
	return rootcause.InstrumentsOf(b)
}
