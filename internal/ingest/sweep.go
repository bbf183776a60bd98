package ingest

import (
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// minSweep is the number of names below which none is taken back.
const minSweep = 1 << 14

// sweepIfDue takes back the numbers of names that nothing refers to any more,
// when there are twice as many names as were left the last time. So what names
// take is bounded by what is admitted and what waits, however many come and go,
// and a sweep costs little per name.
func (i *Ingester) sweepIfDue() {
	if int64(i.names.Len()) < i.sweepAt.Load() {
		return
	}
	i.world.Lock()
	defer i.world.Unlock()
	if int64(i.names.Len()) < i.sweepAt.Load() {
		return // another call was faster
	}
	i.signatures.clear()
	i.origins.clear()
	i.names.Sweep(func(m *identity.Marks) {
		i.producers.Mark(m)
		i.known.Mark(m)
		for _, s := range i.shards {
			s.mark(m)
		}
		i.folding.with((*window.Folder).Forget)
	})
	i.sweepAt.Store(max(minSweep, int64(2*i.names.Len())))
}
