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
	return &rootcause.Instruments{
		Events:          b.RootcauseEvents,
		Failures:        b.RootcauseFailures,
		Incidents:       b.RootcauseIncidents,
		IncidentsOpen:   b.RootcauseIncidentsOpen,
		LimitsReached:   b.RootcauseLimitsReached,
		ModelAge:        b.RootcauseModelAge,
		ModelState:      b.RootcauseModelState,
		ModelVersion:    b.RootcauseModelVersion,
		PointsRefused:   b.RootcausePointsRefused,
		PointsUsed:      b.RootcausePointsUsed,
		SpansNoted:      b.RootcauseSpansNoted,
		SpansRefused:    b.RootcauseSpansRefused,
		SpansUsed:       b.RootcauseSpansUsed,
		TrainingTime:    b.RootcauseTrainingTime,
		Trainings:       b.RootcauseTrainings,
		VerdictDuration: b.RootcauseVerdictDuration,
		Verdicts:        b.RootcauseVerdicts,
		WindowsClosed:   b.RootcauseWindowsClosed,
		WindowsRefused:  b.RootcauseWindowsRefused,
	}, nil
}
