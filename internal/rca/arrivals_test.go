package rca

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// queueing returns the requests that end in a window of ten seconds at one server, of which
// arrive come a second and each takes mean seconds, after it has done so for as long before;
// with the number of those that began in the last ten seconds.
func queueing(arrive, mean float64) (p *window.RPC, began float64) {
	const seconds = 10
	rng := rand.New(rand.NewPCG(3, 4))
	p = &window.RPC{Latency: new(sketch.Sketch), Ending: new(sketch.Sketch)}
	at, free := 0.0, 0.0
	for at < 3*seconds {
		at += rng.ExpFloat64() / arrive
		start := max(at, free)
		free = start + mean*rng.ExpFloat64()
		if at >= seconds && at < 2*seconds {
			began++
		}
		if free < seconds || free >= 2*seconds {
			continue
		}
		ns := int64(1e9 * (free - at))
		p.Latency.Add(ns, 1)
		p.Count++
		p.Entries++
		if free >= 2*seconds-seconds/3.0 {
			p.Ending.Add(ns, 1)
		}
	}
	return p, began
}

// Who is asked for twice what it can serve ends as much as it can, and is told from one that is
// asked for less.
func TestArrivals(t *testing.T) {
	for _, c := range []struct {
		name         string
		arrive, mean float64
	}{
		{"half of what it can serve", 50, 0.010},
		{"nine tenths of it", 90, 0.010},
		{"half as much again", 150, 0.010},
		{"twice as much", 200, 0.010},
		{"three times as much", 300, 0.010},
		{"twice as much, since each takes twice as long", 100, 0.020},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, began := queueing(c.arrive, c.mean)
			// What it tells is less by two standard errors, and by what the sketch rounds.
			got := arrivals(p, 10) * p.Count
			assert.LessOrEqual(t, got, 1.1*max(began, p.Count))
			assert.GreaterOrEqual(t, got, 0.8*max(began, p.Count))
		})
	}
}

// Requests that were kept for 20 s, 30 a second, end 100 a second when they are let go: those
// that end in the first 6 s after it began within 18 s, so that 180 of 600 came meanwhile.
func TestArrivals_drain(t *testing.T) {
	const arrive, serve, held, seconds = 30.0, 100.0, 20.0, 6.0
	p := &window.RPC{Latency: new(sketch.Sketch), Ending: new(sketch.Sketch)}
	for i := range int(serve * seconds) {
		began, ended := float64(i)/arrive, held+float64(i)/serve
		ns := int64(1e9 * (ended - began))
		p.Latency.Add(ns, 1)
		p.Count++
		p.Entries++
		if ended >= held+seconds*2/3 {
			p.Ending.Add(ns, 1)
		}
	}
	assert.InDelta(t, arrive*seconds, arrivals(p, seconds)*p.Count, 0.2*arrive*seconds)
}

func TestArrivals_notKnown(t *testing.T) {
	p, _ := queueing(200, 0.010)
	assert.Greater(t, arrivals(p, 10), 1.5)
	assert.Equal(t, 1.0, arrivals(nil, 10))
	called := *p
	called.Entries = 0
	assert.Equal(t, 1.0, arrivals(&called, 10), "those without a caller are another kind of requests")
	quantiles := *p
	quantiles.Ending = nil
	assert.Equal(t, 1.0, arrivals(&quantiles, 10))
	sampled := *p
	sampled.Unseen = 0.95 * p.Count
	assert.Equal(t, 1.0, arrivals(&sampled, 10), "too few were seen")
}
