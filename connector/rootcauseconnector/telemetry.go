package rootcauseconnector

import (
	"go.opentelemetry.io/collector/component"

	"github.com/sage-rca/sage/connector/rootcauseconnector/internal/metadata"
	"github.com/sage-rca/sage/internal/rootcause"
)

// instruments returns those that metadata.yaml describes.
func instruments(set component.TelemetrySettings) (*rootcause.Instruments, error) {
	b, err := metadata.NewTelemetryBuilder(set)
	if err != nil {
		return nil, err
	}
	return rootcause.InstrumentsOf(b)
}
