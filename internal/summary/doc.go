// Package summary carries the shares of windows between Collectors as OTLP metrics.
//
// A Collector that sees some of the traces writes what it has seen of a window
// (window.Share) as metrics of delta temporality; one that concludes reads them as
// pieces, which add up to the share bit for bit. So the verdicts are those of one
// Collector that has seen all spans.
//
// Every data point stands for itself: it says of which window, source and RPC, edge
// or replica it is, so that batches may be cut, joined and reordered on the way.
//
//	resource  service.namespace, service.name   whose requests, or calls, these are
//	scope     github.com/sage-rca/sage/internal/summary, version 1; sage.source
//	point     start and time: the window; sage.operation and what else names it
//
// A sketch is an exponential histogram of scale 5 in nanoseconds, whose buckets are
// the sketch's own: counts, zero count, sum and maximum say everything. Only where
// weights are no integers, as those of some sampling ratios, they would not; then
// the counts are rounded, for others to read, and the attribute sage.sketch holds
// the sketch. Sums and weights are double data points. Exemplars are those of the
// sketch that they are exemplars of: the slowest first, then the sample from which
// the typical one is chosen.
//
// What follows from something else is not sent: the count of requests is that of
// their latencies, that of matched calls is that of the callee's, and zero is what
// is missing.
package summary
