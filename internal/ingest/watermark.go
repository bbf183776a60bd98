package ingest

import (
	"math"
	"sync/atomic"
)

// never is the watermark before anything was accepted.
const never = math.MinInt64

// watermark is the largest event time accepted so far. It is safe for
// concurrent use.
type watermark struct {
	size, lateness int64 // ns
	at             atomic.Int64
}

func (w *watermark) load() int64 { return w.at.Load() }

// advance raises the watermark to t.
func (w *watermark) advance(t int64) {
	for {
		at := w.at.Load()
		if t <= at || w.at.CompareAndSwap(at, t) {
			return
		}
	}
}

// bound returns the end of the last window that a watermark of t closes.
func (w *watermark) bound(t int64) int64 {
	if t == never {
		return never
	}
	return w.start(t - w.lateness)
}

// start returns the start of the window that holds t.
func (w *watermark) start(t int64) int64 { return t - t%w.size }

// Traces are resolved many at once, for what they are added to has left the caches of a
// processor by the next time: when enough spans have come since the last time, or else
// with a coarse step of event time. What is resolved is what a fine step says. Every
// window ends on a step of either kind.
const (
	fineSteps   = 256 // in a window
	coarseSteps = 8
	enough      = 1 << 13 // as batches usually have, so that no call resolves far more than it brings
)

// enoughOf returns how many spans are enough where so many may wait: few beside those.
func enoughOf(pending int) int { return min(enough, pending/8) }

// step returns the event time up to which traces may be resolved while the watermark is at
// t, in steps of which there are so many in a window.
func (w *watermark) step(t, steps int64) int64 {
	if t == never {
		return never
	}
	step := w.size
	if w.size%steps == 0 {
		step /= steps
	}
	t -= w.lateness
	return t - t%step
}

// due reports whether traces are to be resolved, or windows to be closed, when the
// watermark is at t and so many spans have come since the last time.
func (i *Ingester) due(t int64, spans int) bool {
	at := i.closing.at.Load()
	return i.mark.step(t, fineSteps) > at && (spans >= i.enough || i.mark.step(t, coarseSteps) > at)
}
