package change

import (
	"maps"
	"slices"
	"time"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// Config are the rules, all in windows. Zero values are not defaulted.
type Config struct {
	// Settle is the number of windows, of the system and of each service, in which all
	// is new and nothing is said.
	Settle int
	// Confirm is the number of windows in which something new must be seen.
	Confirm int
	// GoneAfter is the number of windows of silence after which something is gone. As
	// long must a number of replicas stand.
	GoneAfter int
	// ForgetAfter is the number of windows after which what is gone is forgotten.
	ForgetAfter int
	// MaxServices bounds the services that are watched.
	MaxServices int
	// MaxItems bounds their operations, versions and replicas, the hosts, and the services
	// on each of these, together.
	MaxItems int
}

// Default returns the usual rules, for a number of services.
func Default(services int) Config {
	return Config{Settle: 20, Confirm: 2, GoneAfter: 10, ForgetAfter: 2880, MaxServices: services, MaxItems: 20 * services}
}

const (
	// maxPerWindow bounds what is said after one window.
	maxPerWindow = 64
	// maxLog bounds the changes that are remembered for incidents to come.
	maxLog = 512
)

// Ledger knows what there is. It is not safe for concurrent use.
type Ledger struct {
	cfg      Config
	began    int64 // start of the first window, ns
	size     int64 // of the last window, ns
	windows  int   // taken in, as far as Settle goes
	placed   int   // of them with hosts, likewise
	services map[identity.Service]*service
	hosts    map[string]*host
	spacing  [2]spacing // of HostsNew and HostsGone
	log      []Change   // oldest first
	items    int
	refused  int
}

// service is what is known of one. Its fields are persisted.
type service struct {
	presence
	Age        int    // windows in which it was seen, as far as Settle goes
	Placed     int    // windows in a row that say of all its replicas on which hosts they run, likewise
	Current    string // version that runs, the newest of several
	Versions   map[string]*presence
	Operations map[string]*presence
	Replicas   map[string]*presence
	// Count is the number of replicas as last said; Now another one that is seen since
	// the window that began at Since, for so many windows.
	Count, Now, For int
	Since           int64

	calls tally // of the last window, not persisted
}

// tally counts calls to a service by weight.
type tally struct{ count, failed float64 }

// NewLedger returns a ledger of nothing. It panics unless all rules are positive.
func NewLedger(cfg Config) *Ledger {
	if cfg.Settle <= 0 || cfg.Confirm <= 0 || cfg.GoneAfter <= 0 || cfg.ForgetAfter <= 0 || cfg.MaxServices <= 0 || cfg.MaxItems <= 0 {
		panic("change: all rules must be positive")
	}
	return &Ledger{cfg: cfg, services: make(map[identity.Service]*service), hosts: make(map[string]*host)}
}

// Refused returns how many services, items and changes were left out because of
// a bound.
func (l *Ledger) Refused() int { return l.refused }

// Observe takes in the next window, and returns what has changed: hosts first, then
// sorted by service, and within one services before versions, operations and replicas.
func (l *Ledger) Observe(s *window.Snapshot) []Change {
	l.size = s.End - s.Start
	if l.windows == 0 {
		l.began = s.Start
	}
	seen := sightings(s)
	l.admit(seen)
	l.calls(s)
	settled := l.windows >= l.cfg.Settle
	if !settled {
		l.windows++
	}
	enough := l.quorum(seen)
	var out []Change
	for _, k := range slices.SortedFunc(maps.Keys(l.services), identity.Service.Compare) {
		out = append(out, l.observe(s, k, seen[k], settled, enough)...)
	}
	hosts := l.observeHosts(s, seen, enough)
	out = slices.DeleteFunc(out, func(c Change) bool { return l.explained(&c, seen[c.Service]) })
	if n := len(out) - maxPerWindow; n > 0 {
		l.refused += n
		out = out[:maxPerWindow]
	}
	for i := range out {
		out[i] = l.note(s, out[i])
	}
	return append(hosts, out...)
}

// note remembers a change that is certain after a window.
func (l *Ledger) note(s *window.Snapshot, c Change) Change {
	c = c.at(s)
	l.log = append(l.log, c)
	l.log = slices.Delete(l.log, 0, max(0, len(l.log)-maxLog))
	return c
}

// admit adds services that are new, where there is room.
func (l *Ledger) admit(seen map[identity.Service]*sighting) {
	for _, k := range slices.SortedFunc(maps.Keys(seen), identity.Service.Compare) {
		if l.services[k] != nil {
			continue
		}
		if len(l.services) >= l.cfg.MaxServices {
			l.refused++
			continue
		}
		l.services[k] = &service{
			Versions: make(map[string]*presence), Operations: make(map[string]*presence), Replicas: make(map[string]*presence),
		}
	}
}

// quorum reports whether at least half of the services that are there are seen.
func (l *Ledger) quorum(seen map[identity.Service]*sighting) bool {
	there, here := 0, 0
	for k, s := range l.services {
		if s.There {
			there++
			if seen[k] != nil {
				here++
			}
		}
	}
	return 2*here >= there
}

// observe takes in what a window shows of one service: nil where it is not seen.
func (l *Ledger) observe(w *window.Snapshot, k identity.Service, seen *sighting, settled, enough bool) []Change {
	s := l.services[k]
	if seen == nil {
		if !settled || !enough && s.calls.count == 0 {
			return nil
		}
		return l.silent(w, k, s)
	}
	var out []Change
	if !settled {
		s.settle(true, w.Start)
	} else if s.step(true, w.Start, l.cfg, l.cfg.Confirm) == appeared {
		out = append(out, Change{Kind: ServiceNew, Service: k, Since: moment(s.First), Back: s.Before})
	}
	young := s.Age < l.cfg.Settle
	if young {
		s.Age++
	}
	if s.Placed = min(s.Placed+1, l.cfg.Settle); seen.unplaced || len(seen.hosts) == 0 {
		s.Placed = 0
	}
	for _, c := range slices.Concat(
		l.versions(s, seen, w.Start, young), l.operations(s, seen, w.Start, young), l.replicas(s, seen, w.Start, young),
	) {
		c.Service = k
		out = append(out, c)
	}
	return out
}

// silent takes in a window that counts and in which a service is not seen.
func (l *Ledger) silent(w *window.Snapshot, k identity.Service, s *service) []Change {
	switch s.step(false, w.Start, l.cfg, l.cfg.Confirm) {
	case vanished:
		return []Change{{Kind: ServiceGone, Service: k, Since: moment(s.Last + l.size), Unanswered: s.calls.count}}
	case faded:
		l.items -= len(s.Versions) + len(s.Operations) + len(s.Replicas)
		delete(l.services, k)
	case nothing, appeared:
	}
	return nil
}

// Known reports whether s has served requests.
func (l *Ledger) Known(s identity.Service) bool { return l.services[s] != nil }

// Between returns the changes of services, which are sorted, and of hosts on which they
// run, that are shown since from or later, and since to at the latest: in the order in
// which they were noticed, and last the hosts that may be gone. What is gone went in
// the window before the first that shows it.
func (l *Ledger) Between(services []identity.Service, from, to time.Time) []Change {
	among := func(s identity.Service) bool {
		_, ok := slices.BinarySearchFunc(services, s, identity.Service.Compare)
		return ok
	}
	var out []Change
	for _, c := range append(l.log[:len(l.log):len(l.log)], l.silentHosts()...) {
		latest := to
		if c.Kind == ServiceGone || c.Kind == HostsGone {
			latest = to.Add(time.Duration(l.size))
		}
		if !c.Since.Before(from) && !c.Since.After(latest) && (among(c.Service) || slices.ContainsFunc(c.Services, among)) {
			out = append(out, c)
		}
	}
	return out
}

// ServedUntil returns the end of the last window in which a version of a service served, in ns
// since 1970, 0 where that is not known.
func (l *Ledger) ServedUntil(s identity.Service, version string) int64 {
	if k := l.services[s]; k != nil && k.Versions[version] != nil {
		return k.Versions[version].Last + l.size
	}
	return 0
}

// Redeployed reports whether any of some services, which are sorted, began to run another
// version between two times, and whether that is known: the ledger reaches back so far, and each of them
// that serves says its version.
func (l *Ledger) Redeployed(services []identity.Service, from, to time.Time) (is, known bool) {
	known = l.windows > 0 && l.began <= from.UnixNano()
	some := false
	for _, k := range services {
		s := l.services[k]
		if s == nil {
			continue // it serves nothing, and says nothing of itself
		}
		some = true
		known = known && s.Current != ""
	}
	is = slices.ContainsFunc(l.Between(services, from, to), func(c Change) bool { return c.Kind == Version })
	return is, known && some
}

func moment(ns int64) time.Time { return time.Unix(0, ns).UTC() }
