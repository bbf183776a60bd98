// Package kafka holds the test of a fleet that shares traces out over Kafka: the
// exporter and the receiver that config/fleet names, of the Collector's contrib
// repository, with a broker in the same process. It is a module of its own, since the
// product needs none of these.
package kafka
