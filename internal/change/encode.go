package change

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// magic begins the persisted state; its last byte is the version.
const magic = "sage changes \x01"

// stored is the persisted state.
type stored struct {
	Windows  int
	Began    int64
	Services []storedService
	Log      []Change
}

type storedService struct {
	Key                            identity.Service
	Presence                       presence
	Of                             service // without its presence and maps
	Versions, Operations, Replicas []storedItem
}

type storedItem struct {
	Name string
	Of   presence
}

// MarshalBinary returns the state for UnmarshalBinary. Equal states give equal bytes.
func (l *Ledger) MarshalBinary() ([]byte, error) {
	s := stored{Windows: l.windows, Began: l.began, Log: l.log}
	for _, k := range slices.SortedFunc(maps.Keys(l.services), identity.Service.Compare) {
		v := *l.services[k]
		e := storedService{Key: k, Presence: v.presence, Versions: listed(v.Versions), Operations: listed(v.Operations), Replicas: listed(v.Replicas)}
		v.Versions, v.Operations, v.Replicas = nil, nil, nil
		e.Of = v
		s.Services = append(s.Services, e)
	}
	b := bytes.NewBufferString(magic)
	if err := gob.NewEncoder(b).Encode(s); err != nil {
		return nil, fmt.Errorf("change: encode: %w", err)
	}
	return b.Bytes(), nil
}

func listed(of map[string]*presence) []storedItem {
	out := make([]storedItem, 0, len(of))
	for _, name := range slices.Sorted(maps.Keys(of)) {
		out = append(out, storedItem{name, *of[name]})
	}
	return out
}

// UnmarshalBinary restores what MarshalBinary returned; it refuses what is not that, and
// leaves the state as it was then. What the bounds have no room for any more is
// left out and counted.
func (l *Ledger) UnmarshalBinary(b []byte) error {
	body, ok := bytes.CutPrefix(b, []byte(magic))
	if !ok {
		return errors.New("change: not a state of changes of this version")
	}
	var s stored
	if err := gob.NewDecoder(bytes.NewReader(body)).Decode(&s); err != nil {
		return fmt.Errorf("change: decode: %w", err)
	}
	if s.Windows < 0 || len(s.Log) > maxLog {
		return fmt.Errorf("change: state after %d windows with %d changes is malformed", s.Windows, len(s.Log))
	}
	next := NewLedger(l.cfg)
	next.refused, next.windows, next.began, next.log = l.refused, s.Windows, s.Began, s.Log
	for i := range s.Services {
		e := &s.Services[i]
		if len(next.services) >= l.cfg.MaxServices || next.services[e.Key] != nil {
			next.refused++
			continue
		}
		v := e.Of
		v.presence = e.Presence
		v.Versions, v.Operations, v.Replicas = next.restore(e.Versions), next.restore(e.Operations), next.restore(e.Replicas)
		next.services[e.Key] = &v
	}
	*l = *next
	return nil
}

// restore returns items by name, as many as there is room for.
func (l *Ledger) restore(items []storedItem) map[string]*presence {
	out := make(map[string]*presence, len(items))
	for i := range items {
		if p := l.item(out, items[i].Name); p != nil {
			*p = items[i].Of
		}
	}
	return out
}
