// Package foreign plays microservice systems that have nothing in common with those
// of package simulate: other physics, other topologies, other conventions of telemetry
// and other faults, written without knowledge of the method that is judged on them.
// It stands for the system of a user whom nobody has met.
//
//	System -> Run -> spans and metrics as OTLP, as they reach a Collector -> Sink
//	       Episode -> what is broken, and when: the truth
//
// A host schedules runnable threads of its containers as Linux does: whoever has had
// least CPU time runs for a slice, quotas throttle by periods of 100 ms. Requests go
// from step to step: CPU, disk, locks, pools, calls, queries, messages. Users come
// as a Poisson process whose rate swings. Exporters batch, lose, delay and sample;
// clocks of hosts differ.
//
// Everything is seeded: equal systems, episodes and seeds give equal telemetry.
package foreign
