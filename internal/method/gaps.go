package method

import "github.com/sage-rca/sage/internal/rca"

// gap is the excess of the network of one kind of call, weighted. Ends are
// positions of services in the scope.
type gap struct {
	caller, callee int
	seconds        float64
}

// Largest gap, relative to the own excess of a service at one of its ends, that
// speaks for that end. One that lacks CPU is late to accept and to answer as well,
// which lies outside of its spans.
const (
	slowEnd    = 0.5
	starvedEnd = 3
)

// settleGaps gives every gap to one of its ends. What delays the messages of a
// service shows at all of its links, so the service at whose links most of the
// excess is takes all of them, and so on with those that are left. Between both
// ends of a single link the one that is slow itself takes it, else the callee.
func (b *books) settleGaps() {
	left := append([]gap(nil), b.gaps...)
	for len(left) > 0 {
		sums := make(map[int]float64)
		for _, g := range left {
			sums[g.caller] += g.seconds
			if g.callee != g.caller {
				sums[g.callee] += g.seconds
			}
		}
		for i, v := range sums { // each on its own
			own := b.accounts[i].own
			if v <= slowEnd*own || v <= starvedEnd*own && b.starved(i) {
				sums[i] += own
			}
		}
		best := -1
		for _, g := range left { // callees first, in a fixed order
			for _, end := range [...]int{g.callee, g.caller} {
				// A little more at the caller's other links is noise.
				if best < 0 || sums[end] > 1.1*sums[best] {
					best = end
				}
			}
		}
		rest := left[:0]
		for _, g := range left {
			if g.caller == best || g.callee == best {
				b.accounts[best].gap += g.seconds
			} else {
				rest = append(rest, g)
			}
		}
		left = rest
	}
}

// starvedOfCPU reports whether the metrics of a service say that it lacks CPU.
func (b *books) starvedOfCPU(i int) bool {
	m, found := b.metric(b.s.services[i])
	return found && m == rca.CPU
}
