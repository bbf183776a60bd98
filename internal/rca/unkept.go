package rca

import (
	"fmt"

	"github.com/sage-rca/sage/internal/identity"
)

// unkept lists the mechanisms of which data of a service found no room in the record.
func (d *diagnosis) unkept(s identity.Service) []Mechanism {
	out := d.unkeptMetrics(s)
	if d.in.History != nil && d.in.History.Unkept(s).Spans {
		out = append(out, Network, QueueWait, Retry, ErrorRate)
	}
	return out
}

// unkeptMetrics lists those that metrics tell of.
func (d *diagnosis) unkeptMetrics(s identity.Service) []Mechanism {
	if d.in.History == nil {
		return nil
	}
	var out []Mechanism
	for _, name := range d.in.History.Unkept(s).Metrics {
		if m := MechanismOf(name); m != "" {
			out = append(out, m)
		}
	}
	return out
}

// seen says of a cause that nothing explains where nothing could: no metric is known of any
// resource of the service, or there was no room in the record for some.
func (d *diagnosis) seen(c *Cause) {
	if c.Mechanism != Latent || c.Metric != "" || c.Service.IsZero() {
		return
	}
	full := len(d.unkeptMetrics(c.Service)) > 0
	if full {
		c.Evidence = append(c.Evidence, "no room in the history for some of its metrics")
	}
	c.Unmonitored = full || !d.metrics.monitors(c.Service)
}

// unseen says for which services below the entry the record has no room, beginning with a
// semicolon, or "": who has no column can be the cause of nothing.
func (d *diagnosis) unseen() string {
	n, first := 0, identity.Service{}
	for _, c := range d.r.channels {
		if ch := d.r.g.Channels[c]; !ch.IsNetwork() && len(d.unkept(ch.Service)) > 0 {
			if n == 0 {
				first = ch.Service
			}
			n++
		}
	}
	switch n {
	case 0:
		return ""
	case 1:
		return "; the history has no room for values of " + first.String()
	default:
		return fmt.Sprintf("; the history has no room for values of %s and %d more", first, n-1)
	}
}
