package report

import (
	"fmt"
	"strings"

	"github.com/sage-rca/sage/internal/change"
	"github.com/sage-rca/sage/internal/identity"
)

// hostsBody is what a person reads of hosts that have come or gone, such as "hosts
// node-1, node-2 and 3 more are gone (ran cart, payment)".
func hostsBody(c *change.Change) string {
	verb := " is "
	if c.Count > 1 {
		verb = " are "
	}
	return hosts(c) + verb + fate(c) + hosted(c)
}

// fate says what has become of hosts.
func fate(c *change.Change) string {
	switch {
	case c.Kind == change.HostsGone && c.Noticed.IsZero():
		return "silent" // for all that is certain
	case c.Kind == change.HostsGone:
		return "gone"
	case c.Back:
		return "back"
	default:
		return "new"
	}
}

// hosts names hosts.
func hosts(c *change.Change) string {
	what := "host "
	if c.Count > 1 {
		what = "hosts "
	}
	return what + few(c.Hosts, c.Count)
}

// hosted says who runs on hosts, or ran there.
func hosted(c *change.Change) string {
	if len(c.Services) == 0 {
		return ""
	}
	verb := "runs "
	switch {
	case c.Kind == change.HostsGone:
		verb = "ran "
	case c.Count > 1:
		verb = "run "
	}
	return " (" + verb + few(names(c.Services), len(c.Services)) + ")"
}

// few names the first of some things, of which there are n.
func few(all []string, n int) string {
	shown := all[:min(len(all), maxFew)]
	text := make([]string, len(shown))
	for i := range shown {
		text[i] = clip(display(shown[i]), maxName/2)
	}
	out := strings.Join(text, ", ")
	if more := n - len(shown); more > 0 {
		out += fmt.Sprintf(" and %d more", more)
	}
	return out
}

// maxFew bounds the hosts, and the services on them, that a line names.
const maxFew = 3

// names are services as they are written.
func names(services []identity.Service) []string {
	out := make([]string, len(services))
	for i, s := range services {
		out[i] = s.String()
	}
	return out
}
