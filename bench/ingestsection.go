package main

import (
	"errors"
	"time"
)

// ingestNumbers are the costs per span in bench.json.
type ingestNumbers struct {
	NS              float64 `json:"ns_per_span"`
	Bytes           float64 `json:"bytes_per_span"`
	Allocs          float64 `json:"allocs_per_span"`
	Spanmetrics     float64 `json:"spanmetrics_ns_per_span"`
	Spanmetrics3    float64 `json:"spanmetrics_3_dimensions_ns_per_span"`
	Unmarshal       float64 `json:"unmarshal_ns_per_span"`
	UnmarshalBytes  float64 `json:"unmarshal_bytes_per_span"`
	UnmarshalAllocs float64 `json:"unmarshal_allocs_per_span"`
	Attributes      float64 `json:"attributes_ns_per_span"`
	Fields          float64 `json:"fields_ns_per_span"`
	Spans           int     `json:"spans"`
}

func ingestSection(s *settings) (any, string, error) {
	l, err := newSpanLoad(syntheticSpans(), batchEvery)
	if err != nil {
		return nil, "", err
	}
	return spanSection(s, l)
}

// spanSection compares everything that takes in spans.
func spanSection(s *settings, l *spanLoad) (_ any, _ string, err error) {
	in, err := newIngester()
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, in.stop()) }()
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

	now, own := wallClock(), &spanClock{spanLoad: l}
	contenders := []contender{
		nothing(l),
		{
			name: "sage", take: func(int) { in.Traces(own.next(), now) },
			end: func() { in.settle(epoch.Add(time.Duration(own.at) * own.every)) },
		},
		plain, wide, unmarshalling(l), attributeReading(l), fieldReading(l),
	}
	c := compare(s, l.spans, contenders)
	return ingestNumbers{
		NS: c[1].ns, Bytes: c[1].bytes, Allocs: c[1].allocs,
		Spanmetrics: c[2].ns, Spanmetrics3: c[3].ns,
		Unmarshal: c[4].ns, UnmarshalBytes: c[4].bytes, UnmarshalAllocs: c[4].allocs,
		Attributes: c[5].ns, Fields: c[6].ns, Spans: s.rounds * s.turn * l.spans,
	}, table("span", contenders, c), nil
}
