package rootcause

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pipeline"
	"go.uber.org/zap"

	"github.com/sage-rca/sage/internal/engine"
	"github.com/sage-rca/sage/internal/ingest"
	"github.com/sage-rca/sage/internal/report"
	"github.com/sage-rca/sage/internal/summary"
	"github.com/sage-rca/sage/internal/window"
)

// eventTimeout bounds how long the engine waits for a logs pipeline.
const eventTimeout = 10 * time.Second

// shared is what all instances of one component ID have in common: the way from
// spans and points to events. The first Start starts it. It stops when the
// first instance that stands within a logs pipeline does, since what comes behind
// that one is gone soon after, or with the last instance.
type shared struct {
	kind      component.Kind
	id        component.ID
	cfg       *Config
	log       *zap.Logger
	telemetry *telemetry
	steering  *steering // nil where nothing is marked
	forget    func()
	process   string       // that this is, and its run, where it is known
	refs      atomic.Int64 // instances that have not stopped
	panics    atomic.Int64 // caught by guard

	ingester atomic.Pointer[ingest.Ingester] // nil while nothing runs

	mu      sync.Mutex // guards everything below
	sinks   []consumer.Logs
	behind  map[pipeline.ID]bool     // pipelines that are fed, where they are known
	read    map[pipeline.Signal]bool // signals that an instance reads for all
	tell    []listener
	started bool
	stopped bool
	engine  *engine.Engine // nil where nothing is judged
	store   *store
	ticker  *ticker
}

// addSink adds a logs pipeline in which events come out.
func (s *shared) addSink(next consumer.Logs) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sinks = append(s.sinks, next)
}

// addSinkOf adds the logs pipeline id, unless it has been added.
func (s *shared) addSinkOf(id pipeline.ID, next consumer.Logs) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.behind[id] {
		return
	}
	s.behind[id] = true
	s.sinks = append(s.sinks, next)
}

// claim reports whether nobody has claimed a signal before.
func (s *shared) claim(signal pipeline.Signal) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.read[signal] {
		return false
	}
	s.read[signal] = true
	return true
}

// start starts the engine, the first time that it is called.
func (s *shared) start(ctx context.Context, host component.Host) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started || s.stopped {
		return nil
	}
	if len(s.sinks)+len(s.tell) == 0 { // only a processor can have none
		s.log.Warn("no logs pipeline names this processor: root-cause events go nowhere. Add it to the processors of a logs pipeline")
	}
	var persistent engine.Store
	if s.cfg.Storage != nil {
		st, err := openStore(ctx, host, *s.cfg.Storage, s.kind, s.id)
		if err != nil {
			return err
		}
		s.store, persistent = st, st
	}
	if err := s.run(ctx, persistent); err != nil {
		if s.store != nil {
			err = errors.Join(err, s.store.close(ctx))
		}
		return err
	}
	s.started = true
	return nil
}

// run starts the engine, what feeds it, and its clock. The caller holds mu.
func (s *shared) run(ctx context.Context, persistent engine.Store) error {
	o := s.observer()
	judge, err := s.judge(persistent, o)
	if err != nil {
		return err
	}
	in := s.cfg.ingestConfig()
	in.Guard.Since, in.Protect = s.cfg.Input.since(time.Now()), s.guard
	if len(s.tell) > 0 {
		in.Tell = s.teller(context.WithoutCancel(ctx), time.Now())
	}
	i, err := ingest.New(in, o, judge)
	if err != nil {
		return err
	}
	if s.engine != nil {
		if err := s.engine.Start(ctx); err != nil {
			return err
		}
	}
	i.Start()
	s.ingester.Store(i)
	s.ticker = startTicker(min(s.cfg.Window, 5*time.Second), func(now time.Time) {
		s.guard(func() { i.Idle(now) })
		s.telemetry.silence.look(now, s.log)
	})
	return nil
}

// judge makes the engine where events can come out, and returns what takes windows. The
// caller holds mu.
func (s *shared) judge(persistent engine.Store, o observer) (func(*window.Snapshot) bool, error) {
	if len(s.sinks) == 0 && len(s.tell) > 0 {
		return func(w *window.Snapshot) bool { o.WindowClosed(w); return true }, nil
	}
	cfg, err := s.cfg.engineConfig()
	if err != nil {
		return nil, err
	}
	if s.engine, err = engine.New(cfg, persistent, o, s.emitter()); err != nil {
		return nil, err
	}
	return s.engine.Offer, nil
}

// stop ends the share of one instance.
func (s *shared) stop(ctx context.Context, within bool) error {
	last := s.refs.Add(-1) == 0
	if last {
		s.forget()
	}
	if !last && !within {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil
	}
	s.stopped = true
	if !s.started {
		return nil
	}
	i := s.ingester.Swap(nil)
	s.ticker.stop()
	errs := []error{i.Close(ctx)}
	if s.engine != nil {
		errs = append(errs, s.engine.Close(ctx))
	}
	if s.store != nil {
		errs = append(errs, s.store.close(ctx))
	}
	return errors.Join(errs...)
}

// seeTraces shows spans to the engine.
func (s *shared) seeTraces(td ptrace.Traces) {
	if i := s.ingester.Load(); i != nil {
		s.guard(func() { i.Traces(td, time.Now()) })
	}
}

// steer marks the spans of td that are worth keeping.
func (s *shared) steer(td ptrace.Traces) {
	if s.steering == nil || s.ingester.Load() == nil {
		return
	}
	s.guard(func() {
		suspect, baseline := s.steering.mark(td)
		s.telemetry.steered(suspect, baseline)
	})
}

// seeMetrics shows points to the engine, and what others tell of windows.
func (s *shared) seeMetrics(md pmetric.Metrics) {
	if i := s.ingester.Load(); i != nil {
		s.guard(func() {
			now := time.Now()
			i.Metrics(md, now)
			i.Pieces(summary.Pieces(nil, md, s.telemetry.refusedPieces), now)
		})
	}
}

// guard is the door at which a panic on the way in stops: the user's data flows on.
func (s *shared) guard(f func()) {
	defer func() {
		if r := recover(); r != nil {
			s.telemetry.failed("ingest")
			// A panic that each batch brings must not fill the log: the 1st, 2nd, 4th,
			// 8th are told of.
			if n := s.panics.Add(1); n&(n-1) == 0 {
				s.log.Error("panic while taking in telemetry; the data flows on. Please report this",
					zap.Any("panic", r), zap.Int64("panics", n), zap.Stack("stack"))
			}
		}
	}()
	f()
}

// emitter returns what turns the engine's outputs into records of every logs
// pipeline. A pipeline that fails is reported and does not hold up the others.
func (s *shared) emitter() func(context.Context, []engine.Output) {
	sinks := s.sinks
	opt := report.Options{
		Engine: s.id.String(), EventNameAttribute: s.cfg.Events.EventNameAttribute, Candidates: s.cfg.Events.Candidates,
	}
	return func(ctx context.Context, outs []engine.Output) {
		opt := opt
		opt.Now = time.Now()
		s.telemetry.said(outs)
		if s.steering != nil {
			s.steering.follow(outs)
		}
		ld := report.Logs(outs, opt)
		for k, next := range sinks {
			each := ld
			if k < len(sinks)-1 {
				each = plog.NewLogs()
				ld.CopyTo(each)
			}
			n := each.LogRecordCount()
			if err := s.send(ctx, next, each); err != nil {
				s.telemetry.failed("event")
				s.log.Error("a logs pipeline refused root-cause events", zap.Int("records", n), zap.Error(err))
				continue
			}
			s.telemetry.sent(n)
		}
	}
}

func (s *shared) send(ctx context.Context, next consumer.Logs, ld plog.Logs) (err error) {
	ctx, cancel := context.WithTimeout(ctx, eventTimeout)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return next.ConsumeLogs(ctx, ld)
}

// ticker calls a function every interval of the wall clock.
type ticker struct {
	quit chan struct{}
	done chan struct{}
}

func startTicker(every time.Duration, f func(time.Time)) *ticker {
	t := &ticker{quit: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(t.done)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case now := <-tick.C:
				f(now)
			case <-t.quit:
				return
			}
		}
	}()
	return t
}

// stop ends the ticker and waits for it.
func (t *ticker) stop() {
	close(t.quit)
	<-t.done
}
