package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sage-rca/sage/internal/rca"
)

// phrase names a cause with its mechanism: "payment-db CPU", "mysql, slow itself", and
// of a host whom it hurts: "host node-7 CPU (payment-db, cart)".
func phrase(c *rca.Cause) string {
	if c.Kind == rca.KindHost {
		return how(c, "host "+clip(display(c.Host), maxName)) + " (" + hurtBy(c) + ")"
	}
	return how(c, clip(display(entity(c)), maxName))
}

// hurtBy lists whom a host hurts, most first.
func hurtBy(c *rca.Cause) string {
	return few(append([]string{c.Service.String()}, neighbours(c)...), 1+len(c.Neighbours))
}

// how adds the mechanism of a cause to its name.
func how(c *rca.Cause, name string) string {
	if c.Kind == rca.KindAbsence {
		return name + ", gone"
	}
	if c.Metric == rca.MixMetric {
		return "another mix of requests to " + name
	}
	switch c.Mechanism {
	case rca.Latent, "":
		if w := way(c.Metric); w != "" {
			return name + ", " + w
		}
		return name + ", slow itself"
	case rca.Traffic:
		return "more traffic to " + name
	case rca.Retry:
		return name + ", " + way(rca.CallsMetric)
	case rca.Pool:
		return name + ", waiting for a pool"
	case rca.Change:
		if w := way(c.Metric); w != "" {
			return name + ", " + w + " since its deploy"
		}
		return name + ", since its deploy"
	default:
		return name + " " + short(c.Mechanism)
	}
}

// way says how a service calls others now, "" for any other metric.
func way(metric string) string {
	switch metric {
	case rca.OverlapMetric:
		return "calls one after another"
	case rca.CallsMetric:
		return "more calls per request"
	case rca.MissMetric:
		return "more cache misses"
	}
	return ""
}

// short names a mechanism.
func short(m rca.Mechanism) string {
	switch m {
	case rca.CPU:
		return "CPU"
	case rca.GC:
		return "garbage collection"
	case rca.ErrorRate:
		return "errors"
	case rca.QueueWait:
		return "queue wait"
	case rca.Change:
		return "deploys"
	default:
		return display(string(m))
	}
}

// display is a name of somebody else's as part of one line: valid UTF-8 without
// control characters.
func display(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, valid(s))
}

// fits reports whether s may be a first line.
func fits(s string) bool { return len(s) <= maxLine }

// clip returns s, or as much of it as n bytes hold, at the boundary of a rune.
func clip(s string, n int) string {
	const more = "..."
	if len(s) <= n {
		return s
	}
	cut := max(0, n-len(more))
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + more
}

// sentence joins parts that are not empty, each ended by a full stop.
func sentence(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		if p == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(strings.TrimSuffix(p, "."))
		b.WriteByte('.')
	}
	return b.String()
}

// labelled is a line that begins with a label, empty where there is no text.
func labelled(label, text string) string {
	if text == "" {
		return ""
	}
	return fmt.Sprintf("%s: %s", label, display(text))
}

// lines joins lines that are not empty into a body. Where that is too long, the
// longest line gives way, and then the next.
func lines(all ...string) string {
	var kept []string
	size := -1
	for _, l := range all {
		if l != "" {
			kept = append(kept, l)
			size += len(l) + 1
		}
	}
	for size > maxBody {
		longest := 0
		for i := range kept {
			if len(kept[i]) > len(kept[longest]) {
				longest = i
			}
		}
		before := len(kept[longest])
		kept[longest] = clip(kept[longest], max(before-(size-maxBody), before*3/4))
		size -= before - len(kept[longest])
	}
	return strings.Join(kept, "\n")
}
