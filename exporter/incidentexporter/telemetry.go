package incidentexporter

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/sage-rca/sage/exporter/incidentexporter/internal/metadata"
)

// telemetry counts what the exporter does. Its methods are safe for concurrent use.
type telemetry struct{ b *metadata.TelemetryBuilder }

func newTelemetry(set component.TelemetrySettings) (*telemetry, error) {
	b, err := metadata.NewTelemetryBuilder(set)
	if err != nil {
		return nil, fmt.Errorf("self-telemetry: %w", err)
	}
	return &telemetry{b: b}, nil
}

// with are attributes as pairs of key and value.
func with(pairs ...string) metric.MeasurementOption {
	var set []attribute.KeyValue
	for i := 0; i+1 < len(pairs); i += 2 {
		set = append(set, attribute.String(pairs[i], pairs[i+1]))
	}
	return metric.WithAttributeSet(attribute.NewSet(set...))
}

func (t *telemetry) ignored(ctx context.Context, reason string, n int64) {
	if n > 0 {
		t.b.IncidentIgnored.Add(ctx, n, with("reason", reason))
	}
}

// meter counts what one destination does.
type meter struct {
	*telemetry
	destination string
}

func (m meter) delivered(ctx context.Context, event, state string) {
	m.b.IncidentDelivered.Add(ctx, 1, with("destination", m.destination, "event", event, "state", state))
}

func (m meter) refused(ctx context.Context, reason string) {
	m.b.IncidentRefused.Add(ctx, 1, with("destination", m.destination, "reason", reason))
}

func (m meter) forgotten(ctx context.Context, reason string, n int64) {
	if n > 0 {
		m.b.IncidentForgotten.Add(ctx, n, with("destination", m.destination, "reason", reason))
	}
}

func (m meter) resent(ctx context.Context, outcome string, n int) {
	m.b.IncidentResent.Add(ctx, int64(n), with("destination", m.destination, "outcome", outcome))
}

func (m meter) open(ctx context.Context, n int64) {
	m.b.IncidentOpen.Record(ctx, n, with("destination", m.destination))
}

func (m meter) storageFailed(ctx context.Context) {
	m.b.IncidentStorageFailures.Add(ctx, 1, with("destination", m.destination))
}
