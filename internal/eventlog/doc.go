// Package eventlog reads root-cause events back from the log records in which
// they travel: what a person, a test or another program needs of them. It knows
// the records by their published form only, the way a backend does.
package eventlog
