package incidentexporter

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"

	"github.com/sage-rca/sage/exporter/incidentexporter/internal/metadata"
)

// NewFactory returns the factory of the exporter.
func NewFactory() exporter.Factory {
	return exporter.NewFactory(
		metadata.Type,
		createDefaultConfig,
		exporter.WithLogs(createLogs, metadata.LogsStability),
	)
}

func createLogs(ctx context.Context, set exporter.Settings, config component.Config) (exporter.Logs, error) {
	cfg := config.(*Config)
	tel, err := newTelemetry(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	e := &incidents{telemetry: tel}
	add := func(name string, newCourier func(*ledger) courier) error {
		d, err := newDestination(ctx, set, cfg, tel, name, newCourier)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		e.destinations = append(e.destinations, d)
		return nil
	}
	if a := cfg.Alertmanager.Get(); a != nil {
		if err := add("alertmanager", func(l *ledger) courier { return newAlertmanager(l, a, cfg.TimeoutConfig.Timeout) }); err != nil {
			return nil, err
		}
	}
	if p := cfg.PagerDuty.Get(); p != nil {
		if err := add("pagerduty", func(l *ledger) courier { return newPagerDuty(l, p) }); err != nil {
			return nil, err
		}
	}
	for i := range cfg.Webhooks {
		w := &cfg.Webhooks[i]
		if err := add("webhook."+webhookName(w, i), func(l *ledger) courier { return newWebhook(l, w) }); err != nil {
			return nil, err
		}
	}
	return e, nil
}
