package simulate

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// Means and standard deviations of what is drawn, in seconds, over n = 200,000
// requests. The standard error of a mean is σ/√n; five of them are exceeded by
// chance once in two million. That of a variance is σ²√((κ−1)/n) with the fourth
// moment κ: 9 for the exponential law; for the log-normal one of CV 0.5, with
// w = 1+CV² = 1.25, it is w⁴+2w³+3w²−3 = 8.04.
func TestLaw(t *testing.T) {
	const n = 200_000
	tests := map[string]struct {
		dist  Dist
		sd    float64
		kappa float64
	}{
		"constant":    {Dist{Mean: 0.003}, 0, 1},
		"zero":        {Dist{}, 0, 1},
		"exponential": {Dist{Mean: 0.003, CV: Exponential}, 0.003, 9},
		"log-normal":  {Dist{Mean: 0.003, CV: 0.5}, 0.0015, 8.04},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l := newLaw(tt.dist)
			root := stream(1).child(0)
			sum, squares := 0.0, 0.0
			for i := range uint64(n) {
				v := seconds(l.draw(root.child(i), forCPU))
				assert.GreaterOrEqual(t, v, 0.0)
				sum += v
				squares += (v - tt.dist.Mean) * (v - tt.dist.Mean)
			}
			rounding := 1e-12
			assert.InDelta(t, tt.dist.Mean, sum/n, 5*tt.sd/math.Sqrt(n)+rounding)
			v := tt.sd * tt.sd
			assert.InDelta(t, v, squares/n, 5*v*math.Sqrt((tt.kappa-1)/n)+rounding)
		})
	}
}

// Draws for different purposes, of neighbours, and of parents and children are not
// correlated: of n independent pairs the correlation has the standard deviation
// 1/√n; five are exceeded by chance once in two million.
func TestStreamsAreIndependent(t *testing.T) {
	const n = 100_000
	root := stream(7)
	pairs := map[string]func(i uint64) (float64, float64){
		"purposes": func(i uint64) (float64, float64) {
			s := root.child(i)
			return s.normal(forCPU), s.normal(forDisk)
		},
		"neighbours": func(i uint64) (float64, float64) {
			return root.child(2 * i).normal(forCPU), root.child(2*i + 1).normal(forCPU)
		},
		"generations": func(i uint64) (float64, float64) {
			s := root.child(i)
			return s.normal(forCPU), s.child(0).normal(forCPU)
		},
		"seeds": func(i uint64) (float64, float64) {
			return stream(2 * i).child(0).normal(forCPU), stream(2*i + 1).child(0).normal(forCPU)
		},
	}
	for name, pair := range pairs {
		sum := 0.0
		for i := range uint64(n) {
			a, b := pair(i)
			sum += a * b
		}
		assert.InDelta(t, 0, sum/n, 5/math.Sqrt(n), name)
	}
}

// The rate of arrivals swings and wanders around its mean, and the number in a
// time is Poisson's.
func TestArrivals(t *testing.T) {
	seed := stream(3)
	count := func(e Entry, from, to time.Duration) (n int) {
		key := seed.child(1)
		a := source{scale: 1, drift: newDrift(&e, key.child(forWander)), stream: key, at: from, to: to}
		last := from
		for at := a.next(); at < never; at = a.next() {
			assert.GreaterOrEqual(t, at, last)
			assert.LessOrEqual(t, at, to)
			last = at
			n++
		}
		return n
	}
	// The standard deviation of a Poisson number is its mean's root.
	assert.InDelta(t, 100_000, count(Entry{Rate: 100}, 0, 1000*time.Second), 5*math.Sqrt(100_000))
	assert.InDelta(t, 250, count(Entry{Rate: 1000}, 10500*time.Millisecond, 10750*time.Millisecond), 5*math.Sqrt(250))
	assert.Zero(t, count(Entry{}, 0, 1000*time.Second))

	// A time that ends within a slot has its share of arrivals only: a tenth of one on
	// average, in each of 1000.
	short := 0
	for i := range time.Duration(1000) {
		seed = stream(i)
		short += count(Entry{Rate: 1}, 200*time.Millisecond, 300*time.Millisecond)
	}
	assert.InDelta(t, 100, short, 5*10)
	seed = 3

	// In the first half of a period the integral of 1 + s sin is half the period
	// times 1 + 2s/π; slots of a second are short beside it.
	swing := Entry{Rate: 100, Swing: 0.5, Period: 1000 * time.Second}
	assert.InDelta(t, 50_000*(1+1/math.Pi), count(swing, 0, 500*time.Second), 5*math.Sqrt(66_000))
	assert.InDelta(t, 50_000*(1-1/math.Pi), count(swing, 500*time.Second, 1000*time.Second), 5*math.Sqrt(35_000))
}

// The random walk has the standard deviation that it is told to have. It is as good
// as new after twice its memory, so 300,000 slots of a second hold 500 independent
// values; their standard deviation is known within a factor 1 ± 5/√(2·500).
func TestDriftWanders(t *testing.T) {
	e := Entry{Rate: 1, Wander: 0.1}
	d := newDrift(&e, stream(5))
	const n = 300_000
	sum, squares := 0.0, 0.0
	for i := range int64(n) {
		f := d.factor(i) - 1
		sum += f
		squares += f * f
	}
	assert.InDelta(t, 0, sum/n, 5*0.1/math.Sqrt(500))
	wild := newDrift(&Entry{Swing: 1, Period: time.Minute, Wander: 1}, stream(5))
	least := 1.0
	for i := range int64(1000) {
		least = min(least, wild.factor(i))
	}
	assert.Zero(t, least, "a rate is never negative")
	assert.InEpsilon(t, 0.1, math.Sqrt(squares/n), 5/math.Sqrt(1000))
}
