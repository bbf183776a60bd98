package rootcause

import (
	"fmt"
	"sort"

	"github.com/sage-rca/sage/internal/change"
)

// Bytes that the things under limits take at most, measured on the heap and
// rounded up.
const (
	spanBytes      = 512 // a pending span alone in its trace: 416; eight in one: 278
	streamBytes    = 640 // a metric stream: 323 with two windows open, 611 with four more ahead of spans
	operationBytes = 256 // an admitted operation
	instanceBytes  = 512 // a replica, with what metrics join it by
	itemBytes      = 256 // an operation, version or replica of which changes are noticed
	// valueBytes is what one value of the history takes while a model is trained:
	// 4 as it is kept, 4 in the copy that training works on, 8 as a float64, 8 again
	// in standard units.
	valueBytes = 24
)

// minColumns is the least that a history is good for: a handful of services.
const minColumns = 256

// pendingSpans returns limits.pending_spans, or what three tenths of limits.memory_mib
// hold of spans alone in their traces.
func (l *Limits) pendingSpans() int {
	if l.PendingSpans != 0 {
		return l.PendingSpans
	}
	return int(max(1, int64(l.MemoryMiB)*mib*3/10/spanBytes))
}

// summaries returns the bytes of limits.summaries_mib, or an eighth of limits.memory_mib.
func (l *Limits) summaries() int64 {
	if l.SummariesMiB != 0 {
		return int64(l.SummariesMiB) * mib
	}
	return int64(l.MemoryMiB) * mib / 8
}

// taken returns the bytes that all but the history and training may take, however large
// the limits are: 4 EiB at most, which is more than maxMemory.
func (l *Limits) taken() int64 {
	all := spanBytes*float64(l.pendingSpans()) + streamBytes*float64(l.MetricStreams) +
		operationBytes*float64(l.Services)*float64(l.OperationsPerService) + instanceBytes*float64(l.Instances) +
		itemBytes*float64(change.Default(l.Services).MaxItems) + float64(l.summaries())
	return int64(min(all, 1<<62))
}

// windows is the number of windows in the history.
func (c *Config) windows() int { return max(1, int(c.Training.History/c.Window)) }

// columns is the number of columns of the whole history that fit in what the other
// limits leave of limits.memory_mib.
func (c *Config) columns() int {
	left := int64(c.Limits.MemoryMiB)*mib - c.Limits.taken()
	return int(max(0, left/(valueBytes*int64(c.windows()))))
}

// leastCheckpoint holds the model of a thousand operations, which takes 12 MiB.
const leastCheckpoint = 64 * mib

// storedBytes is what a value of the history takes in storage, with its share of the names
// of columns where there are so many that the history is short.
const storedBytes = 5

// checkpoint returns the bytes of limits.checkpoint_mib.
func (c *Config) checkpoint() int {
	if c.Limits.CheckpointMiB != 0 {
		return c.Limits.CheckpointMiB * mib
	}
	return max(leastCheckpoint, storedBytes*c.columns()*c.windows())
}

// maxMemory is more than any machine has, in MiB.
const maxMemory = 1 << 30

// validateMemory refuses bounds that do not fit into each other.
func (c *Config) validateMemory(p *problems) {
	l := &c.Limits
	if l.MemoryMiB <= 0 || l.MemoryMiB > maxMemory || l.SummariesMiB > maxMemory || c.Window <= 0 || c.columns() >= minColumns {
		return
	}
	// What is allowed to some of the other limits grows with this one.
	fit := *c
	fit.Limits.MemoryMiB = sort.Search(maxMemory, func(n int) bool {
		fit.Limits.MemoryMiB = n
		return fit.columns() >= minColumns
	})
	need, taken := fit.Limits.MemoryMiB, fit.Limits.taken()
	history := int64(minColumns) * valueBytes * int64(c.windows())
	*p = append(*p, fmt.Errorf("limits.memory_mib: must be at least %d: %d MiB for what the other limits allow, and %d MiB for %d columns of training.history (got %d)",
		need, (taken+mib-1)/mib, (history+mib-1)/mib, minColumns, l.MemoryMiB))
}
