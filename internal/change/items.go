package change

import (
	"maps"
	"slices"
)

// item returns what is known of a version, an operation or a replica; nil where
// there is no room for it.
func (l *Ledger) item(of map[string]*presence, name string) *presence {
	p := of[name]
	if p == nil {
		if !l.room() {
			return nil
		}
		p = new(presence)
		of[name] = p
	}
	return p
}

// forget drops an item.
func (l *Ledger) forget(of map[string]*presence, name string) {
	delete(of, name)
	l.items--
}

// versions takes in the versions that a window shows, and returns what that means. A
// version that appears is the one that runs, also while the one before does; where it
// goes and another stays, that was a rollback.
func (l *Ledger) versions(s *service, seen *sighting, at int64, young bool) []Change {
	if len(seen.versions) == 0 {
		return nil
	}
	var out []Change
	for _, v := range slices.Sorted(maps.Keys(seen.versions)) {
		p := l.item(s.Versions, v)
		if p == nil {
			continue
		}
		if young {
			p.settle(true, at)
			continue
		}
		if p.step(true, at, l.cfg, 1) == appeared && v != s.Current {
			out = append(out, Change{Kind: Version, Since: moment(p.First), Old: s.Current, New: v, Back: p.Before})
			s.Current = v
		}
	}
	for _, v := range slices.Sorted(maps.Keys(s.Versions)) {
		if seen.versions[v] > 0 {
			s.Versions[v].Alone = s.Versions[v].Alone || len(seen.versions) == 1
			continue
		}
		if young {
			s.Versions[v].settle(false, at)
			continue
		}
		switch s.Versions[v].step(false, at, l.cfg, 1) {
		case vanished:
			if v == s.Current {
				s.Current = seen.heaviest()
				out = append(out, Change{Kind: Version, Since: moment(s.Versions[v].Last + l.size), Old: v, New: s.Current, Back: true})
			}
		case faded:
			l.forget(s.Versions, v)
		case nothing, appeared:
		}
	}
	if young || s.Current == "" {
		s.Current = seen.heaviest()
	}
	return out
}

// operations takes in the operations that a window shows.
func (l *Ledger) operations(s *service, seen *sighting, at int64, young bool) []Change {
	fresh, gone := Change{Kind: OperationsNew}, Change{Kind: OperationsGone}
	add := func(c *Change, name string, since int64) {
		if c.Count == 0 || since < c.Since.UnixNano() {
			c.Since = moment(since)
		}
		if c.Count++; len(c.Operations) < maxNamed {
			c.Operations = append(c.Operations, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(seen.operations)) {
		p := l.item(s.Operations, name)
		switch {
		case p == nil:
		case young:
			p.settle(true, at)
		case p.step(true, at, l.cfg, l.cfg.Confirm) == appeared:
			fresh.Back = p.Before && (fresh.Back || fresh.Count == 0)
			add(&fresh, name, p.First)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Operations)) {
		if seen.operations[name] {
			continue
		}
		p := s.Operations[name]
		if young {
			p.settle(false, at)
			continue
		}
		switch p.step(false, at, l.cfg, l.cfg.Confirm) {
		case vanished:
			add(&gone, name, p.Last+l.size)
		case faded:
			l.forget(s.Operations, name)
		case nothing, appeared:
		}
	}
	var out []Change
	for _, c := range []Change{fresh, gone} {
		if c.Count > 0 {
			out = append(out, c)
		}
	}
	return out
}

// replicas takes in the replicas that a window shows. Their number is that of those
// seen in one of the last few windows; another one is said when it has stood for as
// long as a silence lasts, beyond those few, so that a rollout or a window with few
// requests is no news.
func (l *Ledger) replicas(s *service, seen *sighting, at int64, young bool) []Change {
	if seen.crowded || len(seen.replicas) == 0 {
		return nil
	}
	for _, id := range slices.Sorted(maps.Keys(seen.replicas)) {
		if p := l.item(s.Replicas, id); p != nil {
			p.settle(true, at)
		}
	}
	n := 0
	for _, id := range slices.Sorted(maps.Keys(s.Replicas)) {
		p := s.Replicas[id]
		if !seen.replicas[id] {
			p.settle(false, at)
		}
		if p.Silent < recently {
			n++
		} else if p.Silent >= l.cfg.GoneAfter {
			l.forget(s.Replicas, id)
		}
	}
	switch {
	case young || s.Count == 0 || n == s.Count:
		if young || s.Count == 0 {
			s.Count = n
		}
		s.For = 0
		return nil
	case s.For == 0 || n != s.Now:
		s.Now, s.For, s.Since = n, 1, at
		if n < s.Count {
			s.Since -= (recently - 1) * l.size
		}
		return nil
	}
	if s.For++; s.For < l.cfg.GoneAfter+recently-1 {
		return nil
	}
	c := Change{Kind: Replicas, Since: moment(s.Since), Was: s.Count, Is: n}
	s.Count, s.For = n, 0
	return []Change{c}
}

// recently is the number of windows in one of which a replica that is there serves.
const recently = 3
