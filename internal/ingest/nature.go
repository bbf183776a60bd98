package ingest

import "github.com/sage-rca/sage/internal/identity"

// nature says whether requests of an operation work or wait, where that was told.
type nature uint8

const (
	untold nature = iota // conventions say (isStream)
	works
	waits
)

// Told says which operations work or wait, whatever their spans say. It is asked once
// for what is new, not for each span.
type Told struct {
	// Works and Waits report whether an operation does; nil: none. What does both works.
	Works, Waits func(identity.RPC) bool
}

// of returns what was told of the operation that a span serves, or calls.
func (t *Told) of(served, called identity.RPC) nature {
	about := served
	if !called.Service.IsZero() {
		about = called
	}
	switch {
	case t.Works != nil && t.Works(about):
		return works
	case t.Waits != nil && t.Waits(about):
		return waits
	}
	return untold
}
