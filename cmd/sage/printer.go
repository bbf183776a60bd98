package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sage-rca/sage/internal/eventlog"
)

// printer writes events for a person to read.
type printer struct {
	out   io.Writer
	color bool
	raw   bool // the log record of each incident too
	quiet bool // no states of the model
}

// ANSI colours of the states of an incident.
var stateColor = map[string]string{"open": "1;31", "update": "1;33", "resolved": "1;32", "expired": "1;90"}

const clock = "15:04:05Z"

// incident prints one transition: a line that says what and where, and for an
// incident that is not over, indented, why. raw prints the record as well.
func (p printer) incident(in eventlog.Incident, rl plog.ResourceLogs, sl plog.ScopeLogs, r plog.LogRecord) {
	fmt.Fprintf(p.out, "%s  %s  %s\n", in.Time.UTC().Format(clock), p.state(in.State), headline(in))
	if in.State != "resolved" && in.State != "expired" {
		for _, l := range reasons(in) {
			fmt.Fprintf(p.out, "           %-9s %s\n", l.label, l.text)
		}
	}
	if p.raw {
		p.record(rl, sl, r)
	}
}

func (p printer) state(state string) string {
	padded := fmt.Sprintf("%-8s", strings.ToUpper(state))
	if code := stateColor[state]; p.color && code != "" {
		return "\x1b[" + code + "m" + padded + "\x1b[0m"
	}
	return padded
}

// headline is "frontend /dispatch p95 712ms > 600ms (SLO dispatch)".
func headline(in eventlog.Incident) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", in.Service, in.Operation)
	over := in.State == "resolved" || in.State == "expired"
	if in.Observed > 0 {
		sign := ">"
		if in.Observed <= in.Threshold {
			sign = "<="
		}
		fmt.Fprintf(&b, " %s %s %s %s", quantile(in.Quantile), seconds(in.Observed), sign, seconds(in.Threshold))
	}
	if in.SLO != "" {
		fmt.Fprintf(&b, " (SLO %s)", in.SLO)
	}
	if in.Baseline > 0 && !over {
		fmt.Fprintf(&b, ", usually %s", seconds(in.Baseline))
	}
	if d := lasted(in); over && d > 0 {
		fmt.Fprintf(&b, " after %s", d)
	}
	switch {
	case in.MergedInto != "":
		fmt.Fprintf(&b, "; now part of %s", in.MergedInto)
	case over && in.Culprit != "":
		fmt.Fprintf(&b, "; it was %s", cause(in))
	}
	return b.String()
}

// line is one labelled line under a headline.
type line struct{ label, text string }

// reasons are the lines that explain an incident, in the order of a reader's
// questions: what is it, how sure, which way, what shows it, what else, where to
// look.
func reasons(in eventlog.Incident) []line {
	var ls []line
	add := func(label, text string) {
		if text != "" {
			ls = append(ls, line{label, text})
		}
	}
	if in.Abstained || in.Culprit == "" {
		why := "not identified"
		if in.AbstainReason != "" {
			why += ": " + in.AbstainReason
		}
		add("cause", why)
	} else {
		add("cause", fmt.Sprintf("%s (p=%.2f)", cause(in), in.Probability))
	}
	if len(in.Causes) > 1 {
		add("together", strings.Join(in.Causes, " + "))
	}
	if w := in.WhatIf; w.Known {
		met := "SLO met"
		switch {
		case w.Restores:
		case w.Quantile <= in.Threshold: // not likely enough
			met = "SLO perhaps met"
		default:
			met = "SLO still missed"
		}
		add("what if", fmt.Sprintf("were it normal: %s %s [%s-%s], %s",
			quantile(in.Quantile), seconds(w.Quantile), seconds(w.Lower), seconds(w.Upper), met))
	}
	add("path", strings.Join(in.Path, " > "))
	evidence := bodyLine(in.Body, "evidence:")
	if evidence == "" {
		evidence = strings.Join(in.Evidence, "; ")
	}
	add("evidence", evidence)
	if len(in.SLOs) > 1 {
		add("SLOs", strings.Join(in.SLOs, ", "))
	}
	var others []string
	for i, c := range in.Candidates {
		if i > 0 {
			others = append(others, fmt.Sprintf("%s %s (p=%.2f)", c.Entity, c.Mechanism, c.Probability))
		}
	}
	add("less so", strings.Join(others, ", "))
	add("not", strings.Join(in.RuledOut, ", "))
	add("trace", in.TraceID)
	by := in.Method
	if in.ModelState != "" {
		by += fmt.Sprintf(", model %s (version %d)", in.ModelState, in.ModelVersion)
	}
	add("judged by", by)
	add("incident", fmt.Sprintf("%s #%d%s", in.ID, in.Sequence, suffix(" ", in.UpdateReason)))
	return ls
}

// cause is "mysql (dependency): latent", "cart (host node-7): cpu".
func cause(in eventlog.Incident) string {
	text := in.Culprit
	if in.Kind != "" && in.Kind != "service" {
		text += " (" + in.Kind + suffix(" ", cmp.Or(in.Host, in.Instance)) + ")"
	}
	mechanism := in.Mechanism
	switch {
	case mechanism == "latent" && in.Unmonitored:
		mechanism = "latent, no resource of it is monitored"
	case mechanism == "latent":
		mechanism = "latent, no monitored resource explains it"
	}
	if in.Metric != "" {
		mechanism += " [" + in.Metric + "]"
	}
	return text + ": " + mechanism
}

func suffix(before, s string) string {
	if s == "" {
		return ""
	}
	return before + s
}

// bodyLine is the rest of the body's line that begins with label.
func bodyLine(body, label string) string {
	for l := range strings.Lines(body) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(l), label); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

func lasted(in eventlog.Incident) time.Duration {
	start, err := time.Parse(time.RFC3339, in.Start)
	if err != nil {
		return 0
	}
	return in.Time.Sub(start).Round(time.Second)
}

// quantile is "p99" or "p99.9".
func quantile(q float64) string { return "p" + strconv.FormatFloat(q*100, 'g', 4, 64) }

// seconds is a latency in three significant digits: 0.0312 is "31.2ms".
func seconds(s float64) string {
	if s < 0.9995 {
		return strconv.FormatFloat(s*1e3, 'g', 3, 64) + "ms"
	}
	return strconv.FormatFloat(s, 'f', 2, 64) + "s"
}

// model prints the state of the model in one line, and a warning of it in another.
func (p printer) model(r plog.LogRecord) {
	if p.quiet {
		return
	}
	p.line("model", r)
	for text := range strings.Lines(r.Body().AsString()) {
		if warning, ok := strings.CutPrefix(text, "warning: "); ok {
			fmt.Fprintf(p.out, "           %-8s  %s\n", "warning", strings.TrimSuffix(warning, "\n"))
		}
	}
}

// change prints what was noticed to have changed.
func (p printer) change(r plog.LogRecord) { p.line("change", r) }

// line prints the first line of a record's body.
func (p printer) line(label string, r plog.LogRecord) {
	text, _, _ := strings.Cut(r.Body().AsString(), "\n")
	fmt.Fprintf(p.out, "%s  %-8s  %s\n", r.Timestamp().AsTime().UTC().Format(clock), label, text)
}

// record prints one log record as OTLP JSON, with its resource and scope.
func (p printer) record(rl plog.ResourceLogs, sl plog.ScopeLogs, r plog.LogRecord) {
	text, err := (&plog.JSONMarshaler{}).MarshalLogs(alone(rl, sl, r))
	if err != nil {
		fmt.Fprintf(p.out, "           (%v)\n", err)
		return
	}
	fmt.Fprintf(p.out, "%s\n", text)
}

// alone copies one record into a request of its own.
func alone(rl plog.ResourceLogs, sl plog.ScopeLogs, r plog.LogRecord) plog.Logs {
	ld := plog.NewLogs()
	to := ld.ResourceLogs().AppendEmpty()
	rl.Resource().CopyTo(to.Resource())
	to.SetSchemaUrl(rl.SchemaUrl())
	scope := to.ScopeLogs().AppendEmpty()
	sl.Scope().CopyTo(scope.Scope())
	scope.SetSchemaUrl(sl.SchemaUrl())
	r.CopyTo(scope.LogRecords().AppendEmpty())
	return ld
}

// isTerminal says whether w shows colours, which NO_COLOR forbids.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
