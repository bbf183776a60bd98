package incidentexporter

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/sage-rca/sage/internal/eventlog"
)

// Bounds of the Events API v2.
const (
	maxSummary = 1024    // characters
	maxEvent   = 512_000 // bytes
)

// newPagerDuty returns the courier to PagerDuty.
func newPagerDuty(l *ledger, cfg *PagerDutyConfig) courier {
	least := severities[cfg.MinSeverity]
	return &sequence{
		ledger: l, listed: listed{eventlog.EventIncident},
		http: &cfg.ClientConfig, contentType: "application/json", secrets: []string{string(cfg.RoutingKey)},
		encode: func(ev *event) ([]byte, error) { return encodePagerDuty(cfg, ev) },
		refuse: func(ev *event) string {
			if ev.severity < least {
				return "below_min_severity"
			}
			return ""
		},
	}
}

// pagerDutyEvent is an event of the Events API v2.
type pagerDutyEvent struct {
	RoutingKey  string           `json:"routing_key"`
	EventAction string           `json:"event_action"` // trigger, resolve
	DedupKey    string           `json:"dedup_key"`
	Client      string           `json:"client,omitempty"`
	ClientURL   string           `json:"client_url,omitempty"`
	Payload     pagerDutyPayload `json:"payload"`
}

type pagerDutyPayload struct {
	Summary       string         `json:"summary"`
	Source        string         `json:"source"`
	Severity      string         `json:"severity"`
	Timestamp     string         `json:"timestamp,omitempty"`
	Component     string         `json:"component,omitempty"`
	Group         string         `json:"group,omitempty"`
	Class         string         `json:"class,omitempty"`
	CustomDetails map[string]any `json:"custom_details,omitempty"`
}

// encodePagerDuty makes an event of an incident: one that is open triggers, also
// where it is an update, since PagerDuty joins events of one key.
func encodePagerDuty(cfg *PagerDutyConfig, ev *event) ([]byte, error) {
	e := pagerDutyEvent{
		RoutingKey: string(cfg.RoutingKey), EventAction: "trigger", DedupKey: ev.in.ID, Client: "Sage",
		Payload: pagerDutyPayload{
			Summary: clip(summary(ev), maxSummary), Source: source(ev), Severity: severityName(ev.severity),
			Component: ev.in.Culprit, Group: ev.namespace, Class: ev.in.Mechanism,
			CustomDetails: plain(ev.record.Attributes()),
		},
	}
	if ev.ended() {
		e.EventAction = "resolve"
	}
	if at := ev.in.Time; at.Unix() > 0 {
		e.Payload.Timestamp = at.UTC().Format(time.RFC3339Nano)
	}
	if cfg.ClientURL != "" {
		e.ClientURL = link(cfg.ClientURL, ev)
	}
	e.Payload.CustomDetails["body"] = ev.in.Body
	b, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	if len(b) <= maxEvent {
		return b, nil
	}
	// Records of the processor are of some kilobytes; somebody has added to this one.
	e.Payload.CustomDetails = map[string]any{"body": clip(ev.in.Body, maxSummary), "shortened": fmt.Sprintf("attributes left out: the event had %d bytes", len(b))}
	e.Payload.Component, e.Payload.Group, e.Payload.Class = clip(e.Payload.Component, maxSummary), clip(e.Payload.Group, maxSummary), clip(e.Payload.Class, maxSummary)
	e.Payload.Source, e.ClientURL = clip(e.Payload.Source, maxSummary), ""
	if b, err = json.Marshal(e); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return b, nil
}

// summary is the first line of the body, never empty.
func summary(ev *event) string {
	first, _, _ := strings.Cut(ev.in.Body, "\n")
	if first = strings.TrimSpace(first); first == "" {
		return source(ev) + " violates its SLO"
	}
	return first
}

// source names the service whose SLO is hurt, or else the SLO.
func source(ev *event) string {
	switch {
	case ev.service == "":
		return ev.in.SLO
	case ev.namespace != "":
		return ev.namespace + "/" + ev.service
	default:
		return ev.service
	}
}
