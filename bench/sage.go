package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/sage-rca/sage/internal/ingest"
	"github.com/sage-rca/sage/internal/window"
)

// ingester is Sage up to and with the closing of windows, at the settings that
// the processor has by default.
type ingester struct {
	*ingest.Ingester
	refusals
	last   atomic.Int64  // end of the last window that was merged and given away
	closed chan struct{} // another was
}

// The processor's defaults.
const (
	windowLength = 30 * time.Second
	lateness     = 10 * time.Second
)

// newIngester returns one that looks at so many spans per second, or at all.
func newIngester(spansPerSecond int) (*ingester, error) {
	in := &ingester{closed: make(chan struct{}, 1)}
	var err error
	in.Ingester, err = ingest.New(ingest.Config{
		Window: windowLength, Lateness: lateness, MaxAge: 5 * time.Minute, Forget: time.Hour,
		Guard: ingest.DefaultGuard(),
		Limits: ingest.Limits{
			Services: 1000, OperationsPerService: 200, PendingSpans: 400_000, TraceSpans: 10_000,
			Producers: 50_000, Instances: 10_000, MetricStreams: 50_000, SpansPerSecond: spansPerSecond,
		},
		Metrics:    ingest.MetricRules{ByName: true, JoinKeys: ingest.DefaultJoinKeys(), HostKeys: ingest.DefaultHostKeys()},
		MaxPending: 4096,
	}, &in.refusals, func(s *window.Snapshot) bool {
		in.last.Store(s.End)
		select {
		case in.closed <- struct{}{}:
		default:
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	in.Start()
	return in, nil
}

// settle waits until the windows that are over at event time t are merged and
// given away, so that no work is left to the turn of someone else. What waits for
// the allowed lateness is about as much as waited before the turn.
func (in *ingester) settle(t time.Time) {
	over := t.Add(-lateness).Truncate(windowLength)
	for over.After(epoch) && in.last.Load() < over.UnixNano() {
		<-in.closed
	}
}

// stop ends the ingester. It fails where more than one in a hundred of what it
// got was refused: then the load was not what it should be. Recorded spans have
// duplicates among them.
func (in *ingester) stop() error {
	if err := in.Close(context.Background()); err != nil {
		return err
	}
	if lost, used := in.lost.Load(), in.used.Load(); lost*100 > used {
		return fmt.Errorf("%d spans or points were refused, %d used", lost, used)
	}
	return nil
}

// refusals is an ingest.Observer that counts what is used and what is refused.
type refusals struct{ used, lost atomic.Int64 }

func (r *refusals) SpansUsed(n int) { r.used.Add(int64(n)) }
func (r *refusals) SpansRefused(why string, n int) {
	if why != "thinned" {
		r.lost.Add(int64(n))
	}
}
func (r *refusals) SpansNoted(string, int) {}
func (r *refusals) PointsUsed(n int)       { r.used.Add(int64(n)) }
func (r *refusals) PointsRefused(why string, n int) {
	if why != "not_selected" {
		r.lost.Add(int64(n))
	}
}
func (r *refusals) WindowRefused() { r.lost.Add(1) }
