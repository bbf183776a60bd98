// Package simulate is a seeded discrete-event simulator of microservice
// applications on a virtual clock. Its physics are queues: requests arrive
// open-loop, wait for workers and connections, share the cores of a host and the
// limit of their container, read disks, cross links that delay and lose, are
// retried, and stop for garbage collections. Spans and samples of the state come
// out, as an application would show them; what was broken, and how the entry
// would have done without it, is known.
//
// The model is data (App, Fault); Run plays it and hands what happens to a Sink.
// Package apps has applications and campaigns of faults, package emit turns what
// a Sink gets into OTLP. Nothing here knows either.
//
// What is simplified: quotas and time slices of processors are shares of speed (see
// host); a page fault is a wait of fixed length; a thread that waits for a disk, a
// lock or a page uses no core; sizes of messages are constants; users are next to
// their entry, so no link lies between them; a restart loses nothing that is in
// flight; a queue of messages is the queue for its consumer's workers.
//
// Every random number comes from a stream that is keyed by what it is for and by
// the request it is for, not by the order of events: a run with a fault and its
// twin without it draw the same arrivals and the same work (common random
// numbers), so that their difference is the fault's effect.
package simulate
