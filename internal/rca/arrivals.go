package rca

import (
	"math"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/window"
)

// Rules of requests that have not ended.
const (
	minEnding  = 10  // requests that ended in the last third of the window
	maxQueued  = 0.8 // seconds that a request takes longer, each second
	maxDrained = 9   // and less
	queuedSure = 2   // standard errors
	mostEnter  = 0.9 // share of the requests of an entry that have no caller
)

// arrivals returns how many requests of an entry began for each that ended in the window. Who is
// asked more than it can serve ends as many as it can, whatever it is asked; and when what kept
// requests lets go, all of them end at once.
// Requests that end within a time dt and take g dt longer than those before them (g < 0: less)
// began within (1-g) dt, so that
//
//	began/ended = 1 / (1-g),  g = (median of the last third - median of all) / (a third of the window),
//
// the difference at most twice the distance of the quartiles of the last third, which is what
// it is where requests take ever longer, and not where all of a sudden they took longer;
// less queuedSure standard errors of the median of the last third, sqrt(pi/2) sd / sqrt(n).
// Where the entry itself is slow, requests take longer and fewer of them end by the same
// factor, and no more than usual began. See docs/math.md, 23.
func arrivals(p *window.RPC, seconds float64) float64 {
	if p == nil || p.Ending == nil || p.Latency == nil || p.Entries < mostEnter*p.Count {
		return 1
	}
	n := p.Ending.Count() - p.Unseen/3
	if n < minEnding {
		return 1
	}
	longer := (p.Ending.Quantile(0.5) - p.Latency.Quantile(0.5)) / 1e9
	iqr := (p.Ending.Quantile(0.75) - p.Ending.Quantile(0.25)) / 1e9
	if longer > seconds/3 { // more than a second each second is another change than that of a queue
		return 1
	}
	sure := math.Min(math.Abs(longer), 2*iqr) - queuedSure*math.Sqrt(math.Pi/2)*iqr/1.349/math.Sqrt(n)
	g := math.Copysign(math.Max(0, sure), longer) / (seconds / 3)
	return 1 / (1 - math.Min(maxQueued, math.Max(-maxDrained, g)))
}

// entering returns log(1 + requests per second) of an entry: the mean of the windows since the
// onset or, where that is more and requests take longer and longer, or less and they take less
// and less, what began in the last one.
func (v *view) entering(load feature.Key) level {
	l, last := v.since(load), v.at(load)
	if began := math.Log1p(v.begun * math.Expm1(last.now)); v.begun > 1 && began > l.now || v.begun < 1 && began < l.now {
		l.now, l.spread = began, last.spread
	}
	return l
}
