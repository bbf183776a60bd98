package sampling

import (
	"maps"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
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

	entries map[identity.RPC]*entry // nil once decided
	windows int
	decided bool
	biased  bool // as far as edges go
	kept    bool
	weights bool
	// before says that they were biased before a restart: that counts until it is
	// decided anew.
	before bool
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
	case d.tail():
		return TailBiased
	case d.weights:
		return HeadCorrected
	}
	return None
}

func (d *Detector) tail() bool { return d.kept || d.biased || d.before }

// look takes in the durations of entry operations, by whose traces samplers choose.
func (d *Detector) look(s *window.Snapshot) {
	seen := false
	for i := range s.RPCs {
		r := &s.RPCs[i]
		if r.Count == 0 || r.Entries < r.Count/2 {
			continue
		}
		seen = true
		e := d.entries[r.Key]
		if e == nil {
			if len(d.entries) >= maxOperations {
				continue
			}
			if d.entries == nil {
				d.entries = make(map[identity.RPC]*entry)
			}
			e = new(entry)
			d.entries[r.Key] = e
		}
		e.add(r.Latency)
	}
	if !seen {
		return
	}
	d.windows++
	d.biased = d.shared()
	if d.windows >= decideAfter {
		d.decided, d.entries, d.before = true, nil, false
	}
}

// shared reports whether operations share an edge: at least minSharing, and most of those
// with enough requests; and whether it was there in their first windows.
func (d *Detector) shared() bool {
	var found []edged
	enough := 0
	for _, k := range slices.SortedFunc(maps.Keys(d.entries), identity.RPC.Compare) {
		e := d.entries[k]
		if e.all.Count() < minRequests {
			continue
		}
		enough++
		if b, ok := edge(&e.all); ok {
			found = append(found, edged{b, e})
		}
	}
	slices.SortStableFunc(found, func(a, b edged) int { return a.bucket - b.bucket })
	var most []edged
	for i := range found {
		n := 0
		for n < len(found)-i && found[i+n].bucket-found[i].bucket <= 1 { // a threshold lies within one bucket
			n++
		}
		if n > len(most) {
			most = found[i : i+n]
		}
	}
	return len(most) >= minSharing && float64(len(most)) >= shareOf*float64(enough) && early(most)
}
