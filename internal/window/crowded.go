package window

import "github.com/sage-rca/sage/internal/identity"

// Crowded is a service whose spans name more operations than are told apart.
type Crowded struct {
	Service identity.Service
	Names   []string // the first by the alphabet of those that found no place, at most MaxCrowded
}

// MaxCrowded bounds the names that a Crowded has.
const MaxCrowded = 3
