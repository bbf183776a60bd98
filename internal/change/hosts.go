package change

import (
	"maps"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// maxHosted bounds the services that a change of hosts names.
const maxHosted = 32

// placed are the replicas that are seen on a host, by service.
type placed map[identity.Service]map[string]bool

// placements returns the replicas by host and service.
func placements(seen map[identity.Service]*sighting) map[string]placed {
	out := make(map[string]placed)
	for k, s := range seen { // each key is set once
		for name, replicas := range s.hosts {
			if out[name] == nil {
				out[name] = make(placed)
			}
			out[name][k] = replicas
		}
	}
	return out
}

// observeHosts takes in on which hosts services are seen to run, once these have been
// taken in. In the first windows in which any says so, all are new.
func (l *Ledger) observeHosts(w *window.Snapshot, seen map[identity.Service]*sighting, enough bool) []Change {
	on := placements(seen)
	settled := l.placed >= l.cfg.Settle
	if !settled && len(on) > 0 {
		l.placed++
	}
	var came, went []string
	measured := measuredIn(w)
	for _, name := range slices.Sorted(maps.Keys(on)) {
		if h := l.host(name); h != nil && l.see(h, on[name], w.Start, settled) {
			came = append(came, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.hosts)) {
		h := l.hosts[name]
		switch {
		case on[name] != nil, h.There && h.reports(measured):
		case !settled:
			h.settle(false, w.Start)
		case l.heard(h, seen, enough) && l.miss(h, name, w.Start):
			went = append(went, name)
		}
	}
	return slices.Concat(l.tell(w, HostsNew, came), l.tell(w, HostsGone, went))
}

// restarts is the one metric of a container that whoever watches the cluster tells of what
// runs no more as well.
const restarts = "container.restarts"

// measuredIn returns the replicas of which there are metrics in a window.
func measuredIn(w *window.Snapshot) map[identity.Instance]bool {
	out := make(map[identity.Instance]bool)
	for i := range w.Resources {
		r := &w.Resources[i]
		for k := range r.Instances {
			if slices.ContainsFunc(r.Instances[k].Values, func(v window.Value) bool { return v.Metric != restarts }) {
				out[identity.Instance{Service: r.Service, ID: r.Instances[k].ID}] = true
			}
		}
	}
	return out
}

// host returns what is known of a host; nil where there is no room for it.
func (l *Ledger) host(name string) *host {
	h := l.hosts[name]
	if h == nil && l.room() {
		h = &host{Runs: make(map[identity.Service]*stay)}
		l.hosts[name] = h
	}
	return h
}

// see takes in a window in which h is seen, and reports whether it is news that it is
// there. Who shall run on a host moves there one after the other.
func (l *Ledger) see(h *host, on placed, at int64, settled bool) bool {
	if !settled {
		h.settle(true, at)
	} else if h.step(true, at, l.cfg, l.cfg.Confirm) == appeared {
		h.Due, h.Told = true, false
	}
	l.take(h, on, at)
	news := h.Due && l.arrives(h)
	h.Due = h.Due && !news && h.Seen < l.cfg.GoneAfter
	return news
}

// miss takes in a window in which the silence of h counts, and reports whether it is
// news that it is gone. Of one of which that is no news it is none that it is back.
func (l *Ledger) miss(h *host, name string, at int64) bool {
	switch h.step(false, at, l.cfg, l.cfg.Confirm) {
	case vanished:
		h.Due, h.Told = false, false
		news := l.leaves(h)
		h.Said = !news
		return news
	case faded:
		l.forgetHost(name)
	case nothing, appeared:
	}
	return false
}

// silentHosts is the change that hosts are gone of which that is not certain yet: whoever
// looks for the cause of an incident that has just begun must know that nothing is heard
// of them, as it never was for so long. It has the ID under which it will be said.
func (l *Ledger) silentHosts() []Change {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(l.hosts)) {
		h := l.hosts[name]
		if h.There && h.Seen >= l.cfg.GoneAfter && h.Silent >= max(l.cfg.Confirm, 2*h.Gap+1) && l.leaves(h) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	c := l.ofHosts(HostsGone, names)
	c.ID = c.id()
	return []Change{c}
}

// tell returns what is to be said of hosts after a window: at most one change. Incidents
// know of them at once, also where that is later.
func (l *Ledger) tell(w *window.Snapshot, kind Kind, names []string) []Change {
	s := &l.spacing[0]
	if kind == HostsGone {
		s = &l.spacing[1]
	}
	c := l.ofHosts(kind, names)
	if c.Count > 0 {
		l.note(w, c)
	}
	say, now := s.admit(c, l.cfg)
	if !now {
		return nil
	}
	for _, name := range names {
		l.hosts[name].Told = true
	}
	return []Change{say.at(w)}
}

// ofHosts is the change that hosts are new, or gone.
func (l *Ledger) ofHosts(kind Kind, names []string) Change {
	c := Change{Kind: kind, Count: len(names), Hosts: slices.Clone(names[:min(len(names), maxNamed)])}
	c.Back = kind == HostsNew && len(names) > 0
	for i, name := range names {
		h := l.hosts[name]
		since := moment(h.First)
		if kind == HostsGone {
			since = moment(h.Last + l.size)
		}
		if i == 0 || since.Before(c.Since) {
			c.Since = since
		}
		c.Back = c.Back && h.Before
		c.Services = slices.AppendSeq(c.Services, maps.Keys(h.Runs)) // sorted below
	}
	c.Services = distinct(c.Services)
	return c
}

// distinct returns some services, sorted, each once, as many as are named.
func distinct(all []identity.Service) []identity.Service {
	slices.SortFunc(all, identity.Service.Compare)
	all = slices.Compact(all)
	return slices.Clip(all[:min(len(all), maxHosted)])
}
