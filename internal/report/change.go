package report

import (
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sage-rca/sage/internal/change"
	"github.com/sage-rca/sage/internal/incident"
)

// change appends the record of a change. Its resource is the service that changed, of
// hosts, on which many may run, who says so.
func (w *writer) change(c *change.Change) {
	of := source{service: c.Service}
	if len(c.Hosts) > 0 {
		of = w.engine()
	}
	a := w.record(of, EventChange, c.Noticed, plog.SeverityNumberInfo, lines(clip(sentence(changeBody(c)), maxLine)))
	a.changed(c)
	a.moment(attrChangeSince, c.Since)
	if c.Back {
		a.truth(attrChangeReturned, true)
	}
	if c.Kind == change.ServiceGone {
		a.number(attrUnanswered, c.Unanswered)
	}
	if len(c.Hosts) > 0 {
		a.integer(attrHostCount, int64(c.Count))
		a.texts(attrHosted, names(c.Services[:min(len(c.Services), maxListed)]))
	} else if c.Count > 0 {
		a.texts(attrOperations, c.Operations)
		a.integer(attrOperationCount, int64(c.Count))
	}
}

// changed says which change a record is about.
func (a attributes) changed(c *change.Change) {
	a.text(attrChangeID, c.ID)
	a.text(attrChangeKind, string(c.Kind))
	a.text(attrChangeService, c.Service.Name)
	a.text(attrVersionOld, c.Old)
	a.text(attrVersionNew, c.New)
	if c.Kind == change.Replicas {
		a.integer(attrReplicasOld, int64(c.Was))
		a.integer(attrReplicasNew, int64(c.Is))
	}
	a.texts(attrHosts, c.Hosts)
}

// changeBody is what a person reads of a change.
func changeBody(c *change.Change) string {
	name := clip(display(c.Service.String()), maxName)
	operations := func() string {
		text := display(strings.Join(c.Operations, ", "))
		if more := c.Count - len(c.Operations); more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		return text
	}
	switch c.Kind {
	case change.Version:
		before := clip(display(c.Old), maxName)
		if before == "" {
			before = "not said"
		}
		if c.Back {
			return fmt.Sprintf("%s runs %s again (before: %s)", name, clip(display(c.New), maxName), before)
		}
		return fmt.Sprintf("%s runs %s (before: %s)", name, clip(display(c.New), maxName), before)
	case change.ServiceNew:
		if c.Back {
			return name + " is back"
		}
		return name + " is new"
	case change.ServiceGone:
		text := fmt.Sprintf("%s has served nothing since %s", name, hour(c.Since))
		if c.Unanswered > 0 {
			text += fmt.Sprintf(", %.0f calls to it were not answered in the last window", c.Unanswered)
		}
		return text
	case change.OperationsNew:
		if c.Back {
			return name + " serves again: " + operations()
		}
		return name + " serves what it did not: " + operations()
	case change.OperationsGone:
		return name + " serves no more: " + operations()
	case change.HostsNew, change.HostsGone:
		return hostsBody(c)
	default:
		return fmt.Sprintf("%s has %d replicas (before: %d)", name, c.Is, c.Was)
	}
}

// hour is a time of the day in UTC.
func hour(t time.Time) string { return t.UTC().Format(time.TimeOnly) + "Z" }

// links are the changes before an incident as evidence, such as "deploy payment
// v2.3.1 14 min before onset".
func links(e *incident.Event) []string {
	out := make([]string, 0, len(e.Changes))
	for i := range e.Changes {
		out = append(out, link(&e.Changes[i], e))
	}
	return out
}

func link(l *incident.Linked, e *incident.Event) string {
	c := &l.Change
	name := clip(display(c.Service.String()), maxName)
	text := ""
	switch c.Kind {
	case change.Version:
		text = "deploy " + name + " " + clip(display(c.New), maxName)
	case change.Replicas:
		text = fmt.Sprintf("%s %d replicas instead of %d", name, c.Is, c.Was)
	case change.ServiceNew:
		text = name + " new"
		if c.Back {
			text = name + " back"
		}
	case change.ServiceGone:
		text = name + " gone"
	case change.HostsNew, change.HostsGone:
		text = hosts(c) + " " + fate(c) + hosted(c)
	default:
		text = display(changeBody(c))
	}
	text += " " + ahead(lead(l, e))
	if x := l.Compared; x != nil {
		text += fmt.Sprintf(" (%s %s vs %s of %s beside it)", quantile(e.SLO.Objective.Quantile), seconds(x.New), seconds(x.Old), clip(display(c.Old), maxName))
	}
	return text
}

// lead is how long before the incident a change came.
func lead(l *incident.Linked, e *incident.Event) time.Duration {
	return max(0, e.Start.Sub(l.Change.Since))
}

func ahead(d time.Duration) string {
	switch {
	case d <= 0:
		return "at onset"
	case d < time.Minute:
		return fmt.Sprintf("%.0f s before onset", d.Seconds())
	default:
		return fmt.Sprintf("%.0f min before onset", d.Minutes())
	}
}

// linked says which change came before an incident: the most telling one whole, all
// as text.
func (a attributes) linked(e *incident.Event) {
	if len(e.Changes) == 0 {
		return
	}
	a.changed(&e.Changes[0].Change)
	a.number(attrChangeLead, lead(&e.Changes[0], e).Seconds())
	a.texts(attrChanges, links(e))
}
