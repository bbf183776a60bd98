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

// magic begins the persisted state; its last byte is the version. Version 1 knew no hosts:
// it is read as a state without them, in which all of them are new.
const (
	magic  = "sage changes \x02"
	magic1 = "sage changes \x01"
)

// stored is the persisted state.
type stored struct {
	Windows  int
	Placed   int
	Began    int64
	Services []storedService
	Hosts    []storedHost
	Spacing  [2]spacing
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

type storedHost struct {
	Name      string
	Presence  presence
	Due, Told bool
	Runs      []storedStay
}

type storedStay struct {
	Service identity.Service
	Of      stay
}

// MarshalBinary returns the state for UnmarshalBinary. Equal states give equal bytes.
func (l *Ledger) MarshalBinary() ([]byte, error) {
	s := stored{Windows: l.windows, Placed: l.placed, Began: l.began, Spacing: l.spacing, Log: l.log}
	for _, k := range slices.SortedFunc(maps.Keys(l.services), identity.Service.Compare) {
		v := *l.services[k]
		e := storedService{Key: k, Presence: v.presence, Versions: listed(v.Versions), Operations: listed(v.Operations), Replicas: listed(v.Replicas)}
		v.Versions, v.Operations, v.Replicas = nil, nil, nil
		e.Of = v
		s.Services = append(s.Services, e)
	}
	for _, name := range slices.Sorted(maps.Keys(l.hosts)) {
		h := l.hosts[name]
		e := storedHost{Name: name, Presence: h.presence, Due: h.Due, Told: h.Told}
		for _, k := range slices.SortedFunc(maps.Keys(h.Runs), identity.Service.Compare) {
			e.Runs = append(e.Runs, storedStay{k, *h.Runs[k]})
		}
		s.Hosts = append(s.Hosts, e)
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
		body, ok = bytes.CutPrefix(b, []byte(magic1))
	}
	if !ok {
		return errors.New("change: not a state of changes of this version")
	}
	var s stored
	if err := gob.NewDecoder(bytes.NewReader(body)).Decode(&s); err != nil {
		return fmt.Errorf("change: decode: %w", err)
	}
	if s.Windows < 0 || s.Placed < 0 || len(s.Log) > maxLog {
		return fmt.Errorf("change: state after %d windows, %d of them with hosts, with %d changes is malformed", s.Windows, s.Placed, len(s.Log))
	}
	next := NewLedger(l.cfg)
	next.refused, next.windows, next.placed, next.began = l.refused, s.Windows, s.Placed, s.Began
	next.spacing, next.log = s.Spacing, s.Log
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
	for i := range s.Hosts {
		next.restoreHost(&s.Hosts[i])
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

func (l *Ledger) restoreHost(e *storedHost) {
	h := l.host(e.Name)
	if h == nil {
		return
	}
	h.presence, h.Due, h.Told = e.Presence, e.Due, e.Told
	for i := range e.Runs {
		if _, twice := h.Runs[e.Runs[i].Service]; !twice && l.room() {
			h.Runs[e.Runs[i].Service] = &e.Runs[i].Of
		}
	}
}
