// Package ingest turns OTLP traces and metrics into closed windows.
//
// It is the one place where attributes are read. Spans become callgraph.Spans,
// are resolved shard by shard, and folded into windows of event time; metric
// points are joined to the services that they describe and folded into the same
// windows. A window closes when the watermark, the largest event time accepted so
// far, has passed its end by the allowed lateness; its snapshot is then merged and
// handed on by the ingester's own goroutine.
//
//	ptrace  -> origin, signature -> shard{Assembler} -> window.Folder --+
//	pmetric -> selected, about, pointed --------------> window.Metrics -+-> Snapshot
//
// Invariants:
//
//   - pdata is read, never written, and nothing of it is kept but strings.
//   - What one sender sends in sequence gives the same snapshots however it is
//     cut into batches, and for any number of shards; where weights are no
//     integers but for rounding. Only a limit that is reached may make a
//     difference, and a call in the very step in which it is learned who answers
//     such calls, where no span of its own says so.
//   - Everything is bounded by Limits. What is refused is counted by reason and
//     reported once per batch.
//   - No call blocks for long: locks are held for a batch's share of a shard, or while
//     the traces of so many spans as are enough are resolved; a window that nobody
//     takes is refused and counted.
//
// What makes it cheap, in the order of what it saves:
//
//   - Names become numbers once, here (identity.Names). What a span's attributes
//     say about its name is found again by the attributes as they are (signature),
//     what a resource's say likewise (origin, about), in tables of bounded size
//     that may lose anything at any time (lossy). Only what is new is composed,
//     cleaned, admitted and numbered.
//   - Where more spans come than Limits.SpansPerSecond, only a share of the traces is
//     looked at, and counts for all (thinning).
//   - Only attributes that matter for the kind of a span are read (wanted);
//     which those are one multiplication tells (slotTable).
//   - A span that waits is 64 bytes without pointers, next to others of its trace:
//     a garbage collector does not see it, and a trace is read in few waits for
//     memory.
//   - All shards fold into the same windows, so that what is added to stays in the
//     cache; what closed windows held is used again.
//   - Traces that are complete wait until many are, and are resolved at once (enough).
//   - The metrics of a scrape are looked for where those of the last one were (sequence).
//
// What is left, of 100 per cent of the time: reading and naming 40, of which reading
// attributes is more than the half; filing spans under their traces 15; resolving traces
// 25; adding to sketches and exemplars 15. Most of it are waits for memory: for what the
// unmarshaller has spread, and for spans that came long ago. Going over the keys of a
// dozen attributes alone takes 25 ns of a span that a processor has in its caches, and up
// to three times that where it has not. docs/benchmarks.md has what was tried.
package ingest
