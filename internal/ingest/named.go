package ingest

import (
	"cmp"
	"strings"
	"sync"

	"github.com/sage-rca/sage/internal/identity"
)

// maxPerScarce bounds the metrics that are used by their names of one resource of a service,
// and of its host: where someone sends hundreds, few of them say something new.
const maxPerScarce = 4

// named remembers which metrics are used by their names: of each service, resource and
// side (its own, its host's) the first by standing, whatever comes first. It is safe for
// concurrent use. All times are event time.
type named struct {
	max    int // keys
	forget int64

	mu    sync.Mutex // guards everything below
	of    map[namedKey]*namedSet
	swept int64
}

type namedKey struct {
	service identity.Service
	of      scarce
	host    bool
}

// namedSet are the metrics of a key. It has no order.
type namedSet struct {
	n   int
	all [maxPerScarce]namedMetric
}

type namedMetric struct {
	standing
	seen int64
}

// standing orders metrics that are used by their names: what is short before what is used, a
// whole before its parts, which have more words, and then by name.
type standing struct {
	used  bool
	words int
	name  string
}

func (a *standing) compare(b *standing) int {
	switch {
	case a.used != b.used && b.used:
		return -1
	case a.used != b.used:
		return 1
	}
	return cmp.Or(cmp.Compare(a.words, b.words), strings.Compare(a.name, b.name))
}

func newNamed(services int, forget int64) *named {
	const keys = 2 * (int(queues) + 1) // of a service: its own and its host's
	return &named{max: keys * services, forget: forget, of: make(map[namedKey]*namedSet)}
}

// admit reports whether a metric is one of those that are used. What it keeps are strings
// that are not the caller's batch's.
func (n *named) admit(key namedKey, m *standing, now int64) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	set := n.of[key]
	if set == nil {
		if len(n.of) >= n.max && !n.sweep(now) {
			return false
		}
		set = &namedSet{}
		n.of[key] = set
	}
	for k := range set.all[:set.n] {
		if at := &set.all[k]; at.name == m.name {
			at.seen = max(at.seen, now)
			return true
		}
	}
	at := set.place(m, now-n.forget)
	if at == nil {
		return false
	}
	*at = namedMetric{standing: *m, seen: now}
	return true
}

// place returns where a metric that is not there may be put, nil where it may not: a free
// place, that of one that was not seen since then, or that of the last by standing.
func (s *namedSet) place(m *standing, since int64) *namedMetric {
	if s.n < len(s.all) {
		s.n++
		return &s.all[s.n-1]
	}
	last := &s.all[0]
	for k := range s.all {
		at := &s.all[k]
		if at.seen <= since {
			return at
		}
		if at.compare(&last.standing) > 0 {
			last = at
		}
	}
	if m.compare(&last.standing) < 0 {
		return last
	}
	return nil
}

// sweep removes what is forgotten at now, at most a few times per span of forgetting, and
// reports whether there is room then.
func (n *named) sweep(now int64) bool {
	if now-n.swept < n.forget/grains {
		return false
	}
	n.swept = now
	for key, set := range n.of { // each alone: the order does not matter
		latest := int64(0)
		for k := range set.all[:set.n] {
			latest = max(latest, set.all[k].seen)
		}
		if now-latest >= n.forget {
			delete(n.of, key)
		}
	}
	return len(n.of) < n.max
}
