// Package servicegraph says who calls whom, how often and how fast, in the metrics
// that service graphs are drawn from: those of Tempo's metrics generator and of the
// servicegraph connector, by name, unit and label.
//
//	traces_service_graph_request_total                  calls
//	traces_service_graph_request_failed_total           calls that failed, as the caller saw it
//	traces_service_graph_request_client_seconds         durations as the caller saw them
//	traces_service_graph_request_server_seconds         durations as the callee saw them
//	traces_service_graph_request_messaging_system_seconds  time that messages waited
//
// Labels are client, server, connection_type, and client_service_namespace and
// server_service_namespace where these are not empty. The connection_type is
// messaging_system where no caller waits, virtual_node where the callee sends no
// spans, else empty. All are cumulative from when a call was seen first.
//
// Histograms have explicit bounds, powers of two of nanoseconds, which are bounds of
// sketches too: counts in them are exact.
package servicegraph
