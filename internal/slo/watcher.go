package slo

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/sage-rca/sage/internal/identity"
)

// Bounds of what is watched.
const (
	// MaxTracks bounds the pairs of objective and operation.
	MaxTracks = 1024
	// MaxLearned bounds those of learned objectives among them, so that they
	// leave room for configured ones.
	MaxLearned = 512
)

// forgetAfter is the event time after which an operation that was not measured
// gives up its place, and with it its baseline and a run that stands.
const forgetAfter = 7 * 24 * time.Hour

// Watcher evaluates objectives window by window. It is not safe for concurrent use.
type Watcher struct {
	cfg     Config
	tracks  map[key]*track
	learned int   // tracks of learned objectives
	last    int64 // start of the last window
	refused int
	used    []use // by configured objective; what a restart forgets shows again
}

// key identifies a track: an objective by name, on one operation.
type key struct {
	name string
	rpc  identity.RPC
}

func (k key) compare(o key) int { return cmp.Or(cmp.Compare(k.name, o.name), k.rpc.Compare(o.rpc)) }

// NewWatcher returns a watcher, or all that is wrong with cfg.
func NewWatcher(cfg Config) (*Watcher, error) {
	cfg.Objectives, cfg.Burn = slices.Clone(cfg.Objectives), slices.Clone(cfg.Burn)
	for i := range cfg.Objectives {
		cfg.Objectives[i].Burn = slices.Clone(cfg.Objectives[i].Burn)
	}
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	return &Watcher{cfg: cfg, tracks: make(map[key]*track), used: make([]use, len(cfg.Objectives))}, nil
}

// Refused returns how many observations were left out because of MaxTracks and
// MaxLearned.
func (w *Watcher) Refused() int { return w.refused }

// Observe takes in the operations of the window [start, end), each at most once,
// and returns the states of all objectives on them, and of those that fire without
// having been seen, sorted by name of the objective, then by operation.
func (w *Watcher) Observe(start, end int64, obs []Observation) []State {
	w.forget(start)
	w.last = start
	seen := make(map[key]State)
	for _, o := range obs {
		for _, objective := range w.objectives(o) {
			k := key{objective.Name, o.RPC}
			if t := w.track(k, objective, start); t != nil {
				seen[k] = t.observe(w.cfg, start, end, o)
			}
		}
	}
	w.notice(start, obs)
	for k, t := range w.tracks {
		if _, ok := seen[k]; ok || !t.Firing {
			continue
		}
		if t.Objective.Learned || !slices.ContainsFunc(obs, func(o Observation) bool { return o.Biased && o.RPC == k.rpc }) {
			seen[k] = t.state(w.cfg, start, State{Observed: math.NaN()})
		} else {
			seen[k] = t.takeBack(w.cfg, start)
		}
	}
	out := make([]State, 0, len(seen))
	for _, k := range slices.SortedFunc(maps.Keys(seen), key.compare) {
		out = append(out, seen[k])
	}
	return out
}

// forget drops the tracks that were not measured for long.
func (w *Watcher) forget(now int64) {
	for k, t := range w.tracks {
		if now-t.Seen > int64(forgetAfter) {
			w.drop(k)
		}
	}
}

func (w *Watcher) drop(k key) {
	if w.tracks[k].Objective.Learned {
		w.learned--
	}
	delete(w.tracks, k)
}

// objectives returns those that apply to an observation: the configured ones,
// and for an entry without any the learned ones. Where none of the configured ones is about
// errors, that one is learned beside them: an operation that fails at once is fast.
func (w *Watcher) objectives(o Observation) []Objective {
	var out []Objective
	for _, c := range w.cfg.Objectives {
		if !o.Biased && c.Matches(o.RPC) {
			out = append(out, c)
		}
	}
	if l := w.cfg.Learn; l.Enabled {
		switch {
		case len(out) == 0 && o.Entry:
			out = l.objectives(o.RPC, len(w.cfg.Burn) > 0)
		case len(out) > 0 && l.Errors > 0 && !slices.ContainsFunc(out, func(o Objective) bool { return o.Indicator == Errors }):
			out = append(out, l.errors(o.RPC))
		}
	}
	return out
}

// track returns the track of k, a new one where there is room, or nil.
func (w *Watcher) track(k key, o Objective, start int64) *track {
	t := w.tracks[k]
	if t == nil {
		if len(w.tracks) >= MaxTracks || o.Learned && w.learned >= MaxLearned {
			w.refused++
			return nil
		}
		t = &track{Objective: o, RPC: k.rpc, Seen: start}
		t.fit(w.cfg)
		w.tracks[k] = t
		if o.Learned {
			w.learned++
		}
	}
	return t
}
