package main

import (
	"errors"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// ingestNumbers are the costs per span in bench.json.
type ingestNumbers struct {
	NS float64 `json:"ns_per_span"`
	// AfterUnmarshal is what it adds where spans come straight from the wire, as in a
	// Collector, and are in the processor's caches.
	AfterUnmarshal  float64 `json:"after_unmarshal_ns_per_span"`
	Bytes           float64 `json:"bytes_per_span"`
	Allocs          float64 `json:"allocs_per_span"`
	Spanmetrics     float64 `json:"spanmetrics_ns_per_span"`
	Spanmetrics3    float64 `json:"spanmetrics_3_dimensions_ns_per_span"`
	Unmarshal       float64 `json:"unmarshal_ns_per_span"`
	UnmarshalBytes  float64 `json:"unmarshal_bytes_per_span"`
	UnmarshalAllocs float64 `json:"unmarshal_allocs_per_span"`
	Attributes      float64 `json:"attributes_ns_per_span"`
	Fields          float64 `json:"fields_ns_per_span"`
	// Eighth is the cost of a span that comes where 1 of 8 traces is looked at.
	Eighth float64 `json:"eighth_ns_per_span"`
	Spans  int     `json:"spans"`
}

func ingestSection(s *settings) (any, string, error) {
	l, err := newSpanLoad(usualShape.spans(), batchEvery)
	if err != nil {
		return nil, "", err
	}
	return spanSection(s, l)
}

// spanSection compares everything that takes in spans.
func spanSection(s *settings, l *spanLoad) (_ any, _ string, err error) {
	in, err := newIngester(0)
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, in.stop()) }()
	few, err := thinning(l)
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, few.stop()) }()
	plain, stopPlain, err := spanmetrics(l)
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, stopPlain()) }()
	wide, stopWide, err := spanmetrics(l, "http.request.method", "http.response.status_code", "http.route")
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, stopWide()) }()

	fresh, err := newIngester(0)
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, fresh.stop()) }()
	now, own := wallClock(), &spanClock{spanLoad: l}
	unmarshal, err := unmarshalling(l, "OTLP unmarshal", func(ptrace.Traces) {}, func(*wireLoad) {})
	if err != nil {
		return nil, "", err
	}
	both, err := unmarshalling(l, "OTLP unmarshal and sage", func(td ptrace.Traces) { fresh.Traces(td, now) },
		func(w *wireLoad) { fresh.settle(epoch.Add(w.elapsed)) })
	if err != nil {
		return nil, "", err
	}
	contenders := []contender{
		nothing(l),
		{
			name: "sage", take: func(int) { in.Traces(own.next(), now) },
			end: func() { in.settle(own.now()) },
		},
		plain, wide, unmarshal, both, attributeReading(l), fieldReading(l), few.contender(now),
	}
	c := compare(s, l.spans, contenders)
	return ingestNumbers{
		NS: c[1].ns, Bytes: c[1].bytes, Allocs: c[1].allocs,
		Spanmetrics: c[2].ns, Spanmetrics3: c[3].ns,
		Unmarshal: c[4].ns, UnmarshalBytes: c[4].bytes, UnmarshalAllocs: c[4].allocs,
		AfterUnmarshal: c[5].ns - c[4].ns, Attributes: c[6].ns, Fields: c[7].ns, Eighth: c[8].ns, Spans: s.rounds * s.turn * l.spans,
	}, table("span", contenders, c), nil
}
