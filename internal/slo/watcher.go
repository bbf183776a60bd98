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

// MaxTracks bounds the pairs of objective and operation that are watched.
const MaxTracks = 1024

// Watcher evaluates objectives window by window. It is not safe for concurrent use.
type Watcher struct {
	cfg     Config
	tracks  map[key]*track
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
	var errs []error
	for i, o := range cfg.Objectives {
		if o.Name == "" || o.Service.Name == "" || !(o.Quantile > 0 && o.Quantile < 1) || o.Threshold <= 0 {
			errs = append(errs, fmt.Errorf("slo: objective %d needs a name, a service, a quantile in (0, 1) and a positive threshold", i))
		}
	}
	if cfg.OpenK < 1 || cfg.OpenN < cfg.OpenK || cfg.OpenN > maxRun || cfg.ResolveM < 1 {
		errs = append(errs, fmt.Errorf("slo: rule needs 1 <= k <= n <= %d and m >= 1 (got k=%d n=%d m=%d)",
			maxRun, cfg.OpenK, cfg.OpenN, cfg.ResolveM))
	}
	if l := cfg.Learn; l.Enabled && (l.Windows < 1 || !(l.Quantile > 0 && l.Quantile < 1) || l.Headroom < 1) {
		errs = append(errs, errors.New("slo: learning needs windows >= 1, a quantile in (0, 1) and headroom >= 1"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &Watcher{cfg: cfg, tracks: make(map[key]*track)}, nil
}

// Refused returns how many operations were not watched because of MaxTracks.
func (w *Watcher) Refused() int { return w.refused }

// Observe takes in the operations of the window [start, end), and returns the
// states of all objectives on them, and of those that fire without having been
// seen, sorted by name of the objective, then by operation.
func (w *Watcher) Observe(start, end int64, obs []Observation) []State {
	seen := make(map[key]State)
	for _, o := range obs {
		for _, objective := range w.objectives(o) {
			k := key{objective.Name, o.RPC}
			t := w.track(k, objective)
			if t == nil {
				continue
			}
			seen[k] = t.observe(w.cfg, start, o)
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
			Target:    0.99,
			Learned:   true,
		})
	}
	return out
}

// track returns the track of k, a new one where there is room, or nil.
func (w *Watcher) track(k key, o Objective) *track {
	t := w.tracks[k]
	if t == nil {
		if len(w.tracks) >= MaxTracks {
			w.refused++
			return nil
		}
		t = &track{Objective: o, RPC: k.rpc}
		w.tracks[k] = t
	}
	if !o.Learned {
		t.Objective = o // configuration wins over what was restored
	}
	return t
}

// ceil2 rounds a duration up to two significant digits.
func ceil2(seconds float64) time.Duration {
	if !(seconds > 0) {
		return 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(seconds))-1)
	return time.Duration(math.Ceil(seconds/unit-1e-9) * unit * 1e9)
}
