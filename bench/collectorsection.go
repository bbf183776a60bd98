package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
)

// The load of a turn.
const (
	senders        = 2
	requestsInTurn = 150 // of each sender
)

// collectorRow is what a built Collector does with and without the processor.
type collectorRow struct {
	Pipeline   string  `json:"pipeline"`
	CPU        float64 `json:"cpu_ns_per_span"` // with it
	CPUWithout float64 `json:"cpu_without_ns_per_span"`
	Spans      float64 `json:"spans_per_s"`
	Without    float64 `json:"without_spans_per_s"`
	// Ratio is the median, over pairs of turns, of throughput with it over without.
	Ratio float64 `json:"throughput_ratio"`
	// CPURatio is the same of spans per second of CPU: what a Collector that has nothing
	// but its processors to wait for would do.
	CPURatio float64 `json:"cpu_throughput_ratio"`
}

// collectorTurn is one turn of one Collector.
type collectorTurn struct{ perSecond, cpu float64 } // spans a second, ns a span

// collectorSection sends the same load to two Collectors, which take turns.
func collectorSection(s *settings) (_ any, _ string, err error) {
	if _, err := os.Stat(s.collector); errors.Is(err, fs.ErrNotExist) {
		return nil, "", fmt.Errorf("%w: there is no %s (make build)", errSkipped, s.collector)
	}
	l, err := newSpanLoad(usualShape.spans(), batchEvery)
	if err != nil {
		return nil, "", err
	}
	sink, err := startSink()
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, sink.stop()) }()
	var rows []collectorRow
	var b strings.Builder
	fmt.Fprint(&b, "| pipeline | CPU ns/span with rootcause | without | spans/s with | without | throughput % | by CPU % |\n|---|--:|--:|--:|--:|--:|--:|\n")
	for _, p := range pipelines {
		r, err := p.compare(s, sink.address, l)
		if err != nil {
			return nil, "", err
		}
		rows = append(rows, r)
		fmt.Fprintf(&b, "| %s | %.0f | %.0f | %.0f | %.0f | %.1f | %.1f |\n",
			r.Pipeline, r.CPU, r.CPUWithout, r.Spans, r.Without, 100*r.Ratio, 100*r.CPURatio)
	}
	return rows, b.String(), nil
}

// compare runs the pipeline with the processor and without.
func (p pipeline) compare(s *settings, sink string, l *spanLoad) (r collectorRow, err error) {
	var both []*collector
	for _, processors := range []string{"rootcause", ""} {
		c, err := startCollector(s.collector, p, processors, sink, l, senders)
		if err != nil {
			return r, err
		}
		defer func() { err = errors.Join(err, c.stop()) }()
		both = append(both, c)
	}
	var with, without []collectorTurn
	for round := range 2*s.rounds + 1 {
		var pair [2]collectorTurn
		for k := range both {
			k = (k + round) % 2 // who goes first changes
			if pair[k], err = both[k].turn(); err != nil {
				return r, err
			}
		}
		if round > 0 { // the first fills caches
			with, without = append(with, pair[0]), append(without, pair[1])
		}
	}
	of := func(value func(with, without collectorTurn) float64) float64 {
		var v []float64
		for i := range with {
			v = append(v, value(with[i], without[i]))
		}
		slices.Sort(v)
		return v[len(v)/2]
	}
	return collectorRow{
		Pipeline: p.name,
		CPU:      of(func(a, _ collectorTurn) float64 { return a.cpu }), CPUWithout: of(func(_, b collectorTurn) float64 { return b.cpu }),
		Spans: of(func(a, _ collectorTurn) float64 { return a.perSecond }), Without: of(func(_, b collectorTurn) float64 { return b.perSecond }),
		Ratio:    of(func(a, b collectorTurn) float64 { return a.perSecond / b.perSecond }),
		CPURatio: of(func(a, b collectorTurn) float64 { return b.cpu / a.cpu }),
	}, nil
}

// turn sends to one Collector.
func (c *collector) turn() (collectorTurn, error) {
	before, err := c.cpu()
	if err != nil {
		return collectorTurn{}, err
	}
	began := time.Now()
	if err := c.send(requestsInTurn); err != nil {
		return collectorTurn{}, err
	}
	took := time.Since(began)
	after, err := c.cpu()
	spans := float64(senders * requestsInTurn * c.senders[0].load.spans)
	return collectorTurn{spans / took.Seconds(), float64(after-before) / spans}, err
}
