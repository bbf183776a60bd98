package slo

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
)

// encodingVersion of the persisted state.
const encodingVersion = 1

type stored struct {
	Version int
	Tracks  []*track
}

// MarshalBinary returns the state for UnmarshalBinary.
func (w *Watcher) MarshalBinary() ([]byte, error) {
	s := stored{Version: encodingVersion}
	for _, k := range slices.SortedFunc(maps.Keys(w.tracks), key.compare) {
		s.Tracks = append(s.Tracks, w.tracks[k])
	}
	b, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("slo: encode: %w", err)
	}
	return b, nil
}

// UnmarshalBinary restores what MarshalBinary returned, and leaves the state as
// it was where that fails. Tracks of objectives that are no longer configured
// are dropped.
func (w *Watcher) UnmarshalBinary(b []byte) error {
	var s stored
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("slo: decode: %w", err)
	}
	if s.Version != encodingVersion {
		return fmt.Errorf("slo: state of version %d cannot be read, only %d", s.Version, encodingVersion)
	}
	if len(s.Tracks) > MaxTracks {
		return fmt.Errorf("slo: state of %d tracks is beyond the bound of %d", len(s.Tracks), MaxTracks)
	}
	tracks := make(map[key]*track)
	for i, t := range s.Tracks {
		if t == nil || len(t.Recent) > maxRun || len(t.Baseline) > maxBaseline || t.Objective.Threshold < 0 {
			return fmt.Errorf("slo: track %d is malformed", i)
		}
		for _, v := range t.Baseline {
			if !(v >= 0) || math.IsInf(v, 0) {
				return fmt.Errorf("slo: track %d has a baseline that is no latency", i)
			}
		}
		if w.wanted(t) {
			tracks[key{t.Objective.Name, t.RPC}] = t
		}
	}
	w.tracks = tracks
	return nil
}

// wanted reports whether the configuration still asks for a track.
func (w *Watcher) wanted(t *track) bool {
	for _, o := range w.objectives(Observation{RPC: t.RPC, Entry: true}) {
		if o.Name == t.Objective.Name && o.Learned == t.Objective.Learned {
			return true
		}
	}
	return false
}
