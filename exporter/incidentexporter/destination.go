package incidentexporter

import (
	"context"
	"fmt"
	"slices"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
)

// courier takes events to a destination.
type courier interface {
	// wants says whether events of that name are for it.
	wants(event string) bool
	start(ctx context.Context, host component.Host, set exporter.Settings) error
	// stop works without start, and more than once.
	stop(ctx context.Context) error
	// deliver delivers events in their order. Where it fails and may be tried again
	// it returns those that are left; a permanent error means that none is.
	deliver(ctx context.Context, events []event) (left []event, err error)
}

// destination is a courier behind a queue of its own.
type destination struct {
	exporter.Logs
	name    string
	courier courier
}

// newDestination returns the destination name of the exporter set.ID. Queue,
// storage and telemetry know it as an exporter of its own, set.ID:name.
func newDestination(ctx context.Context, set exporter.Settings, cfg *Config, tel *telemetry, name string, newCourier func(*ledger) courier) (*destination, error) {
	id := name
	if set.ID.Name() != "" {
		id = set.ID.Name() + ":" + name
	}
	set.ID = component.NewIDWithName(set.ID.Type(), id)
	set.Logger = set.Logger.With(zap.String("destination", name))

	l := newLedger(cfg, meter{tel, name}, set)
	d := &destination{name: name, courier: newCourier(l)}
	var err error
	d.Logs, err = exporterhelper.NewLogs(ctx, set, cfg, d.push,
		exporterhelper.WithCapabilities(consumer.Capabilities{}),
		exporterhelper.WithTimeout(cfg.TimeoutConfig),
		exporterhelper.WithRetry(cfg.RetryConfig),
		exporterhelper.WithQueue(cfg.QueueConfig),
		exporterhelper.WithStart(func(ctx context.Context, host component.Host) error {
			if err := l.open(ctx, host); err != nil {
				return err
			}
			return d.courier.start(ctx, host, set)
		}),
		exporterhelper.WithShutdown(func(ctx context.Context) error {
			if err := d.courier.stop(ctx); err != nil {
				return err
			}
			return l.close(ctx)
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("exporter: %w", err)
	}
	return d, nil
}

// push delivers a request of the queue. Where some of it is delivered, only the
// rest is tried again.
func (d *destination) push(ctx context.Context, ld plog.Logs) error {
	events, _ := read(ld)
	left, err := d.courier.deliver(ctx, events)
	if err == nil || consumererror.IsPermanent(err) || len(left) == len(events) {
		return err
	}
	return consumererror.NewLogs(err, write(left))
}

// listed is the set of events that a courier wants.
type listed []string

func (l listed) wants(event string) bool { return slices.Contains(l, event) }
