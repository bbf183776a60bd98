package window

import "github.com/sage-rca/sage/internal/identity"

// Unread is a service of which metrics came, in one message of its own, none of which is used.
type Unread struct {
	Service identity.Service
	Names   []string // the first by the alphabet, at most MaxCrowded
}
