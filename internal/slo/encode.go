package slo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
)

// encodingVersion of the persisted state. Version 2 had no accounts of error
// budgets; it is read as a state in which nothing has been counted yet.
const (
	encodingVersion = 3
	oldestVersion   = 2
)

// stored is the persisted state. JSON holds it: names are valid UTF-8 here, and
// no number in it is NaN.
type stored struct {
	Version int
	Tracks  []*track
}

// MarshalBinary returns the state for UnmarshalBinary. Equal states give equal bytes.
func (w *Watcher) MarshalBinary() ([]byte, error) {
	s := stored{Version: encodingVersion, Tracks: []*track{}}
	for _, k := range slices.SortedFunc(maps.Keys(w.tracks), key.compare) {
		s.Tracks = append(s.Tracks, w.tracks[k])
	}
	b, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("slo: encode: %w", err)
	}
	return b, nil
}

// UnmarshalBinary restores what MarshalBinary returned; it refuses everything
// else, and leaves the state as it was then. The configuration decides over what
// is restored: tracks of objectives that it no longer has, or has with another
// quantile, are dropped.
func (w *Watcher) UnmarshalBinary(b []byte) error {
	var s stored
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return fmt.Errorf("slo: not a state of objectives: %w", err)
	}
	if s.Version < oldestVersion || s.Version > encodingVersion {
		return fmt.Errorf("slo: state of version %d cannot be read, only %d to %d", s.Version, oldestVersion, encodingVersion)
	}
	if len(s.Tracks) > MaxTracks {
		return fmt.Errorf("slo: state of %d tracks is beyond the bound of %d", len(s.Tracks), MaxTracks)
	}
	restored := &Watcher{cfg: w.cfg, tracks: make(map[key]*track), refused: w.refused, used: w.used}
	for i, t := range s.Tracks {
		if t == nil || !t.valid() {
			return fmt.Errorf("slo: track %d is malformed", i)
		}
		k := key{t.Objective.Name, t.RPC}
		if restored.tracks[k] != nil {
			return fmt.Errorf("slo: track %d stands there twice", i)
		}
		if !w.adopt(t) || t.Objective.Learned && restored.learned >= MaxLearned {
			continue
		}
		restored.tracks[k] = t
		if t.Objective.Learned {
			restored.learned++
		}
	}
	*w = *restored
	return nil
}

// valid reports whether a track that was read can be one that was written.
func (t *track) valid() bool {
	latency := func(v float64) bool { return v >= 0 && !math.IsInf(v, 1) }
	for _, v := range t.Baseline {
		if !latency(v) {
			return false
		}
	}
	for _, r := range t.Recent {
		if !counts(r.Count) || !counts(r.Bad) {
			return false
		}
	}
	for i := range t.Burn {
		if !t.Burn[i].valid() {
			return false
		}
	}
	return len(t.Burn) <= maxRules && t.Budget.valid() && t.Objective.Indicator <= Errors &&
		len(t.Recent) <= maxRun+1 && len(t.Baseline) <= maxBaseline && within(t.Objective.Quantile) &&
		t.Objective.Target >= 0 && t.Objective.Target <= 1 && t.Above >= 0 && t.Above <= 1 &&
		t.Objective.Threshold >= 0 && t.Met >= 0 && t.Learned >= 0 && t.Exceeded >= 0 && t.Exceeded <= t.Windows && counts(t.Requests) && counts(t.Bad) &&
		(!t.Firing || t.Onset != 0)
}

// counts reports whether v can be a weight of requests.
func counts(v float64) bool { return v >= 0 && v < 1<<60 }

// adopt brings a track that was read in line with the configuration, and reports
// whether that still asks for it. Requests that were told good from bad by another
// threshold are not counted on.
func (w *Watcher) adopt(t *track) bool {
	all := w.objectives(Observation{RPC: t.RPC, Entry: true})
	i := slices.IndexFunc(all, func(o Objective) bool {
		return o.Name == t.Objective.Name && o.Learned == t.Objective.Learned &&
			o.Indicator == t.Objective.Indicator && o.Quantile == t.Objective.Quantile
	})
	if i < 0 {
		return false
	}
	before := t.Objective
	t.Objective = all[i]
	switch {
	case t.Objective.Learned:
		t.Objective.Threshold, t.Objective.Target = before.Threshold, before.Target
	case t.Objective.Threshold != before.Threshold:
		t.Burn, t.Budget = nil, ring{}
	}
	t.Recent = t.Recent[max(0, len(t.Recent)-t.memory(w.cfg)):]
	t.fit(w.cfg)
	return true
}
