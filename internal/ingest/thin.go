package ingest

import (
	"encoding/binary"
	"math"
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// How the share of the traces that are looked at changes.
const (
	maxLevel   = 10  // the least share is 2^-10
	calmAfter  = 5   // windows in a row that must be calm before the share doubles
	calmShare  = 0.8 // of the bound, that a doubled share may come to in a calm window
	maxChanges = 16  // of the level that are remembered
)

// thinning bounds the spans that are looked at. Where more than the bound end in a
// window, only a share 2^-level of the traces is looked at, chosen by their IDs, and what
// is looked at counts for 2^level as many.
//
// The level of a window is decided before its first span: from how many spans ended in
// the windows that are over by then, the last of which is the one that ends lateness
// before it or earlier. It rises at once to where the bound is met, and falls by one when
// calmAfter windows in a row would have stayed under calmShare of the bound with twice the
// share:
//
//	ended   1 1 5 5 5 1 1 1 1 1 1 1 1 1 1   bounds, in a window
//	level   0 0 0 0 3 3 3 3 3 3 3 2 2 2 2   with a lateness of up to a window
//
// Spans that are not looked at count as well, so the level depends on nothing that it
// decides. Nor does it on a clock, unless spans are ahead of that.
//
// A span is looked at by the highest level of the windows that it lies in. So no span is
// looked at without all the spans of its trace that lie within its time, as those do that
// it calls and waits for. Where a request lies in windows of two levels, what is looked at
// of it may lack its callers, but nothing looks as if it had made fewer calls than it has.
//
// It is safe for concurrent use.
type thinning struct {
	size, lateness int64
	most           float64 // spans in a window

	mu      sync.Mutex    // guards everything below
	reached int64         // start of the latest window that a span has ended in
	ended   map[int64]int // spans, by start of their window
	level   int           // of that window
	calm    int           // windows in a row until then
	changes []levelChange
}

// levelChange says that windows have a level from then on; oldest first.
type levelChange struct {
	from  int64
	level int
}

// thinView is what a batch knows of a thinning: the window that its last span ended in.
type thinView struct {
	start, end int64 // of the window
	since      int64 // from when on it and the windows before it have its level
	level      int
	ended      int // spans in it that the thinning does not know of yet
}

// newThinning returns nil where there is no bound.
func newThinning(cfg *Config) *thinning {
	if cfg.Limits.SpansPerSecond == 0 {
		return nil
	}
	return &thinning{
		size: int64(cfg.Window), lateness: int64(cfg.Lateness),
		most:    float64(cfg.Limits.SpansPerSecond) * cfg.Window.Seconds(),
		reached: never, ended: make(map[int64]int), changes: []levelChange{{from: never}},
	}
}

// looks reports whether a span that ended at end is looked at, and for how many it counts.
func (i *Ingester) looks(s *scratch, span ptrace.Span, end, now int64) (weight float64, ok bool) {
	if i.thinning == nil {
		return 1, true
	}
	level, ok := i.thinning.looks(&s.thin, span.TraceID(), int64(span.StartTimestamp()), end, past(end, now))
	return float64(uint(1) << level), ok
}

// looks reports whether a span is looked at, and the level by which it counts. seen is
// its end, or the wall clock where that is earlier.
func (t *thinning) looks(v *thinView, trace pcommon.TraceID, start, end, seen int64) (level int, ok bool) {
	if end < v.start || end >= v.end || start < v.since {
		level = t.move(v, start, end, seen)
	} else {
		level = v.level
	}
	v.ended++
	return level, thinHash(trace)>>(64-level) == 0
}

// move makes v one of the window that a span ended in, and returns the level of the span.
func (t *thinning) move(v *thinView, start, end, seen int64) (level int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count(v)
	t.reach(seen - seen%t.size)
	v.start = end - end%t.size
	v.end = v.start + t.size
	v.since, v.level = math.MaxInt64, 0
	for k := len(t.changes) - 1; k >= 0; k-- {
		c := t.changes[k]
		if c.from > end {
			continue
		}
		if v.since == math.MaxInt64 {
			v.since, v.level = c.from, c.level
		}
		level = max(level, c.level)
		if c.from <= start {
			break
		}
	}
	return level
}

// settle counts what a batch has seen and not counted yet.
func (t *thinning) settle(v *thinView) {
	if v.ended == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count(v)
}

// count takes over what v has counted, unless it is too late to matter.
func (t *thinning) count(v *thinView) {
	if v.ended > 0 && v.start >= t.over(t.reached) {
		t.ended[v.start] += v.ended
	}
	v.ended = 0
}

// over returns the end of the last window that decides the level of one that starts at
// start: its late spans would be late for the window too.
func (t *thinning) over(start int64) int64 {
	if start == never {
		return never
	}
	at := start - t.lateness
	return at - at%t.size
}

// reach decides the levels of the windows up to the one that starts at start.
func (t *thinning) reach(start int64) {
	if start <= t.reached {
		return
	}
	// After so many windows without a span the level is 0, whatever it was.
	longest := (maxLevel*calmAfter+2)*t.size + t.lateness
	if t.reached == never || start-t.reached > longest {
		t.reached, t.level, t.calm = start, 0, 0
		t.note()
		for w := range t.ended { // each on its own: the order does not matter
			if w < t.over(start) {
				delete(t.ended, w)
			}
		}
		return
	}
	for t.reached < start {
		t.reached += t.size
		last := t.over(t.reached) - t.size
		t.judge(t.ended[last])
		delete(t.ended, last)
		t.note()
	}
}

// judge decides the level after another window, in which n spans ended.
func (t *thinning) judge(n int) {
	looked := math.Ldexp(float64(n), -t.level)
	switch {
	case looked > t.most:
		for looked > t.most && t.level < maxLevel {
			t.level++
			looked /= 2
		}
		t.calm = 0
	case t.level > 0 && 2*looked <= calmShare*t.most:
		if t.calm++; t.calm == calmAfter {
			t.level--
			t.calm = 0
		}
	default:
		t.calm = 0
	}
}

// note notes the level of the window reached where it is another one.
func (t *thinning) note() {
	if t.changes[len(t.changes)-1].level == t.level {
		return
	}
	if len(t.changes) == maxChanges {
		t.changes = append(t.changes[:0], t.changes[1:]...)
		t.changes[0].from = never // for what is older
	}
	t.changes = append(t.changes, levelChange{t.reached, t.level})
}

// thinHash spreads the IDs of traces. It has no seed: every Collector chooses the same
// ones. It is none that a sampler by ot=th has chosen by already, so that shares multiply.
func thinHash(id pcommon.TraceID) uint64 {
	return mix(binary.LittleEndian.Uint64(id[:8])*hashFactor + binary.LittleEndian.Uint64(id[8:]))
}
