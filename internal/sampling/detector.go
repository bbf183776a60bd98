package sampling

import (
	"maps"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// Bounds of a Detector.
const (
	decideAfter   = 20 // windows with requests, until the edge is decided
	maxOperations = 64 // of which edges are looked at
	minSharing    = 3  // operations that share an edge: two may have a cost in common
	shareOf       = 0.7
)

// Detector finds out how spans were chosen, window by window. It is not safe for
// concurrent use. Its zero value has seen nothing.
type Detector struct {
	// Told is what the user says; "": what is seen counts.
	Told State

	entries map[identity.RPC]*sketch.Sketch // nil once decided
	windows int
	decided bool
	biased  bool // as far as edges go
	kept    bool
	weights bool
}

// Observe takes in a window and returns how its spans were chosen. Marks count from the
// first one on. While it is not decided what edges say, what they say so far counts, so
// that nothing opens from what may be biased.
func (d *Detector) Observe(s *window.Snapshot) State {
	d.kept = d.kept || s.Sampled.Kept
	d.weights = d.weights || s.Sampled.Weighted
	if !d.decided {
		d.look(s)
	}
	switch {
	case d.Told != "":
		return d.Told
	case d.kept || d.biased:
		return TailBiased
	case d.weights:
		return HeadCorrected
	}
	return None
}

// look takes in the durations of entry operations, by whose traces samplers choose.
func (d *Detector) look(s *window.Snapshot) {
	seen := false
	for i := range s.RPCs {
		r := &s.RPCs[i]
		if r.Count == 0 || r.Entries < r.Count/2 {
			continue
		}
		seen = true
		l := d.entries[r.Key]
		if l == nil {
			if len(d.entries) >= maxOperations {
				continue
			}
			if d.entries == nil {
				d.entries = make(map[identity.RPC]*sketch.Sketch)
			}
			l = new(sketch.Sketch)
			d.entries[r.Key] = l
		}
		l.Merge(r.Latency)
	}
	if !seen {
		return
	}
	d.windows++
	d.biased = d.shared()
	if d.windows >= decideAfter {
		d.decided, d.entries = true, nil
	}
}

// shared reports whether operations share an edge: at least minSharing, and most of those
// with enough requests.
func (d *Detector) shared() bool {
	var edges []int
	enough := 0
	for _, k := range slices.SortedFunc(maps.Keys(d.entries), identity.RPC.Compare) {
		l := d.entries[k]
		if l.Count() < minRequests {
			continue
		}
		enough++
		if b, ok := edge(l); ok {
			edges = append(edges, b)
		}
	}
	slices.Sort(edges)
	most := 0
	for i := range edges {
		n := 0
		for n < len(edges)-i && edges[i+n]-edges[i] <= 1 { // a threshold lies within one bucket
			n++
		}
		most = max(most, n)
	}
	return most >= minSharing && float64(most) >= shareOf*float64(enough)
}
