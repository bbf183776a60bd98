package engine

import (
	"fmt"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// Shares of what came late from which on that is said, and below which it is not any more.
const (
	muchLate = 0.05
	lessLate = muchLate / 2
)

// leftOut remembers what of the data is not looked at, services for as long as what is new
// is watched: where some are missing, what they do is put down to others.
type leftOut struct {
	services, peers turned
	spans, points   lateness
	severed         severed
}

// turned are services for which there was no place, of the last window in which there were any.
type turned struct {
	of   window.Turned
	left int // windows
}

func (t *turned) observe(of window.Turned, keep int) {
	switch {
	case of.Count > 0:
		t.of, t.left = of, keep
	case t.left > 0:
		t.left--
	default:
		t.of = window.Turned{}
	}
}

// said says how many they are, and which.
func (t *turned) said() string {
	n := fmt.Sprint(t.of.Count)
	if t.of.Count >= window.MaxTurned {
		n += " or more"
	}
	names := make([]string, len(t.of.Services))
	for i, s := range t.of.Services {
		names[i] = s.String()
	}
	return n + ", such as " + quoted(names)
}

// lateness is the share of what came late, 0 where it is not worth a word.
type lateness float64

func (l *lateness) observe(share float64) {
	if share > muchLate || *l > 0 && share > lessLate {
		*l = lateness(share)
		return
	}
	*l = 0
}

func (r *leftOut) observe(s *window.Snapshot, keep int) {
	r.services.observe(s.Refused.Services, keep)
	r.peers.observe(s.Refused.Peers, keep)
	r.spans.observe(s.Refused.LateSpans)
	r.points.observe(s.Refused.LatePoints)
	r.severed.observe(s)
}

// tooMany says which services are not told apart, and what to do, or "".
func (r *leftOut) tooMany() string {
	out := ""
	if r.services.of.Count > 0 {
		out = "services that are not analysed: " + r.services.said() +
			": limits.services is reached, raise it, as what is slow there is put down to others"
	}
	if r.peers.of.Count > 0 {
		out = joined(out, "called services that count as one, \"other\": "+r.peers.said()+
			": limits.services is reached by what is called, stores included, raise it")
	}
	return out
}

// noRoom says of which services values are not kept, and what to do, or "".
func noRoom(of []identity.Service) string {
	if len(of) == 0 {
		return ""
	}
	return "the history has no room for values of " + listed(of, maxCrowds) +
		": what they lack, or that they are slow, may go unseen: raise limits.memory_mib, or shorten training.history"
}

// tooLate says how much comes late, and what to do, or "".
func (r *leftOut) tooLate() string {
	out := ""
	say := func(share lateness, of string) {
		if share > 0 {
			out = joined(out, fmt.Sprintf("%.0f %% of the %s of the last windows came after their window was closed, and are not used: raise lateness, or look for what holds them back", 100*float64(share), of))
		}
	}
	say(r.spans, "spans")
	say(r.points, "metric points")
	return out
}
