package slo

import (
	"cmp"
	"errors"
	"fmt"
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
	MaxLearned = 256
)

// forgetAfter is the event time after which an operation that was not measured
// gives up its place, and with it its baseline and a run that stands.
const forgetAfter = 7 * 24 * time.Hour

// defaultTarget stands for a target that is left out, and is that of learned objectives.
const defaultTarget = 0.99

// Watcher evaluates objectives window by window. It is not safe for concurrent use.
type Watcher struct {
	cfg     Config
	tracks  map[key]*track
	learned int // tracks of learned objectives
	refused int
}

// key identifies a track: an objective by name, on one operation.
type key struct {
	name string
	rpc  identity.RPC
}

func (k key) compare(o key) int { return cmp.Or(cmp.Compare(k.name, o.name), k.rpc.Compare(o.rpc)) }

// NewWatcher returns a watcher, or all that is wrong with cfg.
func NewWatcher(cfg Config) (*Watcher, error) {
	cfg.Objectives = slices.Clone(cfg.Objectives)
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	return &Watcher{cfg: cfg, tracks: make(map[key]*track)}, nil
}

// complete fills in the defaults, and returns all that is wrong.
func (c *Config) complete() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("slo: "+format, args...)) }
	names := make(map[string]bool)
	for i := range c.Objectives {
		o := &c.Objectives[i]
		if o.Target == 0 {
			o.Target = defaultTarget
		}
		if o.Name == "" || o.Service.Name == "" {
			bad("objective %d needs a name and a service", i)
		}
		if names[o.Name] {
			bad("objective %d has the name %q of another", i, o.Name)
		}
		names[o.Name] = true
		if !within(o.Quantile) || !within(o.Target) || o.Threshold <= 0 {
			bad("objective %d needs a quantile and a target in (0, 1) and a positive threshold (got %v, %v, %s)",
				i, o.Quantile, o.Target, o.Threshold)
		}
		if o.Learned {
			bad("objective %d is configured, not learned", i)
		}
	}
	if c.OpenK < 1 || c.OpenN < c.OpenK || c.OpenN > maxRun || c.ResolveM < 1 {
		bad("rule needs 1 <= k <= n <= %d and m >= 1 (got k=%d n=%d m=%d)", maxRun, c.OpenK, c.OpenN, c.ResolveM)
	}
	if !(c.MinRequests >= 0) || math.IsInf(c.MinRequests, 1) {
		bad("requests of a measured window must not be negative (got %v)", c.MinRequests)
	}
	if l := c.Learn; l.Enabled && (l.Windows < 1 || !within(l.Quantile) || !(l.Headroom >= 1) || math.IsInf(l.Headroom, 1)) {
		bad("learning needs windows >= 1, a quantile in (0, 1) and headroom >= 1 (got %d, %v, %v)", l.Windows, l.Quantile, l.Headroom)
	}
	return errors.Join(errs...)
}

func within(v float64) bool { return v > 0 && v < 1 }

// Refused returns how many observations were left out because of MaxTracks and
// MaxLearned.
func (w *Watcher) Refused() int { return w.refused }

// Observe takes in the operations of the window [start, end), each at most once,
// and returns the states of all objectives on them, and of those that fire without
// having been seen, sorted by name of the objective, then by operation.
func (w *Watcher) Observe(start, _ int64, obs []Observation) []State {
	w.forget(start)
	seen := make(map[key]State)
	for _, o := range obs {
		for _, objective := range w.objectives(o) {
			k := key{objective.Name, o.RPC}
			if t := w.track(k, objective, start); t != nil {
				seen[k] = t.observe(w.cfg, start, o)
			}
		}
	}
	for k, t := range w.tracks {
		if _, ok := seen[k]; !ok && t.Firing {
			seen[k] = t.state(State{Observed: math.NaN()})
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
// and for an entry without any the learned one.
func (w *Watcher) objectives(o Observation) []Objective {
	var out []Objective
	for _, c := range w.cfg.Objectives {
		if c.Matches(o.RPC) {
			out = append(out, c)
		}
	}
	if len(out) == 0 && o.Entry && w.cfg.Learn.Enabled {
		out = append(out, Objective{
			Name:      "auto:" + o.RPC.Service.String() + ":" + o.RPC.Operation,
			Service:   o.RPC.Service,
			Operation: o.RPC.Operation,
			Quantile:  w.cfg.Learn.Quantile,
			Target:    defaultTarget,
			Learned:   true,
		})
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
		w.tracks[k] = t
		if o.Learned {
			w.learned++
		}
	}
	if !o.Learned {
		t.Objective = o // configuration wins over what was restored
	}
	return t
}
