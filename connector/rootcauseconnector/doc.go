// Package rootcauseconnector is the Collector connector "rootcause": an exporter of
// traces and metrics pipelines, which end in it, and a receiver of logs pipelines, in
// which the root-cause events come out. It is the engine of the processor of the same
// name, for pipelines of its own.
//
// The Collector makes one instance for all traces pipelines and one for all metrics
// pipelines, and each stands before the same logs pipelines. They share one engine,
// whose events enter each logs pipeline once. Every instance stops before what follows
// any, so the engine stops with the last: what the other pipelines still flush is judged.
package rootcauseconnector
