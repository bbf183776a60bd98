package sampling

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// version is that of the encoding.
const version = 1

// stored is what is persisted of a Detector.
type stored struct {
	Version int
	Tail    bool `json:",omitempty"` // rather the slow and the failed, by edge or by mark
	Decided bool `json:",omitempty"` // what edges say
	Windows int  `json:",omitempty"`
	Entries []storedEntry
}

type storedEntry struct {
	RPC        identity.RPC
	All, First []byte
}

// MarshalBinary returns the state for UnmarshalBinary. Equal states give equal bytes.
func (d *Detector) MarshalBinary() ([]byte, error) {
	s := stored{Version: version, Tail: d.tail(), Decided: d.decided, Windows: d.windows}
	for _, k := range slices.SortedFunc(maps.Keys(d.entries), identity.RPC.Compare) {
		e := d.entries[k]
		all, err := e.all.MarshalBinary()
		if err != nil {
			return nil, fmt.Errorf("sampling: %w", err)
		}
		first, err := e.first.MarshalBinary()
		if err != nil {
			return nil, fmt.Errorf("sampling: %w", err)
		}
		s.Entries = append(s.Entries, storedEntry{k, all, first})
	}
	return json.Marshal(s)
}

// UnmarshalBinary restores what MarshalBinary returned, but for Told. It refuses what is
// not that, and leaves d as it was then.
//
// That spans are those of all requests, as far as edges tell, stays decided: what looks
// like an edge after a restart is a fault that began around it. That they are not counts
// on as well, but is decided anew: the pipeline may have been mended. Weights are a mark
// that comes back with the next span that has one.
func (d *Detector) UnmarshalBinary(b []byte) error {
	var s stored
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("sampling: %w", err)
	}
	if s.Version != version {
		return fmt.Errorf("sampling: a state of version %d, not %d", s.Version, version)
	}
	if s.Windows < 0 || s.Decided != (s.Windows >= decideAfter) || len(s.Entries) > maxOperations || s.Decided && len(s.Entries) > 0 {
		return errors.New("sampling: in no state that can be")
	}
	next := Detector{Told: d.Told, windows: s.Windows, decided: s.Decided, before: s.Tail}
	if s.Tail && s.Decided {
		next.windows, next.decided = 0, false
	}
	for i := range s.Entries {
		in, e := &s.Entries[i], new(entry)
		if err := errors.Join(e.all.UnmarshalBinary(in.All), e.first.UnmarshalBinary(in.First)); err != nil {
			return fmt.Errorf("sampling: %s: %w", in.RPC, err)
		}
		if next.entries[in.RPC] != nil {
			return fmt.Errorf("sampling: %s is there twice", in.RPC)
		}
		if next.entries == nil {
			next.entries = make(map[identity.RPC]*entry)
		}
		next.entries[in.RPC] = e
	}
	*d = next
	return nil
}
