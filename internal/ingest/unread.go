package ingest

import "github.com/sage-rca/sage/internal/window"

// noteUnread notes that metrics of a resource come of which none is used, such as one: for
// whom they are of, nothing is known that could be short.
func (b *batch) noteUnread(metric string) {
	about := b.i.look(b.s, b.attributes, b.afterAbout, b.mark)
	b.afterAbout = &about.sequence
	if about.host {
		return
	}
	for k := range about.owners {
		b.i.unread.note(about.owners[k].instance.Service, metric)
	}
}

// unreadOf returns what was noted since it was last called.
func (i *Ingester) unreadOf() []window.Unread {
	var out []window.Unread
	for _, c := range i.unread.take() {
		out = append(out, window.Unread(c))
	}
	return out
}
