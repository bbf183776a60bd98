package rca

import (
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// Rules of services that do not answer.
const (
	// stillServed is the share of the calls to be expected up to which a service serves nothing.
	stillServed = 0.02
	// likewise is the share of what is missing that must be missing elsewhere, or of the requests that
	// fail, for both to be one thing.
	likewise = 0.5
	// minAway is the least share of a service's requests that is told of a replica.
	minAway    = 0.05
	awayWithin = 10 // windows before the onset in which a replica served that does not any more
)

// silent is a service whose callers have no CLIENT spans, and which does not answer: it is gone, or one of
// its replicas is. Of a call that nobody answers there is no span then, so that all that shows is that
// there are fewer of them than the requests of its callers make usually.
type silent struct {
	service           identity.Service
	replica           string // that is gone, "" where all of the service is
	expected, missing float64
	calls             []missed
	called            bool // CLIENT spans tell of the calls; then some requests may be served
}

// missed is a kind of call of which some are missing.
type missed struct {
	edge  identity.Edge
	share float64 // of those to be expected
}

// silents returns the services that do not answer, sorted.
func (d *diagnosis) silents() []*silent {
	if d.listened {
		return d.quiet
	}
	d.listened = true
	if d.in.Habits == nil { // windows that somebody recorded: what is missing there may not have been written down
		return nil
	}
	all := make(map[identity.Service]*silent)
	for _, c := range d.in.Graph.Calls() {
		s := c.Edge.Callee.Service
		if !c.Unseen || c.Async || c.Leaf || s == c.Edge.Caller.Service {
			continue
		}
		expected, share, sure := d.shortfall(c.Edge)
		if !(expected > 0) {
			continue
		}
		if !sure {
			share = 0
		}
		x := all[s]
		if x == nil {
			x = &silent{service: s}
			all[s] = x
		}
		x.expected += expected
		x.missing += share * expected
		x.calls = append(x.calls, missed{c.Edge, share})
	}
	if len(all) == 0 {
		return nil
	}
	size := d.in.Snapshot.End - d.in.Snapshot.Start
	for s, x := range all {
		share := x.missing / x.expected
		if share < minMissing {
			continue
		}
		if !d.gone(x) {
			var usual float64
			x.replica, usual = d.in.Habits.away(s, d.in.Snapshot.Start, d.in.Onset-awayWithin*size, minAway)
			others := slices.ContainsFunc(x.calls, func(c missed) bool { return c.share < likewise*share }) // are answered as usual
			if x.replica == "" || share < likewise*usual || others {
				continue
			}
		}
		d.quiet = append(d.quiet, x)
	}
	slices.SortFunc(d.quiet, func(a, b *silent) int { return a.service.Compare(b.service) })
	return d.quiet
}

// unansweredMetric is the name under which calls that are missing are shown.
const unansweredMetric = "unanswered_calls"

// blame makes c the cause that s does not answer.
func (s *silent) blame(c *Cause) {
	c.Kind, c.Instance, c.Mechanism = s.kind(), s.replica, ErrorRate
	c.Metric, c.Observed, c.Usual = unansweredMetric, s.missing, 0
	c.Evidence = append([]string{s.text()}, c.Evidence...)
}

func (s *silent) kind() Kind {
	switch {
	case s.replica != "":
		return KindInstance
	case s.called:
		return KindService
	}
	return KindAbsence
}

// text is the evidence.
func (s *silent) text() string {
	t := number(math.Round(s.missing)) + " of " + number(math.Round(s.expected))
	if s.called {
		t += " calls fail without an answer"
	} else {
		t += " calls that its callers' requests usually make are missing"
	}
	if s.replica != "" {
		return "replica " + s.replica + " serves nothing: " + t
	}
	if s.called {
		return t
	}
	return "serves nothing: " + t
}
