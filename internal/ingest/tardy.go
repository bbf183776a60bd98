package ingest

import (
	"sync/atomic"

	"github.com/sage-rca/sage/internal/window"
)

// tardy is an Observer that counts what of spans and points comes when its window is closed.
// Spans are counted as used before that is found.
type tardy struct {
	Observer
	spans, lateSpans, points, latePoints atomic.Int64

	ofSpans, ofPoints fading // guarded by closing.mu
}

// SpansUsed implements Observer.
func (t *tardy) SpansUsed(n int) {
	t.spans.Add(int64(n))
	t.Observer.SpansUsed(n)
}

// SpansRefused implements Observer.
func (t *tardy) SpansRefused(reason string, n int) {
	if reason == reasonNames[latePiece] {
		t.lateSpans.Add(int64(n))
	}
	t.Observer.SpansRefused(reason, n)
}

// PointsUsed implements Observer.
func (t *tardy) PointsUsed(n int) {
	t.points.Add(int64(n))
	t.Observer.PointsUsed(n)
}

// PointsRefused implements Observer.
func (t *tardy) PointsRefused(reason string, n int) {
	if reason == reasonNames[latePiece] {
		t.latePoints.Add(int64(n))
		t.points.Add(int64(n))
	}
	t.Observer.PointsRefused(reason, n)
}

// Of shares of what is late.
const (
	fadingWindows = 20 // that are looked back on, the later ones more
	fewLate       = 10 // are no share
)

// fading is how much there was in the last windows, and how much of it late.
type fading struct{ all, late float64 }

// share takes in one more window and returns the share that was late.
func (f *fading) share(all, late int64) float64 {
	const kept = 1 - 1.0/fadingWindows
	f.all, f.late = kept*f.all+float64(all), kept*f.late+float64(late)
	if f.late < fewLate {
		return 0
	}
	return f.late / max(f.all, f.late)
}

// refused returns what was not used since it was last called. The caller holds closing.mu.
func (i *Ingester) refused() window.Refused {
	t := i.tardy
	return window.Refused{
		Services: i.turnedAway.take(), Peers: i.turnedPeers.take(),
		LateSpans:  t.ofSpans.share(t.spans.Swap(0), t.lateSpans.Swap(0)),
		LatePoints: t.ofPoints.share(t.points.Swap(0), t.latePoints.Swap(0)),
	}
}
