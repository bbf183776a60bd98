package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/sage-rca/sage/internal/change"
	"github.com/sage-rca/sage/internal/slo"
	"github.com/sage-rca/sage/internal/window"
)

// Engine judges windows in the order in which they are offered. Its methods are
// safe for concurrent use.
type Engine struct {
	in  chan *window.Snapshot
	obs Observer
	run *run // the goroutine of Start owns it, Start itself before

	mu      sync.Mutex // guards everything below
	started bool
	closed  bool
	cancel  context.CancelFunc
	done    chan struct{} // closed when nothing is left to do
}

// New returns an engine that says what it finds through emit, from one
// goroutine; emit may keep what it is given, and must not change it. Without a
// store nothing is persisted. The error names all that is wrong with cfg.
func New(cfg Config, store Store, obs Observer, emit func(context.Context, []Output)) (*Engine, error) {
	watcher, err := slo.NewWatcher(cfg.SLO)
	if err := errors.Join(cfg.validate(), err); err != nil {
		return nil, err
	}
	return &Engine{
		in: make(chan *window.Snapshot, cfg.MaxPending), obs: obs,
		run: newRun(cfg, store, obs, emit, watcher), done: make(chan struct{}),
	}, nil
}

// validate returns all that is wrong.
func (c *Config) validate() error {
	var errs []error
	positive := func(name string, v int64) {
		if v <= 0 {
			errs = append(errs, fmt.Errorf("engine: %s must be positive (got %d)", name, v))
		}
	}
	positive("window", int64(c.Window))
	positive("pending windows", int64(c.MaxPending))
	positive("columns", int64(c.MaxColumns))
	positive("checkpoint size", int64(c.MaxCheckpoint))
	positive("windows to forget", int64(c.ForgetWindows))
	positive("history", int64(c.Training.History))
	positive("open incidents", int64(c.Incident.MaxOpen))
	if n := c.Changes; n != (change.Config{}) {
		positive("windows in which all is new", int64(n.Settle))
		positive("windows to confirm a change", int64(n.Confirm))
		positive("windows of silence", int64(n.GoneAfter))
		positive("windows to forget what is gone", int64(n.ForgetAfter))
		positive("services of which changes are noticed", int64(n.MaxServices))
		positive("items of which changes are noticed", int64(n.MaxItems))
		positive("look-back for changes", int64(c.Lookback))
	}
	if t := c.Training; t.Enabled {
		positive("minimum windows", int64(t.MinWindows))
		positive("training interval", int64(t.Interval))
		if t.PublishAfter < 0 {
			errs = append(errs, fmt.Errorf("engine: windows to publish after must not be negative (got %d)", t.PublishAfter))
		}
		if !(t.CPUBudget > 0 && t.CPUBudget <= 1) {
			errs = append(errs, fmt.Errorf("engine: CPU budget must be in (0, 1] (got %v)", t.CPUBudget))
		}
		if c.Window > 0 && t.MinWindows > c.rows() {
			errs = append(errs, fmt.Errorf("engine: %d windows to learn from do not fit in a history of %d", t.MinWindows, c.rows()))
		}
	}
	return errors.Join(errs...)
}

// rows is the number of windows that the history holds.
func (c *Config) rows() int { return max(1, int(c.Training.History/c.Window)) }

// Start restores what was persisted and begins to judge. What cannot be restored
// is reported to the Observer and means a cold start, not an error; the only error
// is a second Start, or one after Close. ctx bounds the restoring only.
func (e *Engine) Start(ctx context.Context) error {
	running, err := e.begin(ctx)
	if err != nil {
		return err
	}
	e.run.restore(ctx) // not under the lock: Offer must not wait for the store
	go func() {
		defer close(e.done)
		e.run.loop(running, e.in)
	}()
	return nil
}

// begin marks the engine as started, and returns the context of its goroutines,
// which outlives ctx: that one ends when start-up does.
func (e *Engine) begin(ctx context.Context) (context.Context, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.started || e.closed {
		return nil, errors.New("engine: started twice, or after Close")
	}
	e.started = true
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	e.cancel = cancel
	return running, nil
}

// Offer queues a closed window, which nobody may change any more. It never
// blocks: where MaxPending windows wait, or after Close, the window is refused
// and counted, as is nil.
func (e *Engine) Offer(s *window.Snapshot) bool {
	if e.queue(s) {
		return true
	}
	e.obs.WindowRefused()
	return false
}

func (e *Engine) queue(s *window.Snapshot) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed || s == nil {
		return false
	}
	select {
	case e.in <- s:
		return true
	default:
		return false
	}
}

// Close judges what is queued, writes the checkpoint and ends both goroutines; a
// training under way is given up. It may be called twice, and without Start,
// where what is queued is refused. Where ctx ends first, it returns an error and
// leaves the goroutines to end at once, without judging what is still queued.
func (e *Engine) Close(ctx context.Context) error {
	cancel := e.end()
	select {
	case <-e.done:
		cancel()
		return nil
	default:
	}
	defer cancel()
	select {
	case <-e.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("engine: gave up on queued windows: %w", context.Cause(ctx))
	}
}

// end closes the queue, and returns what stops the goroutines.
func (e *Engine) end() context.CancelFunc {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.cancel == nil {
		e.cancel = func() {}
	}
	if e.closed {
		return e.cancel
	}
	e.closed = true
	close(e.in)
	if !e.started {
		for range e.in {
			e.obs.WindowRefused()
		}
		close(e.done)
	}
	return e.cancel
}
