// Package ingest turns OTLP traces and metrics into closed windows.
//
// It is the one place where attributes are read. Spans become callgraph.Spans
// and are folded, shard by shard, into windows of event time; metric points are
// joined to the services that they describe and folded into the same windows.
// A window closes when the watermark, the largest event time accepted so far,
// has passed its end by the allowed lateness; its snapshot is then merged and
// handed on by the ingester's own goroutine.
//
//	ptrace  -> resource, operation, peer, stream -> shard{Assembler, Folder} -+
//	pmetric -> catalog, join -------------------> window.Metrics -------------+-> Snapshot
//
// Invariants:
//
//   - pdata is read, never written, and nothing of it is kept but strings.
//   - What one sender sends in sequence gives the same snapshots however it is
//     cut into batches, and for any number of shards. Only a limit that is
//     reached may make a difference, and a call whose server span was lost in
//     the very step in which it is learned who answers such calls.
//   - Everything is bounded by Limits. What is refused is counted by reason and
//     reported once per batch.
//   - No call blocks: locks are held for a batch's share of a shard, and a
//     window that nobody takes is refused and counted.
package ingest
