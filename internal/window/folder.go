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
	names  *identity.Names
	size   int64
	open   []*Part // oldest first
	last   *Part   // that was asked for last, or nil
	free   []*Part
	hash   spanHash
	closed int64 // start of the last closed window, or before
	late   int
	counts [callgraph.NumReasons]int
}

// maxFree bounds the parts that are kept to be used again.
const maxFree = 4

// NewFolder returns a folder of windows of size nanoseconds, aligned to the
// epoch. What it is given is named by the numbers of names. It panics unless
// size is positive.
func NewFolder(size int64, names *identity.Names) *Folder {
	if size <= 0 {
		panic("window: size must be positive")
	}
	return &Folder{names: names, size: size, closed: math.MinInt64}
}

// Served implements callgraph.Sink. A request of a closed window is counted as
// late, and otherwise ignored.
func (f *Folder) Served(s *callgraph.Served) {
	if p := f.at(s.Time); p != nil {
		p.request(s.RPC, f.names).add(s, p.Start, f)
	}
}

// Called implements callgraph.Sink. A call of a closed window is counted as
// late, and otherwise ignored.
func (f *Folder) Called(c *callgraph.Call) {
	if p := f.at(c.Time); p != nil {
		p.call(c.Edge, f.names).add(c, f)
	}
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
	if p := f.last; p != nil && t >= p.Start && t-p.Start < f.size {
		return p
	}
	start := align(t, f.size)
	if start <= f.closed {
		f.late++
		return nil
	}
	at, found := slices.BinarySearchFunc(f.open, start, func(p *Part, t int64) int { return cmp.Compare(p.Start, t) })
	if !found {
		p := pop(&f.free)
		p.Start = start
		f.open = slices.Insert(f.open, at, p)
	}
	f.last = f.open[at]
	return f.last
}

// Close removes and returns the open windows that end at or before upTo, oldest
// first, and refuses what comes for them later.
func (f *Folder) Close(upTo int64) []*Part {
	if upTo < math.MinInt64+2*f.size { // no window ends there
		return nil
	}
	f.closed = max(f.closed, align(upTo, f.size)-f.size)
	n := 0
	for n < len(f.open) && f.open[n].Start <= f.closed {
		n++
	}
	out := slices.Clone(f.open[:n])
	f.open = slices.Delete(f.open, 0, n)
	f.last = nil
	return out
}

// Recycle takes back a part that Close returned, and that nobody uses any more.
func (f *Folder) Recycle(p *Part) {
	if len(f.free) < maxFree && p.wasFull() {
		p.reset()
		f.free = append(f.free, p)
	}
}

// Forget forgets the numbers of names, which may be given to others.
func (f *Folder) Forget() {
	for _, p := range f.open {
		p.forget()
	}
}
