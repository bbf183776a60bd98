// Package durations reads the duration histograms that SDKs record of every request and
// call, sampled or not, and puts them in the place of sampled spans: how many there were,
// how many failed, and how long they took, come from histograms; what only spans show,
// who calls whom within which request, how own time and gaps are distributed, keeps the
// shape that spans of this and earlier windows have, scaled so that its mean is what the
// exact means say. See docs/math.md, 29.
//
// A Folder folds points of histograms into windows. A Blender puts what was folded into
// snapshots.
package durations

import (
	"cmp"

	"github.com/sage-rca/sage/internal/identity"
)

// Key is what a histogram is of: the requests that an RPC serves or, with a Peer, the calls of
// a service to that.
type Key struct {
	Service   identity.Service
	Operation string // served; of calls that of the callee, "" where nobody says
	Peer      string // of calls, the name that a span of such a call has for the callee
	Address   string // of calls, the host called, "" where nobody says
}

func (k Key) compare(o Key) int {
	return cmp.Or(k.Service.Compare(o.Service), cmp.Compare(k.Operation, o.Operation), cmp.Compare(k.Peer, o.Peer), cmp.Compare(k.Address, o.Address))
}

// Series is what one stream of points is of.
type Series struct {
	Key
	Instance  string // replica that serves or calls
	Failed    bool
	ErrorType string
	Rank      uint8 // of two that are of the same the lower one counts
}
