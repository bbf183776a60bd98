package apps

import (
	"errors"
	"math"
	"math/rand/v2"

	"github.com/sage-rca/sage/internal/simulate"
)

// An incident makes the 99th percentile of the watched entry a multiple of the
// healthy one that is drawn log-uniformly from [minHarm, maxHarm]. An SLO stands
// at 1.5 times it, so that most incidents violate it, and some narrowly.
const (
	minHarm = 2.0
	maxHarm = 4.5
)

// drawer draws faults.
type drawer struct {
	app     *simulate.App
	rng     *rand.Rand
	reach   *reach
	healthy float64 // 99th percentile, s
}

func newDrawer(app *simulate.App, rng *rand.Rand) *drawer {
	return &drawer{app: app, rng: rng, reach: newReach(app), healthy: Tail(app)}
}

// incident draws n faults of different kinds in different services. Kinds that
// cannot do harm here are passed over.
func (d *drawer) incident(kinds *cycle, n int) ([]simulate.Fault, error) {
	var out []simulate.Fault
	for range 2 * len(kinds.kinds) {
		kind := kinds.next()
		// A surge makes the other of two faults worse than it is: it comes alone.
		if n > 1 && kind == simulate.TrafficSurge {
			continue
		}
		f, ok := d.fault(kind, out)
		if !ok {
			continue
		}
		if out = append(out, f); len(out) == n {
			return out, nil
		}
	}
	if len(out) > 0 { // the second of a double cannot be had
		return out, nil
	}
	return nil, errors.New("no fault of the kinds asked for can violate anything in " + d.app.Name)
}

// fault draws a fault of the kind that does harm, beside others.
func (d *drawer) fault(kind simulate.FaultKind, others []simulate.Fault) (simulate.Fault, bool) {
	for _, o := range others {
		if o.Kind == kind {
			return simulate.Fault{}, false
		}
	}
	target := d.healthy * logUniform(d.rng, minHarm, maxHarm)
	candidates := d.candidates(kind)
	d.rng.Shuffle(len(candidates), func(i, j int) { candidates[i], candidates[j] = candidates[j], candidates[i] })
	for _, c := range candidates {
		if d.clash(&c.fault, others) {
			continue
		}
		if f, ok := d.size(c, target); ok {
			return f, true
		}
	}
	return simulate.Fault{}, false
}

// clash reports whether f concerns a service that one of others concerns already.
func (d *drawer) clash(f *simulate.Fault, others []simulate.Fault) bool {
	for i := range others {
		for _, a := range d.harmed(f) {
			for _, b := range d.harmed(&others[i]) {
				if a == b {
					return true
				}
			}
		}
	}
	return false
}

// candidate is a fault whose size is to be chosen: between mild and severe.
type candidate struct {
	fault        simulate.Fault
	mild, severe float64
	whole        bool // sizes are whole numbers
}

// size chooses the size of c such that the tail comes to target, or as far as the
// most severe one takes it; not where even that would not violate.
func (d *drawer) size(c candidate, target float64) (simulate.Fault, bool) {
	f := c.fault
	if f.Kind == simulate.PacketLoss {
		return d.loss(c)
	}
	at := func(size float64) float64 {
		if c.whole {
			size = math.Round(size)
		}
		f.Size = size
		return Tail(d.app, f)
	}
	worst := at(c.severe)
	if worst < minHarm*d.healthy {
		return f, false
	}
	if worst <= target {
		return f, true
	}
	// Bisection on a logarithmic scale: 9 steps come to 1/500 of the range.
	low, high := math.Log(c.mild), math.Log(c.severe)
	for range 9 {
		if mid := (low + high) / 2; at(math.Exp(mid)) < target {
			low = mid
		} else {
			high = mid
		}
	}
	at(math.Exp(high))
	return f, true
}

func logUniform(rng *rand.Rand, low, high float64) float64 {
	return low * math.Exp(rng.Float64()*math.Log(high/low))
}

// Of the watched requests, a share drawn log-uniformly from [minLost, maxLost]
// loses a packet: every loss costs the same timeout, so that a tail is as long
// whatever the share is, if only that is above the tail's own. Windows hold a few
// hundred requests; at 3 % the 99th percentile of nearly all shows it.
const (
	minLost = 0.03
	maxLost = 0.15
)

// loss chooses the share of messages that a service loses.
func (d *drawer) loss(c candidate) (simulate.Fault, bool) {
	f := c.fault
	messages := d.reach.services[f.Service] // answers
	for l, n := range d.reach.links {
		if l.from == f.Service {
			messages += n
		}
	}
	f.Size = logUniform(d.rng, minLost, maxLost) / messages
	return f, Tail(d.app, f) >= minHarm*d.healthy
}
