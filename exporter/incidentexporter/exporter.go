package incidentexporter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
)

// incidents is the exporter: it hands each destination the events that it wants.
type incidents struct {
	*telemetry
	destinations []*destination
}

// Capabilities implements consumer.Logs: what is handed on are copies.
func (*incidents) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// Start starts every destination.
func (x *incidents) Start(ctx context.Context, host component.Host) error {
	for _, d := range x.destinations {
		if err := d.Start(ctx, host); err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
	}
	return nil
}

// Shutdown stops every destination; each delivers what its queue holds first.
func (x *incidents) Shutdown(ctx context.Context) error {
	errs := make([]error, len(x.destinations))
	x.each(func(i int, d *destination) { errs[i] = d.Shutdown(ctx) })
	return errors.Join(errs...)
}

// each calls f of all destinations at once and waits: none waits for another.
func (x *incidents) each(f func(i int, d *destination)) {
	var all sync.WaitGroup
	for i, d := range x.destinations {
		all.Go(func() { f(i, d) })
	}
	all.Wait()
}

// ConsumeLogs picks the events out of ld. All else passes silently: what fills the
// queues is events only.
func (x *incidents) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	events, others := read(ld)
	for _, reason := range [...]string{noEvent, malformed} {
		x.ignored(ctx, reason, others[reason])
	}
	if len(events) == 0 {
		return nil
	}
	wanted := make([]bool, len(events))
	picked := make([]plog.Logs, len(x.destinations))
	for i, d := range x.destinations {
		var mine []event
		for j := range events {
			if d.courier.wants(events[j].name) {
				mine, wanted[j] = append(mine, events[j]), true
			}
		}
		picked[i] = write(mine)
	}
	for _, w := range wanted {
		if !w {
			x.ignored(ctx, notWanted, 1)
		}
	}
	errs := make([]error, len(x.destinations))
	x.each(func(i int, d *destination) {
		if picked[i].LogRecordCount() > 0 {
			errs[i] = d.ConsumeLogs(ctx, picked[i])
		}
	})
	return joined(errs)
}

// joined is what the caller is told of several destinations: where trying again
// helps with any, that it does. The others drop what they have already.
func joined(errs []error) error {
	again := slices.DeleteFunc(slices.Clone(errs), func(err error) bool { return err == nil || consumererror.IsPermanent(err) })
	if len(again) > 0 {
		return errors.Join(again...)
	}
	return errors.Join(errs...)
}
