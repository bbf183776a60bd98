package evaluate

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sage-rca/sage/internal/engine"
	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/incident"
	"github.com/sage-rca/sage/internal/method"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/window"
)

// Protocol is how a timeline is played: the settings of the engine.
type Protocol struct {
	MinWindows int // before the first training
	Interval   time.Duration
	Model      gvae.Config
	Seed       uint64
	// NoTraining leaves the default to its robust scorer.
	NoTraining bool
	// Plain trains the published method's model (type plain) in place of the
	// engine's, which then does not train.
	Plain bool
}

// Asked is what a set of methods answered to a timeline.
type Asked struct {
	Incidents []*Incident // that hurt users, in order of time
	Harmless  int         // incidents of which the fault hurt nobody, left out
	Decoys    Decoys
	// Training is the CPU time of the first training, All that of all.
	Training, All time.Duration
	Trainings     int
}

// Stream plays a timeline through an engine, as a Collector would, and asks methods
// about every violated window of an incident, at most the first three. The
// engine's own verdicts, which decide about its incidents, are those of the first
// method. All methods see the same windows, graph, onset and model.
func Stream(ctx context.Context, t *Timeline, p Protocol, methods []method.Method) (*Asked, error) {
	s := &stream{timeline: t, methods: methods, asked: &Asked{}, incidents: make(map[*Episode]*Incident)}
	if p.Plain {
		m := plain{cfg: p.Model, asked: s.asked}
		s.model = func(in rca.Input) (rca.Input, error) { return m.with(ctx, in) }
	}
	for i := range t.Episodes {
		if e := &t.Episodes[i]; !e.Decoy && !e.Taught {
			s.incident(e)
		}
	}
	e, err := engine.New(p.engine(t, s.diagnose), nil, s, s.emit)
	if err != nil {
		return nil, fmt.Errorf("evaluate: %s: %w", t.Name, err)
	}
	if err := e.Start(ctx); err != nil {
		return nil, fmt.Errorf("evaluate: %s: %w", t.Name, err)
	}
	for _, w := range t.Snapshots {
		e.Offer(w)
	}
	if err := e.Close(ctx); err != nil {
		return nil, fmt.Errorf("evaluate: %s: %w", t.Name, err)
	}
	if err := errors.Join(s.failures...); err != nil {
		return nil, fmt.Errorf("evaluate: %s: %w", t.Name, err)
	}
	s.healthy()
	return s.asked, nil
}

// The engine's settings that the tables do not vary.
const (
	openViolated, openOf, resolveAfter = 2, 3, 3
	minRequests                        = 10
	publishAfter                       = 2
	maxColumns                         = 500_000
	forgetWindows                      = 1000
)

func (p Protocol) engine(t *Timeline, diagnose func(rca.Input, rca.Config) rca.Verdict) engine.Config {
	n := len(t.Snapshots) + 1
	return engine.Config{
		Window:   t.Window,
		SLO:      rules(t.Objective),
		RCA:      rca.Config{Seed: p.Seed},
		Incident: incident.Config{MaxOpen: 16},
		Training: engine.Training{
			Enabled: !p.NoTraining && !p.Plain, History: time.Duration(n) * t.Window, MinWindows: p.MinWindows, Interval: p.Interval,
			CPUBudget: 1, PublishAfter: publishAfter, Await: true, Model: p.Model,
		},
		MaxPending: n, MaxColumns: maxColumns, MaxCheckpoint: 1, ForgetWindows: forgetWindows,
		ModelHeartbeat: 24 * time.Hour, HistoryEvery: n, Diagnose: diagnose,
	}
}

// stream is one timeline under way. The engine's goroutine owns it but for what
// mu guards.
type stream struct {
	timeline  *Timeline
	methods   []method.Method
	asked     *Asked
	incidents map[*Episode]*Incident
	last      rca.Verdict
	model     func(rca.Input) (rca.Input, error) // nil: the engine's

	mu       sync.Mutex // guards everything below
	failures []error
}

func (s *stream) incident(e *Episode) {
	if !e.Violated {
		s.asked.Harmless++
		return
	}
	in := newIncident(e.Truth, e.Start, s.methods)
	in.without = s.timeline.Without
	s.incidents[e] = in
	s.asked.Incidents = append(s.asked.Incidents, in)
}

// diagnose asks all methods. What lies outside of incidents, and what comes after
// the first windows of one, is the default's to answer as it did before.
func (s *stream) diagnose(in rca.Input, _ rca.Config) rca.Verdict {
	at := in.Snapshot.Start
	episode := s.episode(at)
	inc := s.incidents[episode]
	if inc == nil || at >= episode.End || len(inc.starts) >= maxVotes {
		return s.last
	}
	if s.model != nil {
		var err error
		if in, err = s.model(in); err != nil {
			s.failed(err)
			return s.last
		}
	}
	s.last = verdict(inc.ask(s.methods, in, s.number(episode, at)))
	return s.last
}

// number counts windows from the one in which the episode begins, which is 1.
func (s *stream) number(e *Episode, at int64) int {
	size := int64(s.timeline.Window)
	return 1 + int(at/size-e.Start/size)
}

// verdict is enough of an answer for the engine to keep its incidents by.
func verdict(a *method.Answer) rca.Verdict {
	v := rca.Verdict{Method: rca.MethodGVAE, Abstained: len(a.Culprits) == 0, Reason: a.Reason, Quantile: a.Quantile, Lower: a.Lower, Upper: a.Upper}
	for _, c := range a.Culprits {
		v.Culprits = append(v.Culprits, rca.Cause{Kind: rca.KindService, Service: c.Service, Mechanism: c.Mechanism, Probability: c.Probability})
	}
	v.Candidates = v.Culprits
	return v
}

// episode returns the episode that a window shows, nil where there is none.
func (s *stream) episode(start int64) *Episode {
	for i := range s.timeline.Episodes {
		if e := &s.timeline.Episodes[i]; e.covers(start, s.timeline.Window) {
			return e
		}
	}
	return nil
}

// emit counts the incidents that the engine opens where nothing was wrong: neither
// in the window that opened it nor, where nothing was done to that, at its onset. A fault
// whose tail crept above the objective for a window at most is no decoy, and an
// incident that it opens is not false.
func (s *stream) emit(_ context.Context, out []engine.Output) {
	for _, o := range out {
		if o.Incident == nil || o.Incident.Phase != incident.Open {
			continue
		}
		e := s.episode(o.Incident.Time.UnixNano() - int64(s.timeline.Window))
		if e == nil {
			e = s.episode(o.Incident.Start.UnixNano())
		}
		switch {
		case e == nil:
			s.falseIncident("none")
		case e.Decoy:
			s.falseIncident(e.Truth.Fault)
		}
	}
}

func (s *stream) falseIncident(kind string) {
	d := &s.asked.Decoys
	d.FalseIncidents++
	if d.ByKind == nil {
		d.ByKind = make(map[string]int)
	}
	d.ByKind[kind]++
}

// healthy counts the time in which nothing should have been raised.
func (s *stream) healthy() {
	d := &s.asked.Decoys
	for i := range s.timeline.Episodes {
		d.Episodes += count(s.timeline.Episodes[i].Decoy)
	}
	for _, w := range s.timeline.Snapshots {
		if e := s.episode(w.Start); e == nil || e.Decoy {
			d.Hours += s.timeline.Window.Hours()
		}
	}
}

func (s *stream) failed(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures = append(s.failures, err)
}

// The stream is the engine's observer: what fails inside must not pass for a wrong
// answer.

// WindowClosed implements engine.Observer.
func (s *stream) WindowClosed(*window.Snapshot) {}

// WindowRefused implements engine.Observer.
func (s *stream) WindowRefused() { s.failed(errors.New("a window was refused")) }

// Trained implements engine.Observer.
func (s *stream) Trained(_ engine.Extent, _ bool, busy time.Duration) {
	s.asked.trained(busy)
}

// Published implements engine.Observer.
func (s *stream) Published(engine.ModelStatus) {}

// Judged implements engine.Observer.
func (s *stream) Judged(rca.Method, time.Duration) {}

// Failed implements engine.Observer.
func (s *stream) Failed(what string, err error) { s.failed(fmt.Errorf("%s: %w", what, err)) }

// Refused implements engine.RefusalObserver.
func (s *stream) Refused(reason engine.Refusal, n int) {
	s.failed(fmt.Errorf("%d values refused: %s", n, reason))
}

var (
	_ engine.Observer        = (*stream)(nil)
	_ engine.RefusalObserver = (*stream)(nil)
)
