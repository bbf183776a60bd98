// Package slo watches objectives of operations over windows: the configured
// ones, and ones learned from healthy tails where none is configured. An objective
// is about latency, where slow requests are bad, or about errors, where failed
// ones are.
//
// A Watcher holds one track per objective and operation. A window in which the
// operation had too few requests is not measured: it freezes the track, and
// neither opens nor resolves anything.
//
// What opens an incident is one of these rules: k of the last n windows violate
// the objective (track.go), the error budget burns too fast over a long and
// over a short stretch of time (burn.go), or a learned limit is exceeded in too many
// windows, by however few requests in each (scattered.go).
package slo
