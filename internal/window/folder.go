package window

import "github.com/sage-rca/sage/internal/callgraph"

// Folder folds what one shard resolves into open windows. It is a
// callgraph.Sink. It is not safe for concurrent use: its shard's lock guards it.
type Folder struct{}

// NewFolder returns a folder of windows of size nanoseconds, aligned to the epoch.
func NewFolder(size int64) *Folder { panic("not implemented") }

// Served, Called and Counted implement callgraph.Sink. What falls in a closed
// window is counted as late.
func (f *Folder) Served(s callgraph.Served)              { panic("not implemented") }
func (f *Folder) Called(c callgraph.Call)                { panic("not implemented") }
func (f *Folder) Counted(reason callgraph.Reason, n int) { panic("not implemented") }

// Close removes and returns the open windows that end at or before upTo, oldest
// first, and refuses what comes for them later.
func (f *Folder) Close(upTo int64) []*Part { panic("not implemented") }

// Part is the share of one shard in one window.
type Part struct {
	Start int64
}

// Merge combines the parts of one window (and the metrics of it) into a
// snapshot. The order of parts does not matter.
func Merge(start, end int64, parts []*Part, resources []Resource) *Snapshot { panic("not implemented") }
