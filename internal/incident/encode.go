package incident

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/sage-rca/sage/internal/window"
)

// magic begins the persisted state; its last byte is the version. Version 2 knew
// neither parts nor the past; it is read as a state without them.
const (
	magic  = "sage incidents \x03"
	magic2 = "sage incidents \x02"
)

// stored is the persisted state. A verdict holds NaN, which JSON does not.
type stored struct {
	Open    []*incident
	Expired []expired
	Usual   []noted
	Past    []past
}

type expired struct {
	Key   key
	Onset int64
}

type noted struct {
	Key      key
	At       int64
	Exemplar window.Exemplar
	All      []window.Exemplar
}

// MarshalBinary returns the state for UnmarshalBinary.
func (t *Tracker) MarshalBinary() ([]byte, error) {
	var s stored
	for _, k := range slices.SortedFunc(maps.Keys(t.open), key.compare) {
		s.Open = append(s.Open, t.open[k])
	}
	for _, k := range slices.SortedFunc(maps.Keys(t.shut), key.compare) {
		if t.shut[k].Expired {
			s.Expired = append(s.Expired, expired{k, t.shut[k].Onset})
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(t.usual), key.compare) {
		s.Usual = append(s.Usual, noted{k, t.usual[k].At, t.usual[k].Exemplar, t.usual[k].All})
	}
	s.Past = t.past
	b := bytes.NewBufferString(magic)
	if err := gob.NewEncoder(b).Encode(s); err != nil {
		return nil, fmt.Errorf("incident: encode: %w", err)
	}
	return b.Bytes(), nil
}

// UnmarshalBinary restores what MarshalBinary returned; it refuses what is not
// that, and leaves the state as it was then. All that were open stay open, also
// where that is more than MaxOpen: none is to end unsaid.
func (t *Tracker) UnmarshalBinary(b []byte) error {
	body, ok := bytes.CutPrefix(b, []byte(magic))
	if !ok {
		body, ok = bytes.CutPrefix(b, []byte(magic2))
	}
	if !ok {
		return errors.New("incident: not a state of incidents of this version")
	}
	var s stored
	if err := gob.NewDecoder(bytes.NewReader(body)).Decode(&s); err != nil {
		return fmt.Errorf("incident: decode: %w", err)
	}
	if most := max(len(s.Open), len(s.Expired), len(s.Usual), len(s.Past)); most > maxNotes {
		return fmt.Errorf("incident: state of %d entries is beyond the bound of %d", most, maxNotes)
	}
	next := NewTracker(t.cfg)
	next.refused, next.past = t.refused, s.Past
	for i, in := range s.Open {
		if in == nil || in.Last.ID == "" || in.Last.Sequence < 1 && !in.part() { // a part may never have been said
			return fmt.Errorf("incident: incident %d is malformed", i)
		}
		if in.Measured == 0 { // of version 2
			in.Measured = in.Said
		}
		next.open[key{in.Last.SLO.Objective.Name, in.Last.SLO.RPC}] = in
	}
	for k, in := range next.open {
		if in.part() && (next.open[in.Into] == nil || next.open[in.Into].part()) {
			return fmt.Errorf("incident: %q is part of what is none", k.SLO)
		}
	}
	for _, e := range s.Expired {
		next.shut[e.Key] = shut{e.Onset, true}
	}
	for _, u := range s.Usual {
		next.usual[u.Key] = usual{u.At, u.Exemplar, u.All[:min(len(u.All), MaxTraces)]}
	}
	*t = *next
	return nil
}
