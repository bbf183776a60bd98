package ingest

import (
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// Rules of torn requests.
const (
	tornMemory = 16   // requests, at least, that are remembered of an operation
	tornShare  = 0.75 // of them from which on callers without spans are usual
	tornPrior  = 2    // requests with a caller that are taken to have been seen before
)

// tearing tells callers that send no spans from spans that are lost or late. A
// request whose parent never came may be that of a browser, or of a proxy that sends no spans,
// and then the operation is an entry; or the span of its caller is lost, or came in a
// batch so late that the window was closed. In one window of few requests the two look
// alike, and a window of losses would make an entry of an operation that is none. So it is a
// matter of the requests of late, of those that may have had a caller:
//
//	torn >= tornShare * (all + tornPrior)
//
// summed over the present window and twice as many requests before, at least tornMemory, to
// which those of each window before contribute in proportion. A batch that is late takes all
// callers of a window at most: five of eight of the rest would have to be torn, too, to make up
// three quarters. Where callers without spans become usual, four windows of a few dozen requests
// show it. Where a quarter of the requests has callers that are known, those without are
// taken to have the same, on replicas that send no spans.
//
// Requests without a parent at all are no losses: they count at once and are not looked at
// here. Nor are those whose trace began at another service, around them (Inner): somebody
// who was called has called them, whoever it was.
type tearing struct {
	recent *identity.Recent[identity.RPC, *tears]
}

// tears are the requests that may have had a caller, and those of them of which the caller's
// span never came, in spans seen.
type tears struct{ all, torn float64 }

func newTearing(most int, forget int64) tearing {
	return tearing{identity.NewRecent[identity.RPC, *tears](most, forget, identity.RPC.Compare)}
}

// judge takes in a window, and where callers without spans are usual leaves of Torn what is inner.
func (t *tearing) judge(s *window.Snapshot) {
	for i := range s.RPCs {
		r := &s.RPCs[i]
		all := r.Count - (r.Entries - r.Torn)
		if all <= 0 {
			continue
		}
		of, ok := t.recent.Get(r.Key, s.End)
		if !ok {
			of = new(tears)
		}
		t.recent.Put(r.Key, of, s.End)
		seen := window.Seen(r.Count, r.Unseen) / r.Count // what a span stands for says no more
		if of.add(all*seen, (r.Torn-r.Inner)*seen) {
			r.Torn = r.Inner
		}
	}
}

// add takes in the requests of a window, and reports whether callers without spans are usual.
func (t *tears) add(all, torn float64) bool {
	if keep := max(tornMemory, 2*all); t.all > keep {
		t.torn *= keep / t.all
		t.all = keep
	}
	t.all += all
	t.torn += torn
	return t.torn >= tornShare*(t.all+tornPrior)
}
