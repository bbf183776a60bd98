package ingest

import (
	"math/bits"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// pointed says whom points with some labels are about.
type pointed struct {
	hash    uint64
	present uint32
	values  []string // of the labels that are present, in their order
	about   *about
}

// maxPointed is the number of sets of labels that are remembered.
const maxPointed = 1 << 13

// subject says what a metric is of, as its features do.
type subject uint8

const (
	ofItself subject = iota // of whoever sends it
	ofPod                   // of a container, a pod or a process, whoever sends it
	ofHost                  // of a host, whoever sends it
)

// subjectOf returns the subject of a metric by one of its features, and whether its points may
// say themselves whom they are about: names with an underscore are of exporters, whose
// resource is their own; what instrumentation sends has its own resource.
func subjectOf(metric, feature string) (of subject, labelled bool) {
	first, _, _ := strings.Cut(feature, ".")
	labelled = strings.IndexByte(metric, '_') >= 0 && strings.IndexByte(metric, '.') < 0 || isOfStore(metric)
	switch first {
	case "container", "pod":
		return ofPod, true
	case "host":
		return ofHost, labelled
	case "process":
		return ofItself, true
	}
	return ofItself, labelled
}

// isInner reports whether a feature is of the process that sends it, whomever else that knows.
func isInner(feature string) bool {
	first, _, _ := strings.Cut(feature, ".")
	return first == "process" || first == "runtime"
}

// whom returns whom a point is about, and sets b.about: whoever its labels name, or else its
// resource. Where that is a replica which sends spans, labels say nothing of whose the point
// is. Where they name what nobody knows, nobody has a point of a container or a host.
func (b *batch) whom(attributes pcommon.Map) *about {
	if b.about == nil {
		b.about = b.i.look(b.s, b.attributes, b.afterAbout, b.mark)
		b.afterAbout = &b.about.sequence
	}
	if !b.metric.labelled || b.about.replica {
		return b.about
	}
	l := &b.s.labels
	b.i.labelling.read(l, attributes)
	switch b.metric.subject {
	case ofHost:
		b.i.labelling.keepHost(l, b.attributes)
	case ofItself:
		b.i.labelling.keepSender(l, b.metric.inner || b.about.speaks)
	case ofPod:
		b.i.labelling.keepPod(l)
	}
	if l.present == 0 {
		return b.about
	}
	a := b.i.lookLabels(b.s, l, b.mark)
	known := len(a.owners)+len(a.disks) > 0 && a.host == (b.metric.subject == ofHost)
	switch {
	case known:
		return a
	case b.metric.subject == ofItself:
		return b.about
	}
	return &nobody
}

// nobody is whom nothing is about.
var nobody = about{refused: noService}

// lookLabels returns whom labels name at event time now.
func (i *Ingester) lookLabels(s *scratch, l *labels, now int64) *about {
	learned := i.joins.learned.Load()
	hash := l.hash()
	set := i.pointed.set(hash)
	var old *about
	for k := range set {
		if p := set[k].Load(); p != nil && p.is(l, hash) {
			if old = p.about; old.holds(learned, i.joins.forget/grains, now) {
				return old
			}
		}
	}
	a := &about{learned: learned, at: now}
	m := i.labelling.asMap(l)
	r := resourceOf(m, &s.in)
	i.join(s, a, m, &r, now)
	i.settle(old, a, now)
	p := &pointed{hash: hash, present: l.present, values: l.clone(), about: a}
	i.pointed.put(hash, p, func(old *pointed) bool { return old.is(l, hash) })
	return a
}

// is reports whether p is about those labels, of that hash.
func (p *pointed) is(l *labels, hash uint64) bool {
	if p.hash != hash || p.present != l.present {
		return false
	}
	n := 0
	for left := l.present; left != 0; left &= left - 1 {
		if p.values[n] != l.values[bits.TrailingZeros32(left)] {
			return false
		}
		n++
	}
	return true
}
