// Package config holds what users copy: configurations of the Collector, manifests for
// Kubernetes, a Grafana dashboard. It has no code but the tests that hold them, and the
// documents beside them, to what the components can do.
package config
