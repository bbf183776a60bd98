package simulate

import (
	"context"
	"fmt"
	"time"
)

// Config says how long to play and with which numbers.
type Config struct {
	Seed        uint64
	Duration    time.Duration
	SampleEvery time.Duration // 0: no samples
	Faults      []Fault
	// MaxInFlight bounds the requests in flight at once, over all entries; those
	// that arrive beyond it fail at once, as a load balancer would refuse them.
	// 0: 100,000.
	MaxInFlight int
}

// defaultInFlight is MaxInFlight where Config has none.
const defaultInFlight = 100_000

// Stats is what Run counts.
type Stats struct {
	Requests, Refused int // of entries
	Spans             int
	Events            int
}

// Run plays app and hands what happens to sink. It returns an error where the
// application or a fault refers to what is not there, and that of ctx. Requests
// that are in flight at the end are not answered.
func Run(ctx context.Context, app *App, cfg Config, sink Sink) (Stats, error) {
	if err := validate(app, &cfg); err != nil {
		return Stats{}, fmt.Errorf("simulate: %w", err)
	}
	s := newSim(app, cfg, sink)
	for s.step() {
		if s.stats.Events%4096 == 0 && ctx.Err() != nil {
			return s.stats, fmt.Errorf("simulate: %w", context.Cause(ctx))
		}
	}
	return s.stats, nil
}

// step has the next thing happen, unless that is after the end.
func (s *sim) step() bool {
	replica, at := s.timers.next()
	if len(s.events.events) > 0 && s.events.events[0].at < at {
		if s.events.events[0].at > s.cfg.Duration {
			return false
		}
		e := s.events.pop()
		s.now = e.at
		s.handle(e)
	} else {
		if at > s.cfg.Duration {
			return false
		}
		s.now = at
		s.worked(s.computed(&s.replicas[replica]))
	}
	s.stats.Events++
	return true
}

// handle has an event happen.
func (s *sim) handle(e event) {
	switch e.kind() {
	case evDeliver:
		s.deliver(e.obj)
	case evReply:
		s.ended(e.obj, e.gen, "")
	case evReplyBad:
		s.ended(e.obj, e.gen, errInternal)
	case evRefused:
		s.ended(e.obj, e.gen, errUnavailable)
	case evTimeout:
		s.ended(e.obj, e.gen, errTimeout)
	case evRetry:
		s.try(e.obj, s.attempts.at(e.obj))
	case evArrival:
		s.arrive(e.obj)
	case evDisk:
		if e.gen == s.hosts[e.obj].disk.gen {
			s.onward(s.served(e.obj))
		}
	case evPaged:
		s.onward(e.obj)
	case evUnlocked:
		s.work(e.obj)
	case evCollected:
		s.collected(&s.replicas[e.obj])
	case evSample:
		s.sample()
	case evFaultOn, evFaultOff:
		s.activate(e.obj, e.kind() == evFaultOn)
	case evDown:
		s.down(&s.replicas[e.obj])
	case evUp:
		s.restarted(&s.replicas[e.obj])
	}
}
