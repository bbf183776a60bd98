package incident

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// encodingVersion is the first byte of the persisted state.
const encodingVersion = 1

// MarshalBinary returns the open incidents for UnmarshalBinary.
func (t *Tracker) MarshalBinary() ([]byte, error) {
	var all []*incident
	for _, k := range slices.SortedFunc(maps.Keys(t.open), key.compare) {
		all = append(all, t.open[k])
	}
	var b bytes.Buffer
	b.WriteByte(encodingVersion)
	if err := gob.NewEncoder(&b).Encode(all); err != nil {
		return nil, fmt.Errorf("incident: encode: %w", err)
	}
	return b.Bytes(), nil
}

// UnmarshalBinary restores what MarshalBinary returned, and leaves the state as
// it was where that fails.
func (t *Tracker) UnmarshalBinary(b []byte) error {
	if len(b) == 0 || b[0] != encodingVersion {
		return errors.New("incident: not a state of this version")
	}
	var all []*incident
	if err := gob.NewDecoder(bytes.NewReader(b[1:])).Decode(&all); err != nil {
		return fmt.Errorf("incident: decode: %w", err)
	}
	open := make(map[key]*incident)
	for _, in := range all {
		if in == nil || in.Last.ID == "" || in.Last.Sequence < 1 {
			return errors.New("incident: malformed state")
		}
		open[key{in.Last.SLO.Objective.Name, in.Last.SLO.RPC}] = in
	}
	t.open = open
	return nil
}
