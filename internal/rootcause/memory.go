package rootcause

import (
	"fmt"

	"github.com/sage-rca/sage/internal/change"
)

// Bytes that the things under limits take at most, measured on the heap and
// rounded up.
const (
	spanBytes      = 512 // a pending span alone in its trace: 416; eight in one: 278
	streamBytes    = 320 // a metric stream: 230
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

// taken returns the bytes that limits other than limits.memory_mib let grow.
func (l *Limits) taken() int64 {
	return int64(l.PendingSpans)*spanBytes + int64(l.MetricStreams)*streamBytes +
		int64(l.Services)*int64(l.OperationsPerService)*operationBytes + int64(l.Instances)*instanceBytes +
		int64(change.Default(l.Services).MaxItems)*itemBytes
}

// windows is the number of windows in the history.
func (c *Config) windows() int { return max(1, int(c.Training.History/c.Window)) }

// columns is the number of columns of the history that fit in what the other
// limits leave of limits.memory_mib.
func (c *Config) columns() int {
	left := int64(c.Limits.MemoryMiB)*mib - c.Limits.taken()
	return int(max(0, left/(valueBytes*int64(c.windows()))))
}

// validateMemory refuses bounds that do not fit into each other.
func (c *Config) validateMemory(p *problems) {
	l := &c.Limits
	if l.MemoryMiB <= 0 || c.Window <= 0 || c.columns() >= minColumns {
		return
	}
	history := int64(minColumns) * valueBytes * int64(c.windows())
	need := (l.taken() + history + mib - 1) / mib
	*p = append(*p, fmt.Errorf("limits.memory_mib: must be at least %d: %d MiB for what the other limits allow, and %d MiB for %d columns of training.history (got %d)",
		need, (l.taken()+mib-1)/mib, (history+mib-1)/mib, minColumns, l.MemoryMiB))
}
