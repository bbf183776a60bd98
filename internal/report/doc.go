// Package report turns what the engine says into OTLP log records: one
// rca.incident record per transition of an incident, one rca.root_cause record
// per ranked candidate where an incident opens or is updated, one rca.change record
// per change that was noticed, and one rca.model.status record per change of the
// model's state. docs/events.md describes every attribute with its type; a test
// holds the two together.
//
// Attributes are flat: scalars, or arrays of strings or numbers. What is not
// known is left out, never made up. Equal outputs give equal records: nothing
// here reads a clock or iterates over a map.
package report
