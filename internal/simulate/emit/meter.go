package emit

import (
	"math"
	"math/rand/v2"
	"time"
)

// counter is a running total as it is measured: each increase with an error of its
// own, so that it never falls but for a restart.
type counter struct {
	started    time.Duration
	raw, shown float64
}

// meter measures one replica or host, with the errors of its own stream.
type meter struct {
	rng      *rand.Rand
	noise    float64
	counters []counter // in order of use within a scrape
	next     int
}

func newMeter(o *Options, key uint64) meter {
	return meter{rng: rand.New(rand.NewPCG(o.Seed^forNoise<<56, key)), noise: o.MetricNoise}
}

// begin starts a scrape.
func (m *meter) begin() { m.next = 0 }

// level returns a value with an error.
func (m *meter) level(v float64) float64 {
	if m.noise == 0 {
		return v
	}
	return v * max(0, 1+m.noise*m.rng.NormFloat64())
}

// total returns a running total that counts since started. A scrape must ask for
// its totals always in the same order.
func (m *meter) total(v float64, started time.Duration) float64 {
	c := m.counter()
	if c.started != started || v < c.raw {
		*c = counter{started: started}
	}
	c.shown += m.level(v - c.raw)
	c.raw = v
	return c.shown
}

// count returns a running total of whole things, which are counted without error.
func (m *meter) count(v float64) float64 { return math.Round(v) }

func (m *meter) counter() *counter {
	if m.next == len(m.counters) {
		m.counters = append(m.counters, counter{})
	}
	m.next++
	return &m.counters[m.next-1]
}

// rate returns the increase per second of a running total since the last scrape,
// false at the first one and at the first after a restart.
type rate struct {
	known   bool
	at      time.Duration
	started time.Duration
	value   float64
}

func (r *rate) of(v float64, at, started time.Duration) (float64, bool) {
	last := *r
	*r = rate{true, at, started, v}
	if !last.known || last.started != started || at <= last.at {
		return 0, false
	}
	return max(0, v-last.value) / (at - last.at).Seconds(), true
}
