package change

import (
	"maps"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// shared is the number of replicas of which some host is told from them: where there is
// one alone, what is said of it is all that there is to say. Many a container takes its
// own name for that of its host.
const shared = 2

// host is what is known of one. Its fields are persisted.
type host struct {
	presence
	Runs map[identity.Service]*stay // when it was seen last
	Due  bool                       // it has appeared, and who runs on it does not make that news yet
	Told bool                       // readers were told at once that it came, or went, whichever was last
}

// stay is what is known of a service on a host. Its fields are persisted.
type stay struct {
	Last int64    // start of the window in which it was seen there last
	Most int      // replicas that were seen there in one window, lately
	At   int64    // start of the last window with so many
	IDs  []string // some of those that were seen last, at most maxIDs
}

// maxIDs bounds the replicas that are known by name, of a service on a host.
const maxIDs = 4

// take takes in who is seen on h, and forgets who has not been for as long as a silence
// lasts.
func (l *Ledger) take(h *host, on placed, at int64) {
	lately := l.before(at, l.cfg.GoneAfter)
	for _, k := range slices.SortedFunc(maps.Keys(on), identity.Service.Compare) {
		s := h.Runs[k]
		if s == nil {
			if !l.room() {
				continue
			}
			s = new(stay)
			h.Runs[k] = s
		}
		if n := len(on[k]); n >= s.Most || s.At < lately {
			s.Most, s.At = n, at
		}
		s.Last, s.IDs = at, first(on[k], maxIDs)
	}
	for k, s := range h.Runs { // each by itself
		if s.Last < lately {
			delete(h.Runs, k)
			l.items--
		}
	}
}

// first returns the first n of a set by the alphabet, or fewer.
func first(set map[string]bool, n int) []string {
	all := slices.Sorted(maps.Keys(set))
	return slices.Clip(all[:min(len(all), n)])
}

// reports takes in a window in which nothing ran on h that was called, and reports whether
// there are metrics of what runs there: then it is not silent, and who runs there may have
// nothing to do.
func (h *host) reports(measured map[identity.Instance]bool) bool {
	for k, s := range h.Runs { // any
		if slices.ContainsFunc(s.IDs, func(id string) bool { return measured[identity.Instance{Service: k, ID: id}] }) {
			h.Gap, h.Silent = max(h.Gap, h.Silent), 0
			return true
		}
	}
	return false
}

// before returns the start of the window n windows before that at a time.
func (l *Ledger) before(at int64, n int) int64 { return at - int64(n)*l.size }

// room takes the room of an item, and reports whether there was any.
func (l *Ledger) room() bool {
	if l.items >= l.cfg.MaxItems {
		l.refused++
		return false
	}
	l.items++
	return true
}

// forgetHost drops a host.
func (l *Ledger) forgetHost(name string) {
	l.items -= 1 + len(l.hosts[name].Runs)
	delete(l.hosts, name)
}

// arrives reports whether it is news that h has appeared: some of its replicas are of a
// service that was there before, or of several that are back with it. Of a service
// that is new itself, or back alone, that is said.
func (l *Ledger) arrives(h *host) bool {
	replicas, moved, back := 0, 0, 0
	for k, s := range h.Runs { // sums
		replicas += s.Most
		switch v := l.services[k]; {
		case v == nil:
		case v.First < h.First && v.Placed >= l.cfg.Settle:
			moved++
		case v.First >= h.First && v.Before:
			back++
		}
	}
	return replicas >= shared && (moved > 0 || back > 1)
}

// leaves reports whether it is news that h is gone. Where one service alone ran on it, and
// is silent everywhere, that will be said.
func (l *Ledger) leaves(h *host) bool {
	replicas, alone := 0, len(h.Runs) == 1
	for k, s := range h.Runs { // sums
		replicas += s.Most
		v := l.services[k]
		alone = alone && v != nil && v.Last <= h.Last
	}
	return replicas >= shared && !alone
}

// heard reports whether the silence of h counts: enough services are seen, or one that
// ran there is called in vain, and none that did hides on which hosts it runs.
func (l *Ledger) heard(h *host, seen map[identity.Service]*sighting, enough bool) bool {
	for k := range h.Runs { // any
		if s := seen[k]; s != nil && s.unplaced {
			return false
		}
		v := l.services[k]
		enough = enough || v != nil && v.calls.count > 0
	}
	return enough
}
