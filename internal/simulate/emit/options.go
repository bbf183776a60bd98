package emit

import "time"

// Options say how an application is observed.
type Options struct {
	// Epoch is when the simulation began.
	Epoch time.Time
	// Namespace is service.namespace and k8s.namespace.name, "" for none.
	Namespace string
	// SampleRatio is the share of traces that are sampled at the head, by their
	// trace ID as the OpenTelemetry specification has it (TraceState: Probability
	// Sampling), with the threshold in tracestate. 0 and 1: all, without one.
	SampleRatio float64
	// MetricEvery is the least time between two scrapes that are sent on, 0: all.
	MetricEvery time.Duration
	// Durations has SDKs send the histograms of the semantic conventions of how long each
	// request and call took, sampled or not, with their metrics.
	Durations bool
	// LoseSpans is the share of spans that get lost, each on its own.
	LoseSpans float64
	// Mute are services, by index, that send neither spans nor metrics of their own,
	// as if they were not instrumented.
	Mute map[int]bool
	// ClockSkew is by how much the clock of a host is off at most: a host's by a
	// uniform draw from [-ClockSkew, ClockSkew], for good.
	ClockSkew time.Duration
	// MetricNoise is the standard deviation, relative to the value, of errors of
	// measurement (default 0.02; negative: none). Of a counter it is that of each
	// increase.
	MetricNoise float64
	// Seed is that of noise, losses and clocks.
	Seed uint64
}

func (o Options) withDefaults() Options {
	if o.MetricNoise == 0 {
		o.MetricNoise = 0.02
	}
	if o.MetricNoise < 0 {
		o.MetricNoise = 0
	}
	return o
}
