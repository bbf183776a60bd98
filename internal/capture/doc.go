// Package capture reads and writes captures: recordings of OTLP export requests
// in the order in which they arrived.
//
// A capture is a file of JSON lines. Each line is one request in OTLP/JSON, as
// the Collector's file exporter writes them:
//
//	{"resourceSpans":[...]}
//	{"resourceMetrics":[...]}
//	{"resourceLogs":[...]}
//
// The extension says how the file is compressed: .zst, .gz, or not at all. The
// order of the lines is part of the recording: sent again one after another,
// they give the same windows and so the same events.
package capture
