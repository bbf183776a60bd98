package rca

import (
	"slices"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// Rules of habits.
const (
	habitGain    = 0.1 // of a window in the means
	maxAttending = 64  // replicas of a service
	// attendedFor is the number of windows after which a replica that does not serve is forgotten.
	attendedFor = 720
)

// Habits remembers, over windows, what no column holds: when in its requests a call without a CLIENT
// span is made, and which replicas serve. The zero value knows nothing. It is not safe for concurrent use.
type Habits struct {
	graph     *cbn.Graph
	ahead     map[identity.Edge]float64 // mean number of calls that began before, in the same request
	attending map[identity.Service]map[string]attendance
	window    int64 // that was learned last, counted
}

// attendance is what share of the requests of its service a replica serves where it does, and where it
// did: the number of windows, and the last.
type attendance struct {
	share       float64
	windows     int
	last, start int64 // counted, and its start, ns since 1970
}

// Learn takes in a window and its graph, and forgets calls that this does not have.
func (h *Habits) Learn(s *window.Snapshot, g *cbn.Graph) {
	h.window++
	if h.ahead == nil {
		h.ahead, h.attending = make(map[identity.Edge]float64), make(map[identity.Service]map[string]attendance)
	}
	for i := range s.Edges {
		e := &s.Edges[i]
		if !e.Around() {
			continue
		}
		now := e.Ahead / e.Network.Count()
		was, ok := h.ahead[e.Key]
		if !ok {
			was = now
		}
		h.ahead[e.Key] = was + habitGain*(now-was)
	}
	h.attend(s)
	if g == h.graph {
		return
	}
	h.graph = g
	for e := range h.ahead {
		if _, ok := slices.BinarySearchFunc(g.Calls(), e, func(c cbn.Call, e identity.Edge) int { return c.Edge.Compare(e) }); !ok {
			delete(h.ahead, e)
		}
	}
}

// attend takes in who serves in a window.
func (h *Habits) attend(s *window.Snapshot) {
	for first := 0; first < len(s.RPCs); {
		of, last := s.RPCs[first].Key.Service, first
		counts, sum := make(map[string]float64), 0.0
		for ; last < len(s.RPCs) && s.RPCs[last].Key.Service == of; last++ {
			for _, in := range s.RPCs[last].Instances {
				sum += in.Count
				if in.ID != "" && in.ID != window.OtherInstance && in.Count > 0 {
					counts[in.ID] += in.Count
				}
			}
		}
		first = last
		all := h.attending[of]
		if all == nil && len(counts) > 1 { // one alone is the service
			all = make(map[string]attendance)
			h.attending[of] = all
		}
		if all == nil {
			continue
		}
		for id, n := range counts {
			a, ok := all[id]
			if !ok && len(all) >= maxAttending {
				continue
			}
			if !ok {
				a.share = n / sum
			}
			a.share += habitGain * (n/sum - a.share)
			a.windows, a.last, a.start = a.windows+1, h.window, s.Start
			all[id] = a
		}
	}
	h.forget()
}

// forget drops replicas that have not served for long.
func (h *Habits) forget() {
	for of, all := range h.attending {
		for id, a := range all {
			if h.window-a.last >= attendedFor {
				delete(all, id)
			}
		}
		if len(all) == 0 {
			delete(h.attending, of)
		}
	}
}

// before is how many calls of a request usually begin before one of an edge; h may be nil.
func (h *Habits) before(e identity.Edge) (calls float64, known bool) {
	if h == nil {
		return 0, false
	}
	calls, known = h.ahead[e]
	return calls, known
}

// away returns the replica of s that usually serves the largest share, at least least, and has served
// nothing from some time on, but did shortly before.
func (h *Habits) away(s identity.Service, from, before int64, least float64) (id string, share float64) {
	if h == nil {
		return "", 0
	}
	for k, a := range h.attending[s] {
		if a.windows >= minBaseline && a.start < from && a.start >= before && a.share >= least && (a.share > share || a.share == share && k < id) {
			id, share = k, a.share
		}
	}
	return id, share
}
