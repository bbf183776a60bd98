// Package emit turns what a simulation tells into OTLP, as the SDKs and receivers
// of OpenTelemetry would send it.
//
// Spans carry the attributes of the semantic conventions for HTTP, RPC, databases
// and messaging, under the resource of the replica that sends them, and leave in
// batches a second after the first of them ended, so that those of different
// replicas are out of order. Uninstrumented services send none; callers name them.
//
// Metrics carry the names, units, types and attributes of the receivers and
// instrumentations that report them in the field:
//
//	hostmetrics    system.*                        per host
//	kubeletstats   container.*, k8s.*              per container and pod
//	runtimes       jvm.*, go.*, nodejs.*, v8js.*   per instrumented replica
//	libraries      db.client.connection.*, http.*  per instrumented replica
//
// They are derived from the simulated state with noise of measurement, never from
// what was broken. Everything is a function of the options and of what the
// simulation tells: no clock is read, and each random number hangs on a seed and
// on what it is for.
package emit
