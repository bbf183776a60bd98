package window

import (
	"math"

	"github.com/sage-rca/sage/internal/callgraph"
	"github.com/sage-rca/sage/internal/identity"
)

// Folder folds what one shard resolves into open windows. It is a
// callgraph.Sink. It is not safe for concurrent use: its shard's lock guards it.
type Folder struct {
	size   int64
	closed int64 // windows that end here or before are closed
	open   map[int64]*Part
	late   int
	counts [callgraph.NumReasons]int
}

// NewFolder returns a folder of windows of size nanoseconds, aligned to the
// epoch. It panics unless size is positive.
func NewFolder(size int64) *Folder {
	if size <= 0 {
		panic("window: size must be positive")
	}
	return &Folder{size: size, closed: math.MinInt64, open: make(map[int64]*Part)}
}

// part returns the open window of time t, or nil where it is closed.
func (f *Folder) part(t int64) *Part {
	start := floor(t, f.size)
	if start+f.size <= f.closed {
		f.late++
		return nil
	}
	p := f.open[start]
	if p == nil {
		p = newPart(start)
		f.open[start] = p
	}
	return p
}

// floor returns the start of the window that holds t.
func floor(t, size int64) int64 {
	r := t % size
	if r < 0 {
		r += size
	}
	return t - r
}

// Served implements callgraph.Sink. A request of a closed window is late.
func (f *Folder) Served(s callgraph.Served) {
	if p := f.part(s.Time); p != nil {
		p.served(&s)
	}
}

// Called implements callgraph.Sink. A call of a closed window is late.
func (f *Folder) Called(c callgraph.Call) {
	if p := f.part(c.Time); p != nil {
		p.called(&c)
	}
}

// Counted implements callgraph.Sink.
func (f *Folder) Counted(reason callgraph.Reason, n int) { f.counts[reason] += n }

// Late returns how many requests and calls fell in closed windows since the
// last time that it was asked.
func (f *Folder) Late() int {
	n := f.late
	f.late = 0
	return n
}

// Counts returns what was counted by reason since the last time that it was asked.
func (f *Folder) Counts() [callgraph.NumReasons]int {
	c := f.counts
	f.counts = [callgraph.NumReasons]int{}
	return c
}

// Close removes and returns the open windows that end at or before upTo, oldest
// first, and refuses what comes for them later.
func (f *Folder) Close(upTo int64) []*Part {
	f.closed = max(f.closed, floor(upTo, f.size))
	var out []*Part
	for start, p := range f.open {
		if start+f.size <= f.closed {
			out = append(out, p)
			delete(f.open, start)
		}
	}
	sortParts(out)
	return out
}

// Part is the share of one shard in one window.
type Part struct {
	Start int64
	rpcs  map[identity.RPC]*rpcSum
	edges map[identity.Edge]*edgeSum
}

func newPart(start int64) *Part {
	return &Part{Start: start, rpcs: make(map[identity.RPC]*rpcSum), edges: make(map[identity.Edge]*edgeSum)}
}
