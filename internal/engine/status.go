package engine

import (
	"fmt"
	"time"
)

// status is what was last said of the model.
type status struct {
	said  ModelState
	at    int64 // event time
	count uint64
}

// modelStatus describes the model at event time now.
func (r *run) modelStatus(now int64) ModelStatus {
	t := &r.training
	s := ModelStatus{
		Windows: r.history.Len(), WindowsNeeded: t.cfg.MinWindows,
		Version: t.count, Time: time.Unix(0, now).UTC(),
	}
	if r.graph != nil {
		s.Nodes, s.Services, s.GraphVersion = len(r.graph.Nodes), services(r), r.graph.Version
	}
	switch {
	case !t.cfg.Enabled:
		s.State, s.Reason = Cold, "training is disabled: the robust scorer answers"
	case t.model == nil && t.err != nil:
		s.State, s.Reason = Degraded, "training failed: "+t.err.Error()
	case t.model == nil && t.result != nil:
		s.State, s.Reason = Warming, "the first model is being trained"
	case t.model == nil:
		s.State, s.Reason = Cold, fmt.Sprintf("%d of %d windows seen", s.Windows, s.WindowsNeeded)
	case r.graph != nil && t.model.layout.Graph.Version != r.graph.Version:
		s.State, s.Reason = Stale, "the call graph has changed since training"
	case t.err != nil:
		s.State, s.Reason = Degraded, "the last training failed, the model before it answers: "+t.err.Error()
	default:
		s.State = Ready
	}
	if t.model != nil {
		s.Age, s.HeldOutLoss = time.Duration(now-t.model.at), t.model.loss
	}
	return s
}

// services counts the services of the graph.
func services(r *run) int {
	n := 0
	for _, c := range r.graph.Channels {
		if !c.IsNetwork() {
			n++
		}
	}
	return n
}

// changes returns the state of the model where it changed, and every ModelHeartbeat.
func (s *status) changes(r *run, now int64) []Output {
	m := r.modelStatus(now)
	heartbeat := r.cfg.ModelHeartbeat > 0 && now-s.at >= int64(r.cfg.ModelHeartbeat)
	if m.State == s.said && m.Version == s.count && !heartbeat {
		return nil
	}
	s.said, s.at, s.count = m.State, now, m.Version
	r.obs.Published(m)
	return []Output{{Model: &m, ModelAt: m}}
}
