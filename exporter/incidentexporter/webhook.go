package incidentexporter

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sage-rca/sage/internal/eventlog"
)

// newWebhook returns the courier to a webhook.
func newWebhook(l *ledger, cfg *WebhookConfig) courier {
	return &sequence{
		ledger: l, listed: cfg.Events,
		http: &cfg.ClientConfig, contentType: "application/cloudevents+json; charset=utf-8",
		encode: func(ev *event) ([]byte, error) { return encodeCloudEvent(cfg.Source, ev) },
	}
}

// typePrefix makes the name of an event a type of CloudEvents, which begin with a
// domain of their maker.
const typePrefix = "io.github.sage-rca."

// cloudEvent is a CloudEvent 1.0 in its JSON format.
type cloudEvent struct {
	SpecVersion     string `json:"specversion"`
	ID              string `json:"id"`
	Source          string `json:"source"`
	Type            string `json:"type"`
	Subject         string `json:"subject,omitempty"`
	Time            string `json:"time,omitempty"`
	DataContentType string `json:"datacontenttype"`
	// Sequence is the extension of that name, whose values sort as text. PartitionKey
	// keeps the records of one incident together where brokers divide.
	Sequence     string         `json:"sequence,omitempty"`
	PartitionKey string         `json:"partitionkey,omitempty"`
	Data         cloudEventData `json:"data"`
}

// cloudEventData is the log record.
type cloudEventData struct {
	EventName    string         `json:"event_name"`
	Body         string         `json:"body"`
	SeverityText string         `json:"severity_text,omitempty"`
	Severity     int32          `json:"severity_number"`
	TraceID      string         `json:"trace_id,omitempty"`
	SpanID       string         `json:"span_id,omitempty"`
	Resource     map[string]any `json:"resource"`
	Attributes   map[string]any `json:"attributes"`
}

func encodeCloudEvent(source string, ev *event) ([]byte, error) {
	r := ev.record
	id, err := cloudEventID(ev)
	if err != nil {
		return nil, err
	}
	e := cloudEvent{
		SpecVersion: "1.0", ID: id, Source: source, Type: typePrefix + strings.TrimPrefix(ev.name, "rca."),
		Subject: ev.in.ID, DataContentType: "application/json", PartitionKey: ev.in.ID,
		Data: cloudEventData{
			EventName: ev.name, Body: r.Body().AsString(), SeverityText: r.SeverityText(), Severity: int32(r.SeverityNumber()),
			Resource: plain(ev.resource.Attributes()), Attributes: plain(r.Attributes()),
		},
	}
	if e.Subject == "" {
		e.Subject = text(ev.resource.Attributes(), "service.name")
	}
	if ev.in.ID != "" {
		e.Sequence = fmt.Sprintf("%010d", ev.in.Sequence)
	}
	at := r.Timestamp()
	if at == 0 {
		at = r.ObservedTimestamp()
	}
	if at != 0 {
		e.Time = at.AsTime().UTC().Format(time.RFC3339Nano)
	}
	if t := r.TraceID(); !t.IsEmpty() {
		e.Data.TraceID = t.String()
	}
	if s := r.SpanID(); !s.IsEmpty() {
		e.Data.SpanID = s.String()
	}
	b, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return b, nil
}

// cloudEventID is the same however often an event is delivered, by whatever
// Collector: of an incident its ID and sequence, of a candidate its rank too, of a
// change its ID, of anything else a digest of the record.
func cloudEventID(ev *event) (string, error) {
	switch ev.name {
	case eventlog.EventIncident:
		return fmt.Sprintf("%s/%d", ev.in.ID, ev.in.Sequence), nil
	case eventlog.EventRootCause:
		return fmt.Sprintf("%s/%d/%d", ev.in.ID, ev.in.Sequence, ev.rank()), nil
	case eventlog.EventChange:
		if id := text(ev.record.Attributes(), "rca.change.id"); id != "" {
			return id, nil
		}
		fallthrough
	default:
		b, err := new(plog.ProtoMarshaler).MarshalLogs(write([]event{*ev}))
		if err != nil {
			return "", fmt.Errorf("digest: %w", err)
		}
		sum := sha256.Sum256(b)
		return hex.EncodeToString(sum[:16]), nil
	}
}
