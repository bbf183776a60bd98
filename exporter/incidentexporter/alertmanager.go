package incidentexporter

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.uber.org/zap"

	"github.com/sage-rca/sage/internal/eventlog"
)

const (
	// maxAlerts bounds the incidents of one request, as Prometheus does its alerts.
	maxAlerts = 64
	// resolvedFor is how long alerts that are resolved are sent again, as Prometheus
	// does: an Alertmanager that is restarted before it has told of a recovery must
	// hear of it again.
	resolvedFor = 15 * time.Minute
)

// alertmanager is the courier to Alertmanager. What Alertmanager wants is not
// transitions but, again and again, what fires. So the book holds the alerts, a
// record changes one of them, and run sends all of them at every interval: what a
// request of the queue did not bring about, a later resend does.
type alertmanager struct {
	*ledger
	listed
	cfg     *AlertmanagerConfig
	timeout time.Duration
	post    *poster
	failing bool // the last resend failed; of run

	cancel context.CancelFunc
	done   chan struct{} // closed when run has returned
}

func newAlertmanager(l *ledger, cfg *AlertmanagerConfig, timeout time.Duration) courier {
	return &alertmanager{ledger: l, listed: listed{eventlog.EventIncident}, cfg: cfg, timeout: timeout}
}

// start makes the client and begins to resend.
func (a *alertmanager) start(ctx context.Context, host component.Host, set exporter.Settings) error {
	post, err := newPoster(ctx, &a.cfg.ClientConfig, "/api/v2/alerts", "application/json", nil, host, set.TelemetrySettings, set.BuildInfo)
	if err != nil {
		return err
	}
	a.startWith(ctx, post)
	return nil
}

// startWith launches run, which outlives ctx: that one ends when start-up does.
func (a *alertmanager) startWith(ctx context.Context, post *poster) {
	a.post = post
	ctx, a.cancel = context.WithCancel(context.WithoutCancel(ctx))
	a.done = make(chan struct{})
	restored := len(a.book.entries) > 0
	go func() {
		defer close(a.done)
		if restored { // alerts may be about to resolve themselves
			a.resend(ctx)
		}
		a.run(ctx)
	}()
}

// stop waits for run to return. Alerts are left as they are: another start takes
// them up again, or they resolve themselves.
func (a *alertmanager) stop(ctx context.Context) error {
	if a.cancel == nil {
		return nil
	}
	a.cancel()
	select {
	case <-a.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("still resending: %w", context.Cause(ctx))
	}
}

// deliver sends the alerts of events. Of several records of one objective the last
// is what counts.
func (a *alertmanager) deliver(ctx context.Context, events []event) ([]event, error) {
	if err := a.begin(ctx); err != nil {
		return events, err
	}
	defer a.end(ctx)
	changed := make(map[key]*event)
	var order []key
	for i := range events {
		ev := &events[i]
		k, p := objectiveKey(ev), position{Start: ev.start.UnixNano(), Sequence: ev.in.Sequence}
		if o := a.book.look(k, p); o != fresh {
			a.meter.refused(ctx, orderReasons[o])
			continue
		}
		if changed[k] == nil {
			order = append(order, k)
		} else {
			a.meter.refused(ctx, orderReasons[superseded])
		}
		changed[k] = ev
		severity, now := a.severity(k, ev), time.Now()
		a.put(ctx, k, entry{
			Position: p, Incident: ev.in.ID, State: ev.in.State, Ended: ev.ended(),
			Alert: newAlert(a.cfg, ev, severity, now), Outgrown: a.outgrown(k, ev, severity, now),
		})
	}
	// What was forgotten for later ones is not sent.
	order = slices.DeleteFunc(order, func(k key) bool { return a.book.entries[k] == nil })
	// Before it is sent: a Collector that is killed in between must not let fire, once
	// it is back, what has been resolved.
	a.keep(ctx)
	sent, err := a.send(ctx, order)
	if err == nil || consumererror.IsPermanent(err) {
		return nil, err
	}
	var left []event
	for _, k := range order[sent:] {
		left = append(left, *changed[k])
	}
	return left, err
}

// severity is that of the incident's first record, since it is a label, and labels
// stay; but what has become worse must reach whoever is not called for less.
func (a *alertmanager) severity(k key, ev *event) string {
	is := severityName(ev.severity)
	e := a.known(k, ev)
	if e == nil {
		return is
	}
	was := e.Alert.Labels["severity"]
	if !ev.ended() && is == critical {
		return is
	}
	return was
}

// known is what is known of an incident, nil where nothing is.
func (a *alertmanager) known(k key, ev *event) *entry {
	if e := a.book.entries[k]; e != nil && e.Incident == ev.in.ID && e.Alert != nil {
		return e
	}
	return nil
}

// outgrown is the alert of a lower severity that the incident had before, as resolved:
// with other labels it would be another one that fires on. It is sent for as long as
// resolved ones are.
func (a *alertmanager) outgrown(k key, ev *event, severity string, now time.Time) *alert {
	e := a.known(k, ev)
	switch {
	case e == nil:
		return nil
	case e.Alert.Labels["severity"] != severity:
		old := *e.Alert
		old.EndsAt = now
		return &old
	case e.Outgrown != nil && now.Sub(e.Outgrown.EndsAt) <= resolvedFor:
		return e.Outgrown
	default:
		return nil
	}
}

// send posts the alerts of keys, and returns how many were dealt with. Those that
// Alertmanager rejects are; the error is permanent then.
func (a *alertmanager) send(ctx context.Context, keys []key) (sent int, err error) {
	var rejected error
	for chunk := range slices.Chunk(keys, maxAlerts) {
		err := a.sendChunk(ctx, chunk)
		if err != nil && !consumererror.IsPermanent(err) {
			return sent, err
		}
		if err != nil {
			rejected = err
		}
		sent += len(chunk)
		a.tell(ctx, chunk, err)
	}
	return sent, rejected
}

func (a *alertmanager) sendChunk(ctx context.Context, keys []key) error {
	until := time.Now().Add(a.cfg.ValidFor)
	alerts := make([]alert, 0, len(keys))
	for _, k := range keys {
		e := a.book.entries[k]
		if old := e.Outgrown; old != nil && time.Since(old.EndsAt) <= resolvedFor {
			alerts = append(alerts, *old)
		}
		now := *e.Alert
		if now.EndsAt.IsZero() {
			now.EndsAt = until
		}
		alerts = append(alerts, now)
	}
	body, err := json.Marshal(alerts)
	if err != nil {
		return consumererror.NewPermanent(fmt.Errorf("encode alerts: %w", err))
	}
	return a.post.post(ctx, body)
}

// tell counts what Alertmanager has, or will not have, now for the first time.
func (a *alertmanager) tell(ctx context.Context, keys []key, err error) {
	for _, k := range keys {
		e := a.book.entries[k]
		if e.Sent {
			continue
		}
		e.Sent = true
		if err != nil {
			a.meter.refused(ctx, "rejected")
		} else {
			a.meter.delivered(ctx, eventlog.EventIncident, e.State)
		}
	}
}

// run sends what fires at every interval.
func (a *alertmanager) run(ctx context.Context) {
	ticker := time.NewTicker(a.cfg.ResendInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			a.resend(ctx)
		}
	}
}

// resend sends all alerts that fire, and those that have been resolved a moment ago.
func (a *alertmanager) resend(ctx context.Context) {
	if a.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, a.timeout)
		defer cancel()
	}
	if a.begin(ctx) != nil {
		return // stopped, or others have delivered all the while
	}
	defer a.end(ctx)
	now := time.Now()
	keys := slices.DeleteFunc(a.book.sorted(), func(k key) bool {
		e := a.book.entries[k]
		return e.Alert == nil || e.Ended && now.Sub(e.Heard) > resolvedFor
	})
	if len(keys) == 0 {
		return
	}
	sent, err := a.send(ctx, keys)
	if err != nil && ctx.Err() == context.Canceled {
		return
	}
	if consumererror.IsPermanent(err) {
		sent = 0 // which of them is not said
	}
	a.meter.resent(ctx, "delivered", sent)
	a.meter.resent(ctx, "failed", len(keys)-sent)
	// Once per outage, and not once per interval.
	if failed := err != nil; failed != a.failing {
		a.failing = failed
		if failed {
			a.log.Warn("Alerts cannot be sent again; they resolve themselves unless this ends.", zap.Duration("valid_for", a.cfg.ValidFor), zap.Error(err))
		} else {
			a.log.Info("Alerts are sent again.")
		}
	}
}
