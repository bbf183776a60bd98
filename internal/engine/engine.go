package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/sage-rca/sage/internal/slo"
	"github.com/sage-rca/sage/internal/window"
)

// Engine judges windows in the order in which they are offered. Its methods are
// safe for concurrent use.
type Engine struct {
	in  chan *window.Snapshot
	obs Observer
	run *run

	mu      sync.Mutex // guards everything below
	started bool
	closed  bool
	cancel  context.CancelFunc
	done    chan struct{} // closed when the goroutine of Start has returned
}

// New returns an engine that says what it finds through emit, from one
// goroutine. Without a store nothing is persisted.
func New(cfg Config, store Store, obs Observer, emit func(context.Context, []Output)) (*Engine, error) {
	var errs []error
	positive := func(name string, v int64) {
		if v <= 0 {
			errs = append(errs, fmt.Errorf("engine: %s must be positive (got %d)", name, v))
		}
	}
	positive("window", int64(cfg.Window))
	positive("pending windows", int64(cfg.MaxPending))
	positive("columns", int64(cfg.MaxColumns))
	positive("checkpoint size", int64(cfg.MaxCheckpoint))
	positive("windows to forget", int64(cfg.ForgetWindows))
	positive("history", int64(cfg.Training.History))
	if t := cfg.Training; t.Enabled {
		positive("minimum windows", int64(t.MinWindows))
		positive("training interval", int64(t.Interval))
		if !(t.CPUBudget > 0 && t.CPUBudget <= 1) {
			errs = append(errs, fmt.Errorf("engine: CPU budget must be in (0, 1] (got %v)", t.CPUBudget))
		}
	}
	watcher, err := slo.NewWatcher(cfg.SLO)
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	return &Engine{
		in: make(chan *window.Snapshot, cfg.MaxPending), obs: obs,
		run: newRun(cfg, store, obs, emit, watcher), done: make(chan struct{}),
	}, nil
}

// Start restores what was persisted and begins to judge. What cannot be restored
// is reported to the Observer and means a cold start, not an error. ctx bounds
// the restoring only.
func (e *Engine) Start(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.started || e.closed {
		return errors.New("engine: started twice, or after Close")
	}
	e.started = true
	e.run.restore(ctx)
	ctx, e.cancel = context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		defer close(e.done)
		e.run.loop(ctx, e.in)
	}()
	return nil
}

// Offer queues a closed window. It never blocks: where MaxPending windows wait,
// or after Close, the window is refused and counted.
func (e *Engine) Offer(s *window.Snapshot) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		select {
		case e.in <- s:
			return true
		default:
		}
	}
	e.obs.WindowRefused()
	return false
}

// Close judges what is queued, writes the checkpoint and ends both goroutines; a
// training under way is given up. It may be called twice, and without Start.
// Where ctx ends first it returns an error, and the rest is given up too.
func (e *Engine) Close(ctx context.Context) error {
	e.mu.Lock()
	if !e.closed {
		e.closed = true
		close(e.in)
		if !e.started {
			close(e.done)
		}
	}
	cancel := e.cancel
	e.mu.Unlock()

	select {
	case <-e.done:
	case <-ctx.Done():
		if cancel != nil {
			cancel()
		}
		<-e.done
		return fmt.Errorf("engine: gave up on queued windows: %w", context.Cause(ctx))
	}
	if cancel != nil {
		cancel()
	}
	return nil
}
