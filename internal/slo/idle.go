package slo

import (
	"math"
	"slices"
)

// Rules of idle objectives.
const (
	// idleWindows is how many windows in which anything was served tell that an objective
	// is not judged.
	idleWindows = 60
	// idleShare is the share of windows below which an objective is hardly ever judged.
	idleShare = 0.1
	// idleNames bounds the names of operations that are kept to be shown.
	idleNames = 3
)

// Idle is a configured objective that is not judged: no operation matches it, or those that
// do have too few requests, put together as they are. It explains a silence.
type Idle struct {
	Objective Objective
	Matched   bool // operations match, with too few requests
	Windows   int  // in which that was so
	// Requests of matching operations in a window, on average, of the busiest one, and those
	// of them that were seen: of sampled ones, each stands for more.
	Requests, Seen float64
	Served         []string // operations of its service that do not match, of the last window
}

// use counts windows of one objective in which anything was served.
type use struct {
	windows, seen, measured int
	requests, shown         float64 // by weight, and those that were seen
	served                  []string
	ever                    bool // an operation matched
}

// note takes in a window of an objective.
func (u *use) note(o Objective, obs []Observation, measured func(Observation) bool) {
	if u.windows == idleWindows { // halved, so that it follows what changes
		u.windows, u.seen, u.measured, u.requests, u.shown = u.windows/2, u.seen/2, u.measured/2, u.requests/2, u.shown/2
	}
	u.windows++
	most, shown, any := 0.0, 0.0, false
	var served []string
	for _, x := range obs {
		switch {
		case o.Matches(x.RPC):
			u.ever = true
			any = any || measured(x)
			if n := x.Latency.Count(); n > most {
				most, shown = n, n-x.Unseen
			}
		case x.RPC.Service.Name == o.Service.Name && len(served) < idleNames:
			served = append(served, x.RPC.Operation)
		}
	}
	if most > 0 {
		u.seen++
		u.requests += most
		u.shown += shown
	}
	if any {
		u.measured++
	}
	if len(served) > 0 {
		u.served = served
	}
}

// idle says why o is not judged; false where it is, or too little was served to say.
func (u *use) idle(o Objective) (Idle, bool) {
	if u.windows < idleWindows/2 || float64(u.measured) >= idleShare*float64(u.windows) {
		return Idle{}, false
	}
	out := Idle{Objective: o, Matched: u.seen > 0, Windows: u.windows}
	switch {
	case out.Matched && float64(u.seen) >= idleShare*float64(u.windows):
		seen := math.Max(1, float64(u.seen))
		out.Requests, out.Seen = u.requests/seen, u.shown/seen
	case u.ever: // it is asked for at other times
		return Idle{}, false
	default:
		out.Matched, out.Served = false, slices.Clone(u.served)
	}
	return out, true
}

// Idle returns the configured objectives that are not judged, in the order of the
// configuration.
func (w *Watcher) Idle() []Idle {
	var out []Idle
	for i := range w.used {
		if x, ok := w.used[i].idle(w.cfg.Objectives[i]); ok {
			out = append(out, x)
		}
	}
	return out
}

// notice takes in what was served in a window.
func (w *Watcher) notice(start int64, obs []Observation) {
	obs = slices.DeleteFunc(slices.Clone(obs), func(o Observation) bool { return o.Biased })
	if len(obs) == 0 {
		return
	}
	for i, o := range w.cfg.Objectives {
		w.used[i].note(o, obs, func(x Observation) bool {
			t := w.tracks[key{o.Name, x.RPC}]
			return t != nil && t.measured && t.Seen == start
		})
	}
}
