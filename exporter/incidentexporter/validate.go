package incidentexporter

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/sage-rca/sage/internal/eventlog"
)

// problems collects all that is wrong with a configuration, each with the path
// of the setting in YAML.
type problems []error

func (p *problems) add(setting, format string, args ...any) {
	*p = append(*p, fmt.Errorf("%s: %s", setting, fmt.Sprintf(format, args...)))
}

func (p *problems) lasting(setting string, v time.Duration) {
	if v <= 0 {
		p.add(setting, "must be positive (got %s)", v)
	}
}

// Validate reports every bad setting at once. What HTTP clients, queue and retry
// have to say of their own settings the Collector asks them.
func (c *Config) Validate() error {
	var p problems
	if !c.Alertmanager.HasValue() && !c.PagerDuty.HasValue() && len(c.Webhooks) == 0 {
		p.add("alertmanager, pagerduty, webhooks", "at least one destination is needed")
	}
	if a := c.Alertmanager.Get(); a != nil {
		a.validate(&p)
	}
	if d := c.PagerDuty.Get(); d != nil {
		d.validate(&p)
	}
	names := make(map[string]int)
	for i := range c.Webhooks {
		c.Webhooks[i].validate(&p, i, names)
	}
	if c.MaxIncidents <= 0 {
		p.add("max_incidents", "must be positive (got %d)", c.MaxIncidents)
	}
	p.lasting("forget_after", c.ForgetAfter)
	return errors.Join(p...)
}

// labelName is what Alertmanager has always taken as the name of a label.
var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

func (c *AlertmanagerConfig) validate(p *problems) {
	p.endpoint("alertmanager.endpoint", c.ClientConfig.Endpoint)
	p.lasting("alertmanager.resend_interval", c.ResendInterval)
	if c.ValidFor < 2*c.ResendInterval {
		p.add("alertmanager.valid_for", "must be at least twice resend_interval, so that one resend may be lost (got %s)", c.ValidFor)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Labels)) {
		at := "alertmanager.labels." + name
		switch {
		case !labelName.MatchString(name):
			p.add(at, "is no name of a label")
		case slices.Contains(identityLabels, name):
			p.add(at, "is set from the incident")
		case c.Labels[name] == "":
			p.add(at, "must not be empty: Alertmanager drops empty labels")
		}
	}
	p.link("alertmanager.generator_url", c.GeneratorURL)
}

func (c *PagerDutyConfig) validate(p *problems) {
	p.endpoint("pagerduty.endpoint", c.ClientConfig.Endpoint)
	if c.RoutingKey == "" {
		p.add("pagerduty.routing_key", "must not be empty: it says which service is paged")
	}
	if _, known := severities[c.MinSeverity]; !known {
		p.add("pagerduty.min_severity", "must be info, warn or error (got %q)", c.MinSeverity)
	}
	p.link("pagerduty.client_url", c.ClientURL)
}

// webhookName is name, or the place in the list.
func webhookName(c *WebhookConfig, i int) string {
	if c.Name != "" {
		return c.Name
	}
	return strconv.Itoa(i + 1)
}

func (c *WebhookConfig) validate(p *problems, i int, names map[string]int) {
	at := func(setting string) string { return fmt.Sprintf("webhooks[%d].%s", i, setting) }
	p.endpoint(at("endpoint"), c.ClientConfig.Endpoint)
	name := webhookName(c, i)
	if j, taken := names[name]; taken {
		p.add(at("name"), "%q is taken by webhooks[%d]", name, j)
	}
	names[name] = i
	if id := new(component.ID); id.UnmarshalText([]byte("incident/"+name)) != nil {
		p.add(at("name"), "must have no spaces, symbols or control characters (got %q)", name)
	}
	if len(c.Events) == 0 {
		p.add(at("events"), "must name at least one event")
	}
	for j, e := range c.Events {
		if !slices.Contains(knownEvents, e) {
			p.add(fmt.Sprintf("%s[%d]", at("events"), j), "must be one of %s (got %q)", strings.Join(knownEvents, ", "), e)
		}
	}
	if u, err := url.Parse(c.Source); err != nil || c.Source == "" {
		p.add(at("source"), "must be a URI (got %q)", c.Source)
	} else if strings.ContainsAny(u.String(), " \t\n") {
		p.add(at("source"), "must be a URI without spaces (got %q)", c.Source)
	}
}

// endpoint checks a URL. What it holds may be secret, so it is not repeated.
func (p *problems) endpoint(setting, v string) {
	u, err := url.Parse(v)
	switch {
	case v == "":
		p.add(setting, "must not be empty")
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		p.add(setting, "must be a URL that begins with http:// or https://")
	}
}

// link checks a URL with placeholders; empty means none.
func (p *problems) link(setting, v string) {
	if v == "" {
		return
	}
	if err := checkLink(v); err != nil {
		p.add(setting, "%s", err)
	}
}

// knownEvents are the names of the events that there are.
var knownEvents = []string{eventlog.EventIncident, eventlog.EventRootCause, eventlog.EventChange, eventlog.EventModelStatus}
