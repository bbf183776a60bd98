package ingest

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/sage-rca/sage/internal/window"
)

// Config is what an Ingester needs to know. Zero values are not defaulted: the
// component's Config is where defaults live, but for Shards.
type Config struct {
	// Window is the length of a window of event time.
	Window time.Duration
	// Lateness is how long after its end, in event time, a window stays open.
	Lateness time.Duration
	// MaxAge is the event time after which a trace is resolved even if its root
	// is not there yet, counted from the first span that ended.
	MaxAge time.Duration
	// Forget is the event time after which a service, operation, replica or
	// join that was not seen may give up its place.
	Forget time.Duration
	// Guard bounds what times are believed.
	Guard Guard
	// Told says which operations work or wait.
	Told Told
	// Limits bound memory.
	Limits Limits
	// Metrics say which metrics are features, and whose.
	Metrics MetricRules
	// Shards is the number of independently locked parts that traces are spread
	// over; 0 means the power of two at or above 4 GOMAXPROCS. Results do not
	// depend on it.
	Shards int
	// MaxPending bounds the closed windows that wait to be merged.
	MaxPending int
	// Tell, where it is not nil, is given each closed window as this process has seen
	// it, after emit is given what it comes to, from the same goroutine. The two have
	// sketches in common, which nobody may change.
	Tell func(*window.Share)
	// OtherScope is an instrumentation scope whose metrics are no points, but told of in
	// Pieces.
	OtherScope string
	// Protect calls a function such that a panic in it ends there; nil: calls it.
	// It is for what happens on no caller's goroutine, or is the last that does.
	Protect func(func())
}

// Limits bound what is kept and looked at. Each must be positive, but Sources and
// SpansPerSecond, and Gathered where there are no Sources.
type Limits struct {
	Services             int
	OperationsPerService int
	PendingSpans         int // spans of traces that are not resolved yet
	TraceSpans           int // spans of one trace
	Producers            int // producer spans that consumers may still refer to
	Instances            int // replicas told apart
	MetricStreams        int
	Sources              int // processes that tell of windows; 0: none is listened to
	Gathered             int // bytes of what these tell of windows that are not handed on yet
	SpansPerSecond       int // of event time, that are looked at; 0: all
}

func (c *Config) validate() error {
	var errs []error
	positive := func(name string, v int64) {
		if v <= 0 {
			errs = append(errs, fmt.Errorf("ingest: %s must be positive (got %d)", name, v))
		}
	}
	positive("window", int64(c.Window))
	positive("max age", int64(c.MaxAge))
	positive("forget", int64(c.Forget))
	positive("max future", int64(c.Guard.MaxFuture))
	positive("max duration", int64(c.Guard.MaxDuration))
	positive("limit of services", int64(c.Limits.Services))
	positive("limit of operations per service", int64(c.Limits.OperationsPerService))
	positive("limit of pending spans", int64(c.Limits.PendingSpans))
	positive("limit of spans per trace", int64(c.Limits.TraceSpans))
	positive("limit of producers", int64(c.Limits.Producers))
	positive("limit of instances", int64(c.Limits.Instances))
	positive("limit of metric streams", int64(c.Limits.MetricStreams))
	positive("max pending windows", int64(c.MaxPending))
	if c.Lateness < 0 {
		errs = append(errs, fmt.Errorf("ingest: lateness must not be negative (got %s)", c.Lateness))
	}
	if c.Limits.Sources < 0 {
		errs = append(errs, fmt.Errorf("ingest: limit of sources must not be negative (got %d)", c.Limits.Sources))
	}
	if c.Limits.Sources > 0 {
		positive("limit of gathered bytes", int64(c.Limits.Gathered))
	}
	if c.Limits.SpansPerSecond < 0 {
		errs = append(errs, fmt.Errorf("ingest: limit of spans per second must not be negative (got %d)", c.Limits.SpansPerSecond))
	}
	if c.Shards < 0 {
		errs = append(errs, fmt.Errorf("ingest: shards must not be negative (got %d)", c.Shards))
	}
	errs = append(errs, c.Metrics.validate()...)
	return errors.Join(errs...)
}

// defaultShards returns a power of two near four times the processors, so that
// batches that are taken in at the same time seldom meet.
func defaultShards() int {
	n := 1
	for n < 4*runtime.GOMAXPROCS(0) {
		n *= 2
	}
	return n
}
