package engine

import (
	"fmt"
	"strings"
	"time"

	"github.com/sage-rca/sage/internal/sampling"
)

// status is what was last said of the model.
type status struct {
	state   ModelState // "" before anything
	at      int64      // event time, ns
	version uint64
	sampled sampling.State
	warned  uint8 // kinds of warnings
}

// warn sets the warnings, "" for none, one of each kind.
func (m *ModelStatus) warn(of ...string) {
	for kind, warning := range of {
		if warning != "" {
			m.Warning = joined(m.Warning, warning)
			m.warned |= 1 << kind
		}
	}
}

// changed reports whether the model's state or version is news, or which warnings there
// are, or a heartbeat is due, and notes it as said.
func (s *status) changed(m ModelStatus, heartbeat time.Duration) bool {
	now := m.Time.UnixNano()
	if m.State == s.state && m.Version == s.version && m.Sampling == s.sampled && m.warned == s.warned && (heartbeat <= 0 || now-s.at < int64(heartbeat)) {
		return false
	}
	s.state, s.at, s.version, s.sampled, s.warned = m.State, now, m.Version, m.Sampling, m.warned
	return true
}

// modelStatus describes the model at event time now.
func (r *run) modelStatus(now int64) ModelStatus {
	t := &r.training
	s := ModelStatus{
		Windows: r.history.Len(), WindowsNeeded: t.cfg.MinWindows,
		Version: t.count, Time: time.Unix(0, now).UTC(),
	}
	if r.graph != nil {
		s.Nodes, s.Services, s.GraphVersion = len(r.graph.Nodes), r.services(), r.graph.Version
		t.differs.compare(t.model, r.graph, now)
	}
	if t.model != nil {
		s.Age, s.HeldOutLoss = time.Duration(now-t.model.at), t.model.loss
	}
	s.State, s.Reason = t.state(r.index, s.Windows)
	s.Watched, s.Open = r.watcher.Summary(), r.tracker.Open()
	if s.State == Stale {
		behind := t.behind()
		s.Behind = serviceNames(behind)
		if d := r.deploys(behind, now); d != "" {
			s.Reason = d + ": " + s.Reason
		}
	}
	if err := r.keeper.failing(); err != nil {
		failed := firstLine("storage failed, a restart will be colder: ", err)
		if s.State == Ready {
			s.State, s.Reason = Degraded, failed
		} else {
			s.Reason += "; " + failed
		}
	}
	r.admit(&s)
	return s
}

// state returns the state of the model as far as training goes after window index, and
// why.
func (t *training) state(index, windows int) (ModelState, string) {
	switch {
	case !t.cfg.Enabled && t.model == nil:
		return Cold, "training is disabled: the robust scorer answers"
	case t.model == nil && t.err != nil:
		return Degraded, firstLine("training failed and is tried again: ", t.err)
	case t.model == nil && t.result != nil:
		left := max(1, t.index+max(1, t.cfg.PublishAfter)-index)
		return Warming, fmt.Sprintf("the first model is being trained on %d windows, and is in use in %d at the earliest", windows, left)
	case t.model == nil:
		return Cold, fmt.Sprintf("%d of %d windows seen", windows, t.cfg.MinWindows)
	case t.err != nil:
		return Degraded, firstLine("the last training failed, the model before it answers: ", t.err)
	case t.differs.matters():
		return Stale, "the call graph has changed since training (" + t.differs.what + "): what did not change is still answered by the model"
	case len(t.behaviour.drifts) > 0:
		return Stale, "some latencies are no longer what the model learned (" + t.behaviour.what() + "): the rest is still answered by the model"
	default:
		return Ready, ""
	}
}

// firstLine keeps stacks out of events.
func firstLine(prefix string, err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return prefix + line
}

// services counts the services of the graph.
func (r *run) services() int {
	n := 0
	for _, c := range r.graph.Channels {
		if !c.IsNetwork() {
			n++
		}
	}
	return n
}
