package ingest

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sage-rca/sage/internal/identity"
)

// Bounds of what is kept of one store: hosts at which it is reached, services that call it and
// namespaces in which one of those runs. Of further callers or namespaces nothing is asked.
const (
	maxHosts   = 8
	maxCallers = 8
	maxSpaces  = 8
)

// maxSharers bounds the stores that have the metrics of one resource: databases of a server,
// topics of a broker. The first by name count.
const maxSharers = 16

// stores knows whom spans call, and at which hosts, and so finds those that a resource of
// metrics is about, of which no span says that it is its sender: databases, caches, brokers
// and others that are not instrumented. A service that sends spans is no store, nor is
// whoever has its name. It is safe for concurrent use. All times are event time.
type stores struct {
	max     int
	forget  int64
	learned *atomic.Uint64 // counts what find depends on, but time

	mu    sync.Mutex // guards everything below
	known map[identity.Service]*store
	names map[string][]*reached // by the parts of a host's name by which it may be found
	// speakers are those who send spans, each by its bare name in lower case too.
	speakers *identity.Recent[identity.Service, *spaces]
	tenants  tenants // of hosts, on which stores run
}

// store is a service that others call, by the name that they give it.
type store struct {
	service identity.Service
	place   identity.Place // says when it was called last
	hosts   []*reached
	callers []identity.Service
	anybody bool // more than are kept call it
}

// reached is a host of a store, as spans say it and as it is read.
type reached struct {
	dialed
	raw   string
	store *store
}

// spaces are the namespaces of Kubernetes in which a service runs.
type spaces struct {
	names   []string
	nowhere bool // a replica does not say, or they are more than are kept
}

func newStores(max, instances int, forget int64, learned *atomic.Uint64) *stores {
	const names = 2 // of a speaker
	return &stores{
		max: max, forget: forget, learned: learned,
		known:    make(map[identity.Service]*store),
		names:    make(map[string][]*reached),
		speakers: identity.NewRecent[identity.Service, *spaces](names*max, forget, identity.Service.Compare),
		tenants:  newTenants(instances, forget),
	}
}

// speaks notes that a service sends spans at now.
func (t *stores) speaks(s identity.Service, now int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.speaker(s, now)
	t.speaker(identity.Service{Name: strings.ToLower(s.Name)}, now)
}

// speaksIn notes that a service sends spans at now, from a namespace of Kubernetes, "" where
// it does not say.
func (t *stores) speaksIn(s identity.Service, namespace string, now int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.speaker(identity.Service{Name: strings.ToLower(s.Name)}, now)
	in := t.speaker(s, now)
	switch {
	case in == nil, in.nowhere, slices.Contains(in.names, namespace):
		return
	case namespace == "" || len(in.names) >= maxSpaces:
		in.nowhere = true
	default:
		in.names = append(in.names, strings.Clone(namespace))
	}
	t.learned.Add(1)
}

// speaker returns where one who sends spans at now runs, nil where there is no room.
func (t *stores) speaker(s identity.Service, now int64) *spaces {
	if in, ok := t.speakers.Get(s, now); ok {
		t.speakers.Touch(s, now)
		return in
	}
	in := &spaces{}
	if !t.speakers.Put(identity.Service{Namespace: strings.Clone(s.Namespace), Name: strings.Clone(s.Name)}, in, now) {
		return nil
	}
	t.learned.Add(1)
	return in
}

// calls notes that somebody calls the peer, which has a place among those that are called, at
// hosts. Empty ones say nothing, nor does a caller without a name.
func (t *stores) calls(caller, peer identity.Service, place identity.Place, hosts ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := t.known[peer]
	if at == nil {
		for _, host := range hosts {
			if _, ok := dialedOf(host); ok {
				at = t.add(peer)
				break
			}
		}
		if at == nil {
			return
		}
	}
	at.place = place
	for _, host := range hosts {
		t.reach(at, host)
	}
	t.calledBy(at, caller)
}

// called notes that a peer has one more caller, if it is known.
func (t *stores) called(caller, peer identity.Service) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at := t.known[peer]; at != nil {
		t.calledBy(at, caller)
	}
}

func (t *stores) calledBy(at *store, caller identity.Service) {
	if at.anybody || caller.IsZero() || slices.Contains(at.callers, caller) {
		return
	}
	if at.anybody = len(at.callers) >= maxCallers; !at.anybody {
		at.callers = append(at.callers, identity.Service{Namespace: strings.Clone(caller.Namespace), Name: strings.Clone(caller.Name)})
	}
	t.learned.Add(1)
}

// add makes a store of a peer. There is room: as many have a place as may be known, and where
// there are more, some have given theirs up.
func (t *stores) add(peer identity.Service) *store {
	if len(t.known) >= t.max {
		for s, at := range t.known { // each alone: the order does not matter
			if _, ok := at.place.Seen(); !ok {
				t.remove(s, at)
			}
		}
	}
	at := &store{service: identity.Service{Namespace: strings.Clone(peer.Namespace), Name: strings.Clone(peer.Name)}}
	t.known[at.service] = at
	return at
}

func (t *stores) remove(s identity.Service, at *store) {
	delete(t.known, s)
	for _, p := range at.hosts {
		for _, key := range p.keys() {
			left := slices.DeleteFunc(t.names[key], func(o *reached) bool { return o.store == at })
			if len(left) == 0 {
				delete(t.names, key)
				continue
			}
			t.names[key] = left
		}
	}
}

// reach notes a host at which a store is reached.
func (t *stores) reach(at *store, host string) {
	if host == "" || len(at.hosts) >= maxHosts || slices.ContainsFunc(at.hosts, func(p *reached) bool { return p.raw == host }) {
		return
	}
	host = strings.Clone(host)
	d, ok := dialedOf(host)
	if !ok {
		return
	}
	p := &reached{dialed: d, raw: host, store: at}
	at.hosts = append(at.hosts, p)
	for _, key := range p.keys() {
		t.names[key] = append(t.names[key], p)
	}
	t.learned.Add(1)
}

// keys are the names under which a host is looked for.
func (d *dialed) keys() []string {
	out := []string{d.labels[0]}
	if s := d.service(); s != "" && s != d.labels[0] {
		out = append(out, s)
	}
	return out
}

// find returns the stores that the resource m is about at now, sorted, and by what they were
// found.
func (t *stores) find(m pcommon.Map, now int64) ([]identity.Service, rank) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.known) == 0 {
		return nil, 0
	}
	b := bearingOf(m)
	for r := range numRanks {
		if found := t.ranked(r, &b, now); len(found) > 0 {
			slices.SortFunc(found, identity.Service.Compare)
			found = slices.Compact(found)
			return found[:min(len(found), maxSharers)], r
		}
	}
	return nil, 0
}

// ranked returns the stores that have a name of a rank.
func (t *stores) ranked(r rank, b *bearing, now int64) (found []identity.Service) {
	for _, name := range b.names[r] {
		found = t.named(found, name, r, b, now)
	}
	if r != byPod {
		return found
	}
	n := len(found)
	for _, guess := range b.guesses {
		if found = t.named(found, guess, r, b, now); len(found) > n {
			break
		}
	}
	return found
}

// speak reports whether a service sends spans at now.
func (t *stores) speak(s identity.Service, now int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.speaking(s, now)
}

// speaking reports whether a service sends spans, by its whole name or its bare one.
func (t *stores) speaking(s identity.Service, now int64) bool {
	if _, ok := t.speakers.Get(s, now); ok || s.Name == "" {
		return ok
	}
	_, ok := t.speakers.Get(identity.Service{Name: strings.ToLower(s.Name)}, now)
	return ok
}

// silent reports whether a service is a store at now: it is called, and sends no spans.
func (t *stores) silent(s identity.Service, now int64) bool {
	at := t.known[s]
	return at != nil && t.isCalled(at, now) && slices.ContainsFunc(at.hosts, func(p *reached) bool { return !t.heard(p, now) })
}

// isCalled reports whether somebody calls a store at now.
func (t *stores) isCalled(at *store, now int64) bool {
	seen, ok := at.place.Seen()
	return ok && now-seen < t.forget
}

// named appends to dst the stores that have a name of that rank.
func (t *stores) named(dst []identity.Service, name string, r rank, b *bearing, now int64) []identity.Service {
	as := dialed{whole: name, labels: []string{name}}
	if r == byAddress || r == byHost || isIP(name) {
		var ok bool
		if as, ok = dialedOf(name); !ok || as.ip && r != byPod {
			return dst // behind an address there may be several
		}
	}
	for _, p := range t.names[as.labels[0]] {
		if t.isCalled(p.store, now) && t.is(p, &as, r, b, now) && !t.heard(p, now) {
			dst = append(dst, p.store.service)
		}
	}
	return dst
}

// heard reports whether what is called at a host, or is said to be, sends spans itself.
func (t *stores) heard(p *reached, now int64) bool {
	return t.speaking(p.store.service, now) || t.speaking(identity.Service{Name: p.labels[0]}, now) ||
		t.speaking(identity.Service{Name: p.service()}, now)
}

// is reports whether a host is what a resource is, by one of its names.
func (t *stores) is(p *reached, as *dialed, r rank, b *bearing, now int64) bool {
	namespace := b.namespace
	if said := as.namespace(); said != "" {
		namespace = said
	}
	pod := r == byPod && as.whole == b.pod
	if !p.names(as) {
		// The service of a pod that the host names: all of its pods, where it is not said which.
		if p.service() != as.whole || b.pod != "" {
			return false
		}
	}
	n := len(p.labels)
	switch said := p.namespace(); {
	case said != "":
		return namespace == "" || namespace == said
	case n == 1, n == 2 && pod: // found where it is looked for: where callers run
		return namespace == "" || t.calledFrom(p.store, namespace, now)
	case namespace == "": // a name of the internet is no container's
		return n == 2 || r == byAddress || r == byHost
	}
	return slices.Contains(p.labels[1:], namespace)
}

// calledFrom reports whether somebody in a namespace calls a store, as far as callers say
// where they run.
func (t *stores) calledFrom(at *store, namespace string, now int64) bool {
	if at.anybody || len(at.callers) == 0 {
		return true
	}
	return slices.ContainsFunc(at.callers, func(s identity.Service) bool {
		in, ok := t.speakers.Get(s, now)
		return !ok || in.nowhere || len(in.names) == 0 || slices.Contains(in.names, namespace)
	})
}
