package change

import "github.com/sage-rca/sage/internal/identity"

// explained reports whether a change of a service is that of hosts of which readers are
// told, so that it need not be said: it is gone, or back, with all that it ran on, or
// has lost the replicas that ran there, or has one more on each that is new.
func (l *Ledger) explained(c *Change, seen *sighting) bool {
	switch c.Kind {
	case ServiceGone:
		return l.goneWith(c.Service)
	case ServiceNew:
		return c.Back && l.backWith(c, seen)
	case Replicas:
		if c.Is > c.Was {
			return l.came(c) >= c.Is-c.Was
		}
		return l.went(c) >= c.Was-c.Is
	default:
		return false
	}
}

// toldGone reports whether readers know that h is gone.
func (h *host) toldGone() bool { return !h.There && !h.Said && h.Told }

// toldNew reports whether readers know that h is there since a time, or later.
func (h *host) toldNew(since int64) bool { return h.There && h.Told && h.First >= since }

// goneWith reports whether readers know that all hosts are gone on which a service ran.
func (l *Ledger) goneWith(k identity.Service) bool {
	v := l.services[k]
	last := l.before(v.Last, recently)
	gone, all := false, v.Placed > 0
	for _, h := range l.hosts { // any, and all
		if s := h.Runs[k]; s != nil && s.Last > last {
			gone = gone || h.toldGone()
			all = all && h.toldGone()
		}
	}
	return gone && all
}

// backWith reports whether readers know that all hosts on which a service that is back
// runs have come with it.
func (l *Ledger) backWith(c *Change, seen *sighting) bool {
	if seen == nil || seen.unplaced || len(seen.hosts) == 0 {
		return false
	}
	for name := range seen.hosts { // all
		if h := l.hosts[name]; h == nil || !h.toldNew(c.Since.UnixNano()) {
			return false
		}
	}
	return true
}

// came counts the hosts that readers know to be new on which a service runs that has more
// replicas.
func (l *Ledger) came(c *Change) int {
	n := 0
	for _, h := range l.hosts { // a sum
		if h.Runs[c.Service] != nil && h.toldNew(l.before(c.Since.UnixNano(), l.cfg.GoneAfter)) {
			n++
		}
	}
	return n
}

// went counts the replicas of a service that has fewer on hosts that readers know to
// be gone.
func (l *Ledger) went(c *Change) int {
	n := 0
	for _, h := range l.hosts { // a sum
		if s := h.Runs[c.Service]; s != nil && h.toldGone() && h.Last >= l.before(c.Since.UnixNano(), l.cfg.GoneAfter) {
			n += s.Most
		}
	}
	return n
}
