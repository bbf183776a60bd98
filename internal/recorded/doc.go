// Package recorded reads published recordings of real systems as the telemetry
// that those systems would have sent.
//
// It knows the formats of the recordings and nothing of what is in them: no
// service, operation or fault by name.
package recorded
