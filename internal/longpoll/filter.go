package longpoll

import (
	"slices"
	"time"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// Config says what a Filter does not have to find out. Its zero value does.
type Config struct {
	// Works reports that an operation is never to be taken for one that waits; nil: none.
	Works func(identity.RPC) bool
	// Forget is the event time after which an operation that was not seen is new again.
	Forget time.Duration
	// MaxOperations bounds those that are told apart. Further ones work.
	MaxOperations int
}

// Found is an operation that was found to wait, and after which time its polls end.
type Found struct {
	RPC  identity.RPC
	Wall time.Duration
}

// Filter finds operations that wait. It is not safe for concurrent use.
type Filter struct {
	cfg Config
	ops map[identity.RPC]*operation
}

// New returns a filter that has seen nothing.
func New(cfg Config) *Filter { return &Filter{cfg: cfg, ops: make(map[identity.RPC]*operation)} }

// Windows of an operation.
const (
	decideAfter = 10 // until it is decided what it does
	maxMissed   = 2  // of them without the wall
	maxBeyond   = 3  // in a row with requests beyond the wall, until it is none after all
)

// operation is what is known of one operation.
type operation struct {
	seen         int64 // start of the last window
	windows      int   // that said anything, until it was decided
	missed       int   // of them without the wall
	wall         float64
	early, total float64 // weight of requests, in windows with the wall
	decided      bool
	waits        bool
	beyond       int // windows in a row
}

// Take returns the window as it is to be judged, s itself where nothing waits, and
// what was found to wait in it, once each.
func (f *Filter) Take(s *window.Snapshot) (*window.Snapshot, []Found) {
	f.forget(s.Start)
	var found []Found
	waits := make(map[identity.RPC]bool)
	for i := range s.RPCs {
		r := &s.RPCs[i]
		o := f.operation(r, s.Start)
		if o == nil {
			continue
		}
		known := o.waits
		if o.take(r) {
			waits[r.Key] = true
		}
		if o.waits && !known {
			found = append(found, Found{r.Key, time.Duration(o.wall).Round(10 * time.Millisecond)})
		}
	}
	if len(waits) == 0 {
		return s, nil
	}
	callers(s, waits)
	return without(s, waits), found
}

// operation returns what is known of the operation of r, or nil where it works.
func (f *Filter) operation(r *window.RPC, now int64) *operation {
	o := f.ops[r.Key]
	if o == nil {
		if r.Count == 0 || len(f.ops) >= f.cfg.MaxOperations || f.cfg.Works != nil && f.cfg.Works(r.Key) {
			return nil
		}
		o = new(operation)
		f.ops[r.Key] = o
	}
	o.seen = now
	return o
}

// forget drops what was not seen for long.
func (f *Filter) forget(now int64) {
	for k, o := range f.ops {
		if now-o.seen > int64(f.cfg.Forget) {
			delete(f.ops, k)
		}
	}
}

// take takes in a window of the operation, and reports whether its requests are to be
// taken to wait.
func (o *operation) take(r *window.RPC) bool {
	at, early, ok := wall(r)
	if o.decided {
		if o.waits && r.Count >= minRequests {
			o.follow(at)
		}
		return o.waits
	}
	if r.Count < minRequests {
		return false
	}
	o.windows++
	if ok && o.wall == 0 {
		o.wall = at
	}
	if ok = ok && same(at, o.wall); ok {
		o.early += early
		o.total += r.Count
	} else if o.missed++; o.missed > maxMissed {
		o.decided = true
		return false
	}
	if o.windows < decideAfter {
		return ok
	}
	o.decided = true
	o.waits = o.early >= earlyShare*o.total || o.wall >= sure
	return o.waits
}

// follow notes whether requests of an operation that waits take longer than a poll can:
// then that is not what it does.
func (o *operation) follow(at float64) {
	if at <= o.wall*(1+thickness) {
		o.beyond = 0
		return
	}
	if o.beyond++; o.beyond >= maxBeyond {
		o.waits = false
	}
}

// without returns a window in which the requests of the operations that wait, and the
// calls to them, count as those of streams do.
func without(s *window.Snapshot, waits map[identity.RPC]bool) *window.Snapshot {
	out := *s
	out.RPCs, out.Edges = slices.Clone(s.RPCs), slices.Clone(s.Edges)
	for i := range out.RPCs {
		if r := &out.RPCs[i]; waits[r.Key] {
			*r = window.RPC{Key: r.Key, Stream: r.Stream + r.Count, Latency: new(sketch.Sketch), Exclusive: new(sketch.Sketch), Ending: new(sketch.Sketch)}
		}
	}
	for i := range out.Edges {
		if e := &out.Edges[i]; waits[e.Key.Callee] {
			*e = window.Edge{
				Key: e.Key, Leaf: e.Leaf, Async: e.Async, Stream: e.Stream + e.Count,
				Client: new(sketch.Sketch), Server: new(sketch.Sketch), Network: new(sketch.Sketch), Queue: new(sketch.Sketch), Requests: new(sketch.Sketch),
			}
		}
	}
	return &out
}
