package incidentexporter

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// placeholder is what stands for a value in a link.
var placeholder = regexp.MustCompile(`\{[^{}]*\}`)

// linkValue is what a placeholder stands for.
func linkValue(name string, ev *event) (value string, known bool) {
	switch name {
	case "{incident_id}":
		return ev.in.ID, true
	case "{trace_id}":
		return ev.in.TraceID, true
	case "{service}":
		return ev.service, true
	case "{operation}":
		return ev.in.Operation, true
	case "{slo}":
		return ev.in.SLO, true
	default:
		return "", false
	}
}

// checkLink reports what is wrong with the template of a link.
func checkLink(template string) error {
	for _, name := range placeholder.FindAllString(template, -1) {
		if _, known := linkValue(name, new(event)); !known {
			return fmt.Errorf("%s is none of {incident_id}, {trace_id}, {service}, {operation}, {slo}", name)
		}
	}
	u, err := url.Parse(placeholder.ReplaceAllString(template, "x"))
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return errors.New("must be a URL that begins with http:// or https://")
	}
	return nil
}

// link fills in a template. There is no link where a value is not known: one that
// leads nowhere is worse than none.
func link(template string, ev *event) string {
	complete := true
	out := placeholder.ReplaceAllStringFunc(template, func(name string) string {
		value, _ := linkValue(name, ev)
		if value == "" {
			complete = false
		}
		// As in a query, but for the space, which a path may hold too.
		return strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
	})
	if !complete {
		return ""
	}
	return out
}
