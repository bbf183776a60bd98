package change

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// Kind is what sort of thing changed (attribute rca.change.kind).
type Kind string

// The kinds.
const (
	Version        Kind = "version"         // a service runs another version
	ServiceNew     Kind = "service_new"     // a service that was not there, or is back
	ServiceGone    Kind = "service_gone"    // a service that serves no more
	OperationsNew  Kind = "operations_new"  // operations of a service that was there
	OperationsGone Kind = "operations_gone" // operations of a service that is there
	Replicas       Kind = "replicas"        // another number of replicas
	HostsNew       Kind = "hosts_new"       // hosts on which nothing ran, or which are back
	HostsGone      Kind = "hosts_gone"      // hosts on which nothing runs any more
)

// Change is one change that was noticed. It becomes one rca.change record.
type Change struct {
	ID      string // at most 100 characters, the same for the same change
	Kind    Kind
	Service identity.Service // zero of HostsNew and HostsGone
	// Since is the start of the first window that shows it: of what is new the first in
	// which it was seen, of what is gone the first in which it was not.
	Since time.Time
	// Noticed is the end of the window after which it was certain, zero where it is not yet.
	Noticed time.Time

	Old, New string // of Version: the versions before and after; Old may be ""
	Was, Is  int    // of Replicas
	// Operations of OperationsNew and OperationsGone, Hosts of HostsNew and HostsGone: at
	// most maxNamed of Count, sorted.
	Operations []string
	Hosts      []string
	Count      int
	// Services run on Hosts, or ran there: at most maxHosted, sorted.
	Services []identity.Service
	// Back says that what is new was there before.
	Back bool
	// Unanswered is the weight of the calls of the last window to a service that is
	// gone.
	Unanswered float64
}

// maxNamed bounds the operations, or hosts, that are named.
const maxNamed = 5

// id follows from what a change is, so that one that is said again after a restart
// can be told.
func (c *Change) id() string {
	text := fmt.Appendf(nil, "%q %q %q %d %q %q %d %d %q",
		c.Kind, c.Service.Namespace, c.Service.Name, c.Since.UnixNano(), c.Old, c.New, c.Was, c.Is, c.Operations)
	if len(c.Hosts) > 0 {
		text = fmt.Appendf(text, " %q", c.Hosts)
	}
	sum := sha256.Sum256(text)
	return "chg-" + hex.EncodeToString(sum[:8])
}

// at returns c as it is said after a window.
func (c Change) at(w *window.Snapshot) Change {
	c.Noticed = time.Unix(0, w.End).UTC()
	c.ID = c.id()
	return c
}

// Concerns reports whether s changed, or runs on hosts that did.
func (c *Change) Concerns(s identity.Service) bool {
	return c.Service == s && !s.IsZero() || slices.Contains(c.Services, s)
}
