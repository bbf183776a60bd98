package simulate

import (
	"math"
	"time"
)

const (
	// driftSlot is how long a rate stays constant.
	driftSlot = time.Second
	// driftMemory is the time after which the random walk has forgotten all but
	// 1/e of where it was.
	driftMemory = 5 * time.Minute
)

// drift is the factor by which an entry's rate departs from its mean,
//
//	1 + Swing sin(2πt/Period) + w,
//
// constant within a slot and at least 0. w is the random walk that is drawn back
// to 0, w' = a w + Wander √(1−a²) z with a = exp(−slot/memory), whose standard
// deviation is Wander at all times.
type drift struct {
	entry  *Entry
	stream stream
	slot   int64 // w is that of it
	w      float64
}

func newDrift(e *Entry, s stream) drift {
	return drift{entry: e, stream: s, w: e.Wander * s.child(0).normal(forWander)}
}

// factor returns the factor in a slot; slots must be asked for in order.
func (d *drift) factor(slot int64) float64 {
	if d.entry.Wander > 0 {
		a := math.Exp(-float64(driftSlot) / float64(driftMemory))
		b := d.entry.Wander * math.Sqrt(1-a*a)
		for d.slot < slot {
			d.slot++
			d.w = a*d.w + b*d.stream.child(uint64(d.slot)).normal(forWander)
		}
	}
	f := 1 + d.w
	if d.entry.Period > 0 {
		t := (float64(slot) + 0.5) * float64(driftSlot)
		f += d.entry.Swing * math.Sin(2*math.Pi*t/float64(d.entry.Period))
	}
	return max(f, 0)
}

// source is a Poisson process of arrivals at an entry between two times. Its n-th
// gap, on the clock on which its rate is one, is the n-th exponential number of
// its stream, whatever else happens.
type source struct {
	entry  int32
	scale  float64 // of the entry's rate
	drift  drift
	stream stream
	at, to time.Duration
	n      uint64
}

// next returns the time of the next arrival, or never.
func (a *source) next() time.Duration {
	a.n++
	need := a.stream.child(a.n).exponential(forGap) // of the integral of the rate
	for a.at < a.to {
		slot := int64(a.at / driftSlot)
		end := min(time.Duration(slot+1)*driftSlot, a.to)
		rate := a.scale * a.drift.entry.Rate * a.drift.factor(slot) / float64(time.Second)
		if has := rate * float64(end-a.at); has < need {
			need -= has
			a.at = end
			continue
		}
		a.at += time.Duration(need / rate)
		return min(a.at, a.to)
	}
	return never
}
