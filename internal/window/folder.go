package window

import (
	"cmp"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/callgraph"
	"github.com/sage-rca/sage/internal/identity"
)

// Folder folds what one shard resolves into open windows. It is a
// callgraph.Sink. It is not safe for concurrent use: its shard's lock guards it.
type Folder struct {
	size   int64
	open   map[int64]*Part // by start
	closed int64           // start of the last closed window, or before
	late   int
	counts [callgraph.NumReasons]int
}

// NewFolder returns a folder of windows of size nanoseconds, aligned to the
// epoch. It panics unless size is positive.
func NewFolder(size int64) *Folder {
	if size <= 0 {
		panic("window: size must be positive")
	}
	return &Folder{size: size, open: make(map[int64]*Part), closed: math.MinInt64}
}

// Served implements callgraph.Sink. A request of a closed window is counted as
// late, and otherwise ignored.
func (f *Folder) Served(s callgraph.Served) {
	p := f.at(s.Time)
	if p == nil {
		return
	}
	r := p.requests[s.RPC]
	if r == nil {
		r = new(requests)
		p.requests[s.RPC] = r
	}
	r.add(&s)
}

// Called implements callgraph.Sink. A call of a closed window is counted as
// late, and otherwise ignored.
func (f *Folder) Called(c callgraph.Call) {
	p := f.at(c.Time)
	if p == nil {
		return
	}
	a := p.calls[c.Edge]
	if a == nil {
		a = new(calls)
		p.calls[c.Edge] = a
	}
	a.add(&c)
}

// Counted implements callgraph.Sink.
func (f *Folder) Counted(reason callgraph.Reason, n int) { f.counts[reason] += n }

// Late returns the number of requests and calls that came for closed windows
// since the last time it was called.
func (f *Folder) Late() int {
	n := f.late
	f.late = 0
	return n
}

// Counts returns what was Counted, by reason, since the last time it was called.
func (f *Folder) Counts() [callgraph.NumReasons]int {
	c := f.counts
	f.counts = [callgraph.NumReasons]int{}
	return c
}

// at returns the open window of t, or nil.
func (f *Folder) at(t int64) *Part {
	start := align(t, f.size)
	if start <= f.closed {
		f.late++
		return nil
	}
	p := f.open[start]
	if p == nil {
		p = &Part{Start: start, requests: make(map[identity.RPC]*requests), calls: make(map[identity.Edge]*calls)}
		f.open[start] = p
	}
	return p
}

// Close removes and returns the open windows that end at or before upTo, oldest
// first, and refuses what comes for them later.
func (f *Folder) Close(upTo int64) []*Part {
	if upTo < math.MinInt64+2*f.size { // no window ends there
		return nil
	}
	f.closed = max(f.closed, align(upTo, f.size)-f.size)
	var out []*Part
	for start, p := range f.open { // sorted below
		if start <= f.closed {
			out = append(out, p)
			delete(f.open, start)
		}
	}
	slices.SortFunc(out, func(a, b *Part) int { return cmp.Compare(a.Start, b.Start) })
	return out
}
