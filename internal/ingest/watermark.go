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

// step returns the event time up to which traces are resolved while the
// watermark is at t. It moves in steps, since each costs a lock of every shard,
// and every window ends on a step.
func (w *watermark) step(t int64) int64 {
	if t == never {
		return never
	}
	const steps = 256
	step := w.size
	if w.size%steps == 0 {
		step /= steps
	}
	t -= w.lateness
	return t - t%step
}
