// Package recorded reads published recordings of real systems: their spans as the
// telemetry that those systems would have sent (NezhaTraces), and their metrics as
// the windows that an ingester would have made of it (Load).
//
// It knows the formats of the recordings and nothing of what is in them: no
// service, operation or fault by name. Other recordings of the same layout are
// read as well.
//
// # What is recorded and what is derived
//
// A recording of windows has quantiles where a window has distributions, and lacks
// some of what a window holds:
//
//   - Distributions have the recorded quantiles exactly, up to the error of
//     sketches, and between them the shape of a log-normal. None is invented above
//     the highest.
//   - There is one RPC per service, with the operation "all".
//   - Who sent the requests that a callee counted is not recorded: they are shared
//     out among its callers in proportion to their usual calls.
//   - Own times (window.RPC.Exclusive) are derived from those of a service and its
//     callees.
//   - Which calls overlap is not recorded: window.RPC.Sum and window.Edge.Within
//     are zero, and calls count as made one after the other.
//   - Resources have the names of the ingester's catalogue and the mean over the
//     replicas.
//
// What is missing stays missing: a service without requests has no latency, and a
// window without rows is left out. Set.Notes count what was.
//
// # What differs between recordings
//
// Rows are in any order and may lie hours apart, columns are in any order and named
// in any case, with blanks around them or not; latencies are in the unit that the
// name of the column has. Times are UTC where they name no zone. Files that may be
// missing are noted where they are. A cell that is no number, or cannot be true, is
// missing, and noted with the first place where that was so. A fault that no window
// shows is left out. What cannot be read at all is an error that says where, and
// what is wanted instead.
package recorded
