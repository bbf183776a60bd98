package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sage-rca/sage/internal/foreign"
)

// cause is a named root cause.
type cause struct {
	kind, service, caller, instance, host, mechanism string
	prob                                             float64
	culprit                                          bool
}

func (c cause) String() string {
	s := c.service
	if c.caller != "" {
		s = c.caller + ">" + s
	}
	if c.host != "" {
		s = "host " + c.host
	}
	if c.instance != "" {
		s += "#" + c.instance
	}
	return fmt.Sprintf("%s(%s,%s)", s, c.kind, c.mechanism)
}

// said is one record of an incident, with its candidates.
type said struct {
	at      time.Duration
	state   string
	slo     string
	body    string
	reason  string
	abstain bool
	causes  []cause
}

type incident struct {
	id   string
	said []*said
}

func str(r plog.LogRecord, k string) string {
	if v, ok := r.Attributes().Get(k); ok {
		return v.AsString()
	}
	return ""
}

func incidents(events []plog.LogRecord) (out []*incident) {
	by := make(map[string]*incident)
	recs := make(map[string]*said)
	for _, r := range events {
		key := str(r, "rca.incident.id") + "/" + str(r, "rca.incident.sequence")
		switch r.EventName() {
		case "rca.incident":
			id := str(r, "rca.incident.id")
			in := by[id]
			if in == nil {
				in = &incident{id: id}
				by[id] = in
				out = append(out, in)
			}
			s := &said{
				at: time.Duration(int64(r.Timestamp()) - foreign.Epoch), state: str(r, "rca.incident.state"), slo: str(r, "rca.slo.name"), body: r.Body().AsString(),
				abstain: str(r, "rca.abstained") == "true", reason: str(r, "rca.abstain.reason"),
			}
			in.said = append(in.said, s)
			recs[key] = s
		}
	}
	for _, r := range events {
		if r.EventName() != "rca.root_cause" {
			continue
		}
		s := recs[str(r, "rca.incident.id")+"/"+str(r, "rca.incident.sequence")]
		if s == nil {
			continue
		}
		c := cause{
			kind: str(r, "rca.root_cause.kind"), service: str(r, "rca.root_cause.service.name"), caller: str(r, "rca.root_cause.caller"), instance: str(r, "rca.root_cause.instance"),
			host: str(r, "rca.root_cause.host"), mechanism: str(r, "rca.root_cause.mechanism"), culprit: str(r, "rca.root_cause.culprit") == "true",
		}
		if v, ok := r.Attributes().Get("rca.root_cause.probability"); ok {
			c.prob = v.Double()
		}
		if c.service == "" {
			c.service = str(r, "resource.service.name")
		}
		s.causes = append(s.causes, c)
	}
	return out
}

// names reports whether a cause names a culprit. Names of stores may carry a port or
// a suffix.
func names(c cause, t foreign.Culprit) bool {
	if t.Host != "" {
		return c.host == t.Host
	}
	if c.host != "" && slices.Contains(t.Mechanisms, "disk") {
		return true
	}
	for _, n := range t.Names {
		for _, s := range []string{c.service, c.kind} {
			if s == n || strings.HasPrefix(s, n+":") || s == n+".shop" {
				return true
			}
		}
		if c.kind == "edge" && c.caller == n {
			return true
		}
	}
	return false
}

type verdict struct {
	top1, exact, abstained, mechanism bool
	text                              string
}

func judge(s *said, truth []foreign.Culprit) verdict {
	v := verdict{abstained: true}
	var named []cause
	for _, c := range s.causes {
		if c.culprit {
			named = append(named, c)
		}
	}
	var texts []string
	for _, c := range named {
		texts = append(texts, c.String())
	}
	v.text = strings.Join(texts, " ")
	if len(named) == 0 {
		v.text = "nobody (" + s.reason + ")"
		return v
	}
	v.abstained = false
	hit := make([]bool, len(truth))
	wrong := 0
	for i, c := range named {
		ok := false
		for k, t := range truth {
			if names(c, t) && (!hit[k] || !ok) {
				hit[k], ok = true, true
				if slices.Contains(t.Mechanisms, c.mechanism) {
					v.mechanism = true
				}
				break
			}
		}
		if i == 0 {
			v.top1 = ok
		}
		if !ok {
			wrong++
		}
	}
	v.exact = wrong == 0 && !slices.Contains(hit, false)
	return v
}

// table is what is printed of a run.
type table struct {
	out     io.Writer
	system  *foreign.System
	usual   foreign.Usual
	answers *foreign.Answers
	window  time.Duration
	verbose bool
}

// print prints episodes with the incidents in them, then the other incidents, and the
// states of the model.
func (t *table) print(episodes []foreign.Episode, events []plog.LogRecord) {
	all := incidents(events)
	claimed := make(map[*incident]bool)
	for i := range episodes {
		e := &episodes[i]
		until := e.End + 60*time.Second
		if i+1 < len(episodes) {
			until = min(until, episodes[i+1].Start)
		}
		var mine []*incident
		for _, in := range all {
			if at := in.said[0].at; at > e.Start && at <= until {
				mine = append(mine, in)
				claimed[in] = true
			}
		}
		t.episode(e, mine)
	}
	for _, in := range all {
		if x := in.said[0]; !claimed[in] {
			fmt.Fprintf(t.out, "FALSE at %s %s: %s\n", x.at.Round(time.Second), x.slo, firstLine(x.body))
		}
	}
	for _, r := range events {
		if r.EventName() == "rca.model.status" || t.verbose && r.EventName() == "rca.change" {
			fmt.Fprintf(t.out, "  %s %s\n", time.Duration(int64(r.Timestamp())-foreign.Epoch).Round(time.Second), firstLine(r.Body().AsString()))
			if w := str(r, "rca.model.warning"); w != "" {
				fmt.Fprintf(t.out, "      warning: %s\n", w)
			}
		}
	}
}

func (t *table) episode(e *foreign.Episode, mine []*incident) {
	hurt := hurtIn(t.system, t.usual, t.answers, e, t.window)
	truth := ""
	for _, f := range e.Faults {
		truth += fmt.Sprintf(" %s size %.3g", f.Service, f.Size)
	}
	for _, c := range e.Culprits {
		truth += fmt.Sprintf(" %v", append(c.Names, c.Host))
	}
	fmt.Fprintf(t.out, "%-8s %-24s hurt=%d/%d%s\n", e.Start.Round(time.Second), e.Name, hurt, int((e.End-e.Start)/t.window), truth)
	switch {
	case len(mine) == 0 && (e.Decoy || hurt < 3):
		fmt.Fprintf(t.out, "%s        SILENT ok\n", row(t.system, e, "silent"))
	case len(mine) == 0:
		fmt.Fprintf(t.out, "%s        MISSED\n", row(t.system, e, "missed"))
	}
	for k, in := range mine {
		tag := "answer"
		switch {
		case e.Decoy:
			tag = "false"
		case k > 0:
			tag = "second"
		}
		t.incident(e, in, tag)
	}
}

// incident prints what was said when it opened, and last while the fault was there.
func (t *table) incident(e *foreign.Episode, in *incident, tag string) {
	first, last := in.said[0], in.said[0]
	for _, x := range in.said {
		if x.at <= e.End+30*time.Second && (x.state == "open" || x.state == "update") {
			last = x
		}
	}
	f, l := judge(first, e.Culprits), judge(last, e.Culprits)
	if e.Faults[0].Kind.OfOne() && !slices.ContainsFunc(last.causes, func(c cause) bool { return c.culprit && c.instance != "" }) {
		l.text += " (the replica is not named)"
	}
	fmt.Fprintf(t.out, "%s        %-6s %-14s after %-4s open: %s %s | last: %s %s\n", row(t.system, e, tag), in.id[len(in.id)-4:], first.slo, (first.at - e.Start).Round(time.Second), mark(f), f.text, mark(l), l.text)
	if !t.verbose {
		return
	}
	for _, x := range in.said {
		fmt.Fprintf(t.out, "             %s %s: %s\n", x.at.Round(time.Second), x.state, strings.ReplaceAll(x.body, "\n", "\n                 "))
		for _, c := range x.causes {
			fmt.Fprintf(t.out, "                 candidate %v %s p=%.2f\n", c.culprit, c, c.prob)
		}
	}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

func row(s *foreign.System, e *foreign.Episode, tag string) string {
	return fmt.Sprintf("=%s|%s|%s|", s.Name, e.Name, tag)
}

func mark(v verdict) string {
	switch {
	case v.exact && v.mechanism:
		return "EXACT+"
	case v.exact:
		return "EXACT"
	case v.top1:
		return "TOP1"
	case v.abstained:
		return "ABST"
	default:
		return "WRONG"
	}
}

// hurtIn counts windows of an episode in which users of a kind got worse than the
// objectives.
func hurtIn(s *foreign.System, u foreign.Usual, a *foreign.Answers, e *foreign.Episode, window time.Duration) int {
	most := 0
	for i := range s.Users {
		n := 0
		w := a.Windows(i)
		for k := int(e.Start / window); k < int(e.End/window) && k < len(w); k++ {
			if w[k].Tail(0.99) > 2*u.Tail[i] || float64(w[k].Failed) > 0.02*float64(len(w[k].Took)) {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}
