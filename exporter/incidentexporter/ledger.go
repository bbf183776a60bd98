package incidentexporter

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

// ledger is a destination's book, kept in storage where one is configured. Who
// delivers has the turn, from before the book is looked into until what was
// delivered is noted: so nothing older is sent after what is newer.
type ledger struct {
	turn  chan struct{} // holds one token while somebody has the turn
	meter meter
	log   *zap.Logger

	id      component.ID // of the destination
	storage *component.ID

	book   *book          // of whoever has the turn
	client storage.Client // likewise; nil where nothing is stored
	saved  []byte         // likewise: what storage holds
}

func newLedger(cfg *Config, m meter, set exporter.Settings) *ledger {
	return &ledger{
		turn: make(chan struct{}, 1), meter: m, log: set.Logger,
		id: set.ID, storage: cfg.Storage,
		book: newBook(cfg.MaxIncidents, cfg.ForgetAfter),
	}
}

// open reads the book. One that cannot be read means an empty one.
func (l *ledger) open(ctx context.Context, host component.Host) error {
	client, err := openStorage(ctx, l.storage, l.id, host)
	if err != nil || client == nil {
		return err
	}
	l.client = client
	data, err := client.Get(ctx, storageKey)
	if err == nil && data != nil {
		err = l.book.unmarshal(data)
	}
	if err != nil {
		l.failed(ctx, "what was open before is not known", err)
	}
	l.meter.open(ctx, l.book.open())
	return nil
}

func (l *ledger) close(ctx context.Context) error {
	if l.client == nil {
		return nil
	}
	client := l.client
	l.client = nil
	if err := client.Close(ctx); err != nil {
		return fmt.Errorf("storage: %w", err)
	}
	return nil
}

// begin waits for the turn, and forgets what is too old.
func (l *ledger) begin(ctx context.Context) error {
	select {
	case l.turn <- struct{}{}:
		l.meter.forgotten(ctx, "silent", l.book.sweep(time.Now()))
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the turn: %w", context.Cause(ctx))
	}
}

// end writes the book down, also where there is no more time to deliver, and gives
// the turn back.
func (l *ledger) end(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	l.meter.open(ctx, l.book.open())
	l.keep(ctx)
	<-l.turn
}

// keep writes the book down. A failure is told; what is not kept is still delivered.
func (l *ledger) keep(ctx context.Context) {
	if l.client == nil {
		return
	}
	if err := l.save(ctx); err != nil {
		l.failed(ctx, "what is open is not kept over a restart", err)
	}
}

// save writes the book where it has changed: a resend changes nothing.
func (l *ledger) save(ctx context.Context) error {
	data, err := l.book.marshal()
	if err != nil || bytes.Equal(data, l.saved) {
		return err
	}
	if err := l.client.Set(ctx, storageKey, data); err != nil {
		return err
	}
	l.saved = data
	return nil
}

// put notes what is the last of k.
func (l *ledger) put(ctx context.Context, k key, e entry) {
	e.Heard = time.Now()
	if l.book.put(k, e) != nil {
		l.meter.forgotten(ctx, "incident_limit", 1)
	}
}

func (l *ledger) failed(ctx context.Context, what string, err error) {
	l.meter.storageFailed(ctx)
	l.log.Warn(what, zap.Error(err))
}
