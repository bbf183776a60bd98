// Package alertmanager builds and runs a real Alertmanager and reads back what it
// knows, for tests of the exporter that delivers to it. Its binary is built from
// the module testdata/alertmanager.
package alertmanager
