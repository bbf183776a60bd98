package ingest

import (
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sage-rca/sage/internal/window"
)

// keptBy are the attributes of scopes by which the Collector's tail_sampling processor
// says which of its policies has kept a trace (where its feature gate recordpolicy is on).
var keptBy = [...]string{"tailsampling.policy", "tailsampling.composite_policy", "tailsampling.cached_decision"}

// kept reports whether a scope says that its spans were kept by a tail sampler.
func kept(scope pcommon.Map) bool {
	if scope.Len() == 0 {
		return false
	}
	for _, name := range keptBy {
		if _, ok := scope.Get(name); ok {
			return true
		}
	}
	return false
}

// chosen collects by window what spans tell of how they were chosen. It is safe for
// concurrent use.
type chosen struct {
	mu     sync.Mutex // guards everything below
	open   map[int64]window.Sampled
	closed int64 // windows that end here or before are closed
}

// noted is what was last noted in a batch: most spans of one tell the same.
type noted struct {
	start int64
	of    window.Sampled
}

// note notes what a span that ended at end tells.
func (i *Ingester) note(s *scratch, end int64, of window.Sampled) {
	n := noted{i.mark.start(end), of}
	if n == s.noted {
		return
	}
	s.noted = n
	c := &i.chosen
	c.mu.Lock()
	defer c.mu.Unlock()
	if n.start+i.mark.size > c.closed {
		c.open[n.start] = c.open[n.start].Or(of)
	}
}

// close returns what spans of the windows that end at or before bound have told, by
// start, and takes no more of them.
func (c *chosen) close(bound, size int64) map[int64]window.Sampled {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = bound
	var out map[int64]window.Sampled
	for start, of := range c.open { // into a map again: the order does not matter
		if start+size > bound {
			continue
		}
		if out == nil {
			out = make(map[int64]window.Sampled)
		}
		out[start] = of
		delete(c.open, start)
	}
	return out
}
