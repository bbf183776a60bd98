package main

import "errors"

// section is one comparison.
type section struct {
	name  string // key in bench.json
	title string
	// run measures, and returns what goes into bench.json and a Markdown table.
	// An error that wraps errSkipped says why the section cannot be run here.
	run func(*settings) (numbers any, table string, err error)
}

// errSkipped is wrapped where something that is needed is not there.
var errSkipped = errors.New("skipped")

// sections are run in this order.
var sections = []section{
	{"ingest", "Spans: CPU per span, 20 services, traces of 100 spans, batches of 1,000", ingestSection},
	{"ingest_recorded", "Spans recorded in Online Boutique (Nezha)", recordedSection},
	{"parallel", "Spans from several callers at once", parallelSection},
	{"metrics", "Metric points: CPU per data point", metricsSection},
	{"collector", "A built Collector: OTLP gRPC over loopback, with and without rootcause", collectorSection},
	{"train", "Training: one step, 30 services, batch of 256 windows, structured decoders, Adam", trainSection},
	{"scale", "Scale: synthetic applications, trained for 50 epochs", scaleSection},
	{"infer", "Verdicts: screen, search with 64 samples, resources", inferSection},
	{"memory", "Memory of the processor, beyond the load's", memorySection},
}
