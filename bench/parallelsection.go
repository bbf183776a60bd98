package main

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// parallelEvery is the event time of a batch: short, so that no caller is late where
// another runs ahead.
const parallelEvery = 10 * time.Millisecond

// callersRow is what so many callers at once do.
type callersRow struct {
	Callers int     `json:"callers"`
	NS      float64 `json:"cpu_ns_per_span"` // making the batches taken off
	Spans   float64 `json:"spans_per_s"`     // making the batches included
}

// parallelSection has callers take turns: one, and as many as there are processors.
func parallelSection(s *settings) (_ any, _ string, err error) {
	in, err := newIngester(0)
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, in.stop()) }()
	var clocks []*spanClock
	for k := range runtime.GOMAXPROCS(0) {
		l, err := newSpanLoad(usualShape.spans(), parallelEvery)
		if err != nil {
			return nil, "", err
		}
		l.salt(uint64(k) << 56)
		clocks = append(clocks, &spanClock{spanLoad: l})
	}
	now := wallClock()
	var rows []callersRow
	var b strings.Builder
	fmt.Fprint(&b, "| callers | CPU ns/span | spans/s |\n|--:|--:|--:|\n")
	for _, callers := range slices.Compact([]int{1, len(clocks)}) {
		var with, without, speed []float64
		for round := range s.rounds + 1 {
			base, _ := parallel(clocks[:callers], s.turn, func(c *spanClock) { c.next() })
			cost, rate := parallel(clocks[:callers], s.turn, func(c *spanClock) { in.Traces(c.next(), now) })
			for _, c := range clocks { // nobody stays behind
				c.elapsed = max(c.elapsed, clocks[0].elapsed)
			}
			if round > 0 {
				without, with, speed = append(without, base), append(with, cost), append(speed, rate)
			}
		}
		for _, v := range [][]float64{with, without, speed} {
			slices.Sort(v)
		}
		r := callersRow{Callers: callers, NS: with[len(with)/4] - without[len(without)/4], Spans: speed[len(speed)*3/4]}
		rows = append(rows, r)
		fmt.Fprintf(&b, "| %d | %.1f | %.0f |\n", r.Callers, r.NS, r.Spans)
	}
	return rows, b.String(), nil
}

// parallel has each clock's owner take so many batches, all at once, and returns CPU
// time in ns per span, and spans per second.
func parallel(clocks []*spanClock, batches int, take func(*spanClock)) (ns, perSecond float64) {
	runtime.GC()
	cpu, began := cpuTime(), time.Now()
	var wg sync.WaitGroup
	spans := 0
	for _, c := range clocks {
		spans += batches * c.spans
		wg.Go(func() {
			for range batches {
				take(c)
			}
		})
	}
	wg.Wait()
	return float64(cpuTime()-cpu) / float64(spans), float64(spans) / time.Since(began).Seconds()
}
