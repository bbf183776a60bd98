package engine

import (
	"context"
	"fmt"
	"math"
	"time"
)

// publish puts the model of the training under way in use when its time has
// come. What is said must follow from the windows alone, but training takes wall
// time. So:
//
//   - A training started after window n is published right before window
//     n + PublishAfter is judged, however early it has ended.
//   - Where it has not ended by then and event time since n runs ahead of the wall
//     clock, which is a replay, the window waits for it until the wall clock has
//     caught up: so long would live windows have given it.
//   - Otherwise, live, the window does not wait, and the model is published before
//     the first window after the training has ended.
//
// No window is judged later than it would have been live, and the same windows
// give the same outputs wherever training ends within PublishAfter windows of
// event time.
func (r *run) publish(ctx context.Context, now int64) {
	t := &r.training
	if t.result == nil || r.index < t.index+max(1, t.cfg.PublishAfter) {
		return
	}
	select { // where both have happened, the result counts
	case res := <-t.result:
		r.take(res)
		return
	default:
	}
	wait := lead(now, t.last, t.started)
	if t.cfg.Await {
		wait = math.MaxInt64
	}
	if wait <= 0 {
		return
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case res := <-t.result:
		r.take(res)
	case <-timer.C:
	case <-ctx.Done():
	}
}

// take ends the training under way. A model replaces the one in use as a whole,
// layout included; after a failure that one stays.
func (r *run) take(res result) {
	t := &r.training
	t.cancel()
	t.result, t.cancel = nil, nil
	t.err, t.busy = res.err, res.report.Busy
	r.obs.Trained(res.extent, res.err == nil, res.report.Busy)
	if res.err != nil {
		r.obs.Failed("training", fmt.Errorf("the model in use is kept: %w", res.err))
		return
	}
	t.count++
	res.fitted.version, res.fitted.at = t.count, t.last
	t.model = res.fitted
	r.history.Renew(t.model.changes.last())
	if res.extent == Whole { // also where a part turned out to be most of it
		t.lastWhole = t.last
		t.behaviour.forget()
	} else {
		t.behaviour.learned(t.drifts, t.last)
	}
	r.keeper.modelChanged = true
}
