package ingest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sage-rca/sage/internal/durations"
	"github.com/sage-rca/sage/internal/window"
)

// closing is the state of closing windows and of handing them on.
type closing struct {
	closed atomic.Bool  // Close was called
	at     atomic.Int64 // traces due by then are resolved; written under mu

	waiting atomic.Int64 // spans that have come since

	mu       sync.Mutex // guards everything below; taken before the locks of shards
	started  bool
	finished bool  // nothing is queued any more but by Close
	bound    int64 // windows that end here or before are closed
	queue    chan closedWindow
	done     chan struct{} // closed when the goroutine of Start has returned
}

func (c *closing) init(maxPending int) {
	c.queue, c.done = make(chan closedWindow, maxPending), make(chan struct{})
	c.bound = never
	c.at.Store(never)
}

// closedWindow is a window that waits to be merged.
type closedWindow struct {
	start     int64
	part      *window.Part    // nil where there is none
	others    *gatheredWindow // of other processes, or nil
	replicas  []window.ReplicaShare
	resources []window.Resource
	told      []durations.Told
	sampled   window.Sampled
	crowded   []window.Crowded // noted since the window before
	unread    []window.Unread  // likewise
	refused   window.Refused   // likewise
}

// Start launches the goroutine that merges closed windows and gives them away.
// Windows that close before wait. It may be called once.
func (i *Ingester) Start() {
	c := &i.closing
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.started || c.finished {
		return
	}
	c.started = true
	go func() {
		defer close(c.done)
		for w := range c.queue {
			i.protect(func() { i.hand(w) })
		}
	}()
}

// protect calls f behind the door of the configuration.
func (i *Ingester) protect(f func()) {
	if i.cfg.Protect == nil {
		f()
		return
	}
	i.cfg.Protect(f)
}

// hand merges a window and gives it away.
func (i *Ingester) hand(w closedWindow) {
	defer i.gathered.release(w.others)
	g := window.NewGathering(w.start)
	if w.part != nil {
		g.AddPart(w.part)
		i.folding.with(func(f *window.Folder) { f.Recycle(w.part) })
	}
	if w.others != nil {
		g.Add(w.others.window)
	}
	g.AddSampled(w.sampled)
	end := w.start + i.mark.size
	var share *window.Share
	if i.cfg.Tell != nil {
		share = g.Share(end)
		share.Replicas = w.replicas
	}
	snapshot := g.Snapshot(end, w.resources)
	snapshot.Crowded, snapshot.Unread, snapshot.Refused = w.crowded, w.unread, w.refused
	i.tearing.judge(snapshot)
	i.told.blend(snapshot, w.told)
	i.emit(snapshot)
	if share != nil { // last: who is told may take its time, and judging need not wait
		i.cfg.Tell(share)
	}
}

// Close closes all open windows, and waits until they are given away or ctx
// ends. It may be called twice, and without Start; then it gives them away
// itself. What is taken in later has no effect.
func (i *Ingester) Close(ctx context.Context) error {
	c := &i.closing
	c.closed.Store(true)

	if rest, first, started := i.last(); first {
		i.finish(ctx, rest, started)
	}
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("ingest: windows are still being merged: %w", context.Cause(ctx))
	}
}

// last closes the windows that are open, the first time that it is called.
func (i *Ingester) last() (rest []closedWindow, first, started bool) {
	i.world.RLock()
	defer i.world.RUnlock()
	var seen losses
	defer func() { seen.report(i.obs) }()
	c := &i.closing
	c.mu.Lock()
	defer c.mu.Unlock()
	if first, started = !c.finished, c.started; first {
		c.finished = true
		i.protect(func() { rest = i.collect(i.flushBound(), &seen) })
	}
	return rest, first, started
}

// finish queues the last windows and ends the queue.
func (i *Ingester) finish(ctx context.Context, rest []closedWindow, started bool) {
	c := &i.closing
	if !started {
		close(c.queue)
		for w := range c.queue {
			i.protect(func() { i.hand(w) })
		}
		for _, w := range rest {
			i.protect(func() { i.hand(w) })
		}
		close(c.done)
		return
	}
	defer close(c.queue)
	for _, w := range rest {
		select {
		case c.queue <- w:
			continue
		default:
		}
		select { // full: now it is worth waiting
		case c.queue <- w:
		case <-ctx.Done():
			i.obs.WindowRefused()
		}
	}
}

// Flush closes all open windows and returns without waiting for them to be
// given away.
func (i *Ingester) Flush() { i.closeUpTo(i.flushBound()) }

// Idle closes all open windows if nothing was accepted for a window and the
// allowed lateness of wall clock: an idle stream has no event that could.
func (i *Ingester) Idle(now time.Time) {
	since := now.UnixNano() - i.accepted.Load()
	if i.mark.load() != never && since >= i.mark.size+i.mark.lateness {
		i.Flush()
	}
}

// flushBound returns the end of the window that holds the watermark, or the latest point.
func (i *Ingester) flushBound() int64 {
	mark := i.mark.load()
	i.metrics.mu.Lock()
	if i.metrics.latest != 0 {
		mark = max(mark, i.metrics.latest)
	}
	i.metrics.mu.Unlock()
	if mark == never {
		return never
	}
	return i.mark.start(mark) + i.mark.size
}

// moveTo resolves the traces that are due, and closes the windows that are
// over, when the watermark is at mark.
func (i *Ingester) moveTo(mark int64) {
	var seen losses
	i.closing.locked(func(c *closing) {
		if bound := i.mark.bound(mark); bound > c.bound {
			seen.windows += i.put(i.collect(bound, &seen))
		}
		step := i.mark.step(mark, fineSteps)
		if step <= c.at.Load() {
			return
		}
		c.waiting.Store(0)
		for _, s := range i.shards {
			s.advance(step)
		}
		c.at.Store(step)
	})
	seen.report(i.obs)
}

// closeUpTo closes the windows that end at or before bound and queues them.
func (i *Ingester) closeUpTo(bound int64) {
	i.world.RLock()
	defer i.world.RUnlock()
	var seen losses
	i.closing.locked(func(*closing) { seen.windows += i.put(i.collect(bound, &seen)) })
	seen.report(i.obs)
}

// locked calls f with mu held, unless Close was called.
func (c *closing) locked(f func(*closing)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.finished {
		f(c)
	}
}

// put hands windows to the goroutine of Start, and returns how many find no
// room and are refused. The caller holds closing.mu.
func (i *Ingester) put(windows []closedWindow) (refused int) {
	for _, w := range windows {
		select {
		case i.closing.queue <- w:
		default:
			i.gathered.release(w.others)
			refused++
		}
	}
	return refused
}

// collect closes the windows that end at or before bound and returns those that
// hold anything, oldest first. It adds what the shards have counted to seen. The
// caller holds closing.mu.
func (i *Ingester) collect(bound int64, seen *losses) []closedWindow {
	c := &i.closing
	bound = max(bound, c.bound)
	if bound == never {
		return nil
	}
	windows := make(map[int64]*closedWindow)
	at := func(start int64) *closedWindow {
		w := windows[start]
		if w == nil {
			w = &closedWindow{start: start}
			windows[start] = w
		}
		return w
	}
	for _, s := range i.shards {
		s.advance(bound)
	}
	i.folding.with(func(f *window.Folder) {
		for _, p := range f.Close(bound) {
			at(p.Start).part = p
		}
		seen.take(f)
	})
	for _, w := range i.metrics.close(bound, i.mark.size) {
		at(w.start).resources = w.resources
	}
	for start, g := range i.gathered.close(bound, i.mark.size) {
		at(start).others = g
	}
	for start, t := range i.told.close(bound, i.mark.size, slices.Collect(maps.Keys(windows))) {
		at(start).told = t
	}
	sampled := i.chosen.close(bound, i.mark.size)
	c.bound = bound
	c.at.Store(max(c.at.Load(), bound))

	out := make([]closedWindow, 0, len(windows))
	for _, w := range windows {
		w.sampled = sampled[w.start]
		out = append(out, *w)
	}
	slices.SortFunc(out, func(a, b closedWindow) int { return cmp.Compare(a.start, b.start) })
	if len(out) > 0 {
		last := &out[len(out)-1]
		last.crowded, last.unread, last.refused = i.crowds.take(), i.unreadOf(), i.refused()
	}
	if i.telling != nil && len(out) > 0 {
		i.stores.tell(i.telling, bound)
		out[0].replicas = i.telling.take()
	}
	return out
}
