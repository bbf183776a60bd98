package incidentexporter

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.uber.org/zap"

	"github.com/sage-rca/sage/internal/eventlog"
)

// sequence is a courier that posts one event after another.
type sequence struct {
	*ledger
	listed

	http        *confighttp.ClientConfig
	contentType string
	secrets     []string
	encode      func(*event) ([]byte, error)
	// refuse says why an event of an incident of which the destination does not know
	// is not for it, "" where it is.
	refuse func(*event) string

	post *poster
}

func (s *sequence) start(ctx context.Context, host component.Host, set exporter.Settings) error {
	var err error
	s.post, err = newPoster(ctx, s.http, "", s.contentType, s.secrets, host, set.TelemetrySettings, set.BuildInfo)
	return err
}

func (*sequence) stop(context.Context) error { return nil }

func (s *sequence) deliver(ctx context.Context, events []event) ([]event, error) {
	if err := s.begin(ctx); err != nil {
		return events, err
	}
	defer s.end(ctx)
	var rejected []error
	for i := range events {
		err := s.one(ctx, &events[i])
		switch {
		case err == nil:
		case consumererror.IsPermanent(err):
			rejected = append(rejected, err)
		default:
			if len(rejected) > 0 {
				s.log.Error("Events were rejected.", zap.Error(errors.Join(rejected...)))
			}
			return events[i:], err
		}
	}
	return nil, errors.Join(rejected...)
}

// one delivers an event, unless there is a reason not to.
func (s *sequence) one(ctx context.Context, ev *event) error {
	k, p := eventKey(ev), position{Sequence: ev.in.Sequence}
	if reason := s.reason(ev, k, p); reason != "" {
		s.meter.refused(ctx, reason)
		return nil
	}
	body, err := s.encode(ev)
	if err != nil {
		err = consumererror.NewPermanent(fmt.Errorf("%s: %w", ev.name, err))
	} else {
		err = s.post.post(ctx, body)
	}
	switch {
	case err == nil:
		s.meter.delivered(ctx, ev.name, ev.state())
	case consumererror.IsPermanent(err):
		s.meter.refused(ctx, "rejected")
	default:
		return err
	}
	if ev.in.ID != "" {
		s.put(ctx, k, entry{Position: p, Incident: ev.in.ID, State: ev.state(), Ended: ev.ended() || ev.name != eventlog.EventIncident, Sent: true})
	}
	return err
}

// reason says why an event is not delivered, "" where it is.
func (s *sequence) reason(ev *event, k key, p position) string {
	if ev.in.ID == "" {
		return ""
	}
	if o := s.book.look(k, p); o != fresh {
		return orderReasons[o]
	}
	if _, known := s.book.entries[k]; !known && s.refuse != nil {
		return s.refuse(ev)
	}
	return ""
}

// eventKey is that of an incident, or of one of its candidates.
func eventKey(ev *event) key { return key{Event: ev.name, Incident: ev.in.ID, Rank: ev.rank()} }
