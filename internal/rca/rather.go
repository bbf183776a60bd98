package rca

import (
	"cmp"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// Rules of which services make links late together.
const (
	// unlike is by how many times more, or less, than on average the messages of one link of
	// a service may be late: they differ in size and number.
	unlike = 3.0
	// another is what one more place must add to the logarithm of the likelihood.
	another = 5.0
	// mostLate bounds the share of calls that are late: not each one need be.
	mostLate = 0.999
	// maxRivals bounds the services that are compared, and maxTogether how many make links
	// late at once.
	maxRivals, maxTogether = 10, 4
)

// rather returns s, or who is late rather than s where several late links, or leaves, meet at s
// and other services together explain better which calls are late, see rivals: the one among
// them whose calls say so most.
func (e *endpoint) rather(s identity.Service, above float64) identity.Service {
	if !(above > 0) || len(e.around(s)) < 2 {
		return s
	}
	v := e.rivals(s, above)
	set := v.best()
	if len(set) == 0 || slices.Contains(set, 0) {
		return s
	}
	most := slices.MaxFunc(set, func(a, b int) int { return cmp.Compare(v.likelihood([]int{a}), v.likelihood([]int{b})) })
	return v.services[most]
}

// rivals are services at the ends of late links, and which of their calls are late.
type rivals struct {
	services []identity.Service // the one that is doubted first
	calls    []rivalCalls
}

// rivalCalls are the late ones among the calls of an edge, and the rivals at its ends.
type rivalCalls struct {
	tally
	ends []int
	// beside are rivals that may make these calls late as well, and need not: of what
	// is known of these the same requests' calls to them have a part.
	beside []int
	leaf   bool
}

func (e *endpoint) rivals(s identity.Service, above float64) rivals {
	v := rivals{services: []identity.Service{s}}
	left := slices.Clone(e.left)
	slices.SortStableFunc(left, func(a, b int) int { return -cmp.Compare(e.by[a].excess, e.by[b].excess) })
	for _, c := range left {
		for _, o := range e.ends(c) {
			if len(v.services) < maxRivals && !slices.Contains(v.services, o) {
				v.services = append(v.services, o)
			}
		}
	}
	at := make(map[identity.Edge]int)
	for i, o := range v.services {
		for _, x := range e.known(o) {
			if n, seen := at[x]; seen {
				if !slices.Contains(v.calls[n].ends, i) {
					v.calls[n].ends = append(v.calls[n].ends, i)
				}
				continue
			}
			if e.settled(x) {
				continue
			}
			leaf, least := e.r.g.Leaves[x.Callee.Service], above
			if _, usual := e.longest(x); !leaf && usual > 0 {
				least = math.Max(above, slightly*usual) // of calls to leaves what is usual is left out
			}
			if late, calls := e.outliers(x, least); calls > 0 {
				at[x] = len(v.calls)
				v.calls = append(v.calls, rivalCalls{tally: tally{late, calls}, ends: []int{i}, leaf: leaf})
			}
		}
	}
	return v
}

// best returns the services which, together, explain best which calls are late, sorted; those
// with the first of all where others are not clearly better.
func (v *rivals) best() []int {
	var with, without []int
	most, mostWithout := math.Inf(-1), math.Inf(-1)
	var grow func(set []int, from int)
	grow = func(set []int, from int) {
		if len(set) > 0 {
			l := v.likelihood(set) - another*float64(len(set))
			switch {
			case set[0] == 0 && l > most:
				with, most = slices.Clone(set), l
			case set[0] != 0 && l > mostWithout:
				without, mostWithout = slices.Clone(set), l
			}
		}
		for i := from; i < len(v.services) && len(set) < maxTogether; i++ {
			grow(append(set, i), i+1)
		}
	}
	grow(make([]int, 0, maxTogether), 0)
	if mostWithout > most+clearly {
		return without
	}
	return with
}

// likelihood is the logarithm of the likelihood of which calls are late where services of set
// are, over that where nobody is. What is wrong at a service makes calls late at all of its
// links, by about as much. With k of n calls of a link late, a share p of those of all links of
// the service, and p0 of others,
//
//	log L = sum over links of max k log(p'/p0) + (n-k) log((1-p')/(1-p0)),  p/unlike <= p' <= unlike p
//
// Links between two of them are of the one that explains them better. Calls to a leaf may be
// late for the leaf instead, at the price of another place.
// See docs/math.md, 19.
func (v *rivals) likelihood(set []int) float64 {
	var of [maxTogether]tally
	for i, s := range set {
		for _, c := range v.calls {
			if slices.Contains(c.ends, s) {
				of[i].add(c.tally)
			}
		}
	}
	sum := 0.0
	for _, c := range v.calls {
		l := math.Inf(-1)
		for i, s := range set {
			if slices.Contains(c.ends, s) {
				share := of[i].late / of[i].calls
				l = math.Max(l, c.lateBy(share/unlike, share*unlike))
			} else if of[i].calls > 0 && slices.Contains(c.beside, s) {
				l = math.Max(l, c.lateBy(0, of[i].late/of[i].calls*unlike))
			}
		}
		if math.IsInf(l, -1) {
			l = 0
		}
		if c.leaf {
			l = math.Max(l, c.lateBy(0, 1)-another)
		}
		sum += l
	}
	return sum
}

// lateBy is the logarithm of the likelihood where a share of between least and most of the
// calls is late.
func (t tally) lateBy(least, most float64) float64 {
	p := clamp(t.late/t.calls, least, most)
	p = clamp(p, strayShare, mostLate)
	return t.late*math.Log(p/strayShare) + (t.calls-t.late)*math.Log((1-p)/(1-strayShare))
}
