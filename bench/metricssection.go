package main

import (
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// scrapeEvery is the event time between two batches of points.
const scrapeEvery = 10 * time.Second

// metricsNumbers are the costs per data point in bench.json.
type metricsNumbers struct {
	NS        float64 `json:"ns_per_point"`
	Bytes     float64 `json:"bytes_per_point"`
	Allocs    float64 `json:"allocs_per_point"`
	Unmarshal float64 `json:"unmarshal_ns_per_point"`
	Points    int     `json:"points"`
}

// metricLoad is a scrape of the containers and processes of all replicas, and of
// their hosts, repeated.
type metricLoad struct {
	md     pmetric.Metrics
	wire   []byte
	points int
	at     time.Time // of the last scrape
}

func newMetricLoad() (*metricLoad, error) {
	md := pmetric.NewMetrics()
	for s := range usualShape.services {
		for n := range replicas {
			rm := md.ResourceMetrics().AppendEmpty()
			describe(rm.Resource().Attributes(), s, n)
			scope := rm.ScopeMetrics().AppendEmpty()
			scope.Scope().SetName("otelcol/hostmetricsreceiver/process")
			ms := scope.Metrics()
			counter(ms, "process.cpu.time", "s", "state", "user", "system", "wait")
			gauge(ms, "process.memory.usage", "By", "")
			counter(ms, "process.disk.io", "By", "direction", "read", "write")
			gauge(ms, "container.memory.working_set", "By", "")
			gauge(ms, "container.cpu.usage", "{cpu}", "")
			counter(ms, "k8s.pod.network.io", "By", "direction", "receive", "transmit")
			gauge(ms, "jvm.memory.used", "By", "jvm.memory.type", "heap", "non_heap")
			gauge(ms, "jvm.thread.count", "{thread}", "")
			gauge(ms, "db.client.connection.count", "{connection}", "db.client.connection.state", "idle", "used")
			gauge(ms, "app.not.selected", "1", "kind", "a", "b", "c")
		}
	}
	b, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
	if err != nil {
		return nil, err
	}
	back, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(b)
	return &metricLoad{md: back, wire: b, points: md.DataPointCount(), at: epoch}, err
}

func counter(ms pmetric.MetricSlice, name, unit, key string, values ...string) {
	m := ms.AppendEmpty()
	m.SetName(name)
	m.SetUnit(unit)
	sum := m.SetEmptySum()
	sum.SetIsMonotonic(true)
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	points(sum.DataPoints(), key, values)
}

func gauge(ms pmetric.MetricSlice, name, unit, key string, values ...string) {
	m := ms.AppendEmpty()
	m.SetName(name)
	m.SetUnit(unit)
	points(m.SetEmptyGauge().DataPoints(), key, values)
}

func points(of pmetric.NumberDataPointSlice, key string, values []string) {
	if len(values) == 0 {
		values = []string{""}
	}
	for k, v := range values {
		p := of.AppendEmpty()
		p.SetStartTimestamp(pcommon.NewTimestampFromTime(epoch))
		p.SetTimestamp(pcommon.NewTimestampFromTime(epoch))
		p.SetDoubleValue(float64(1000 + k))
		if key != "" {
			p.Attributes().PutStr(key, v)
		}
	}
}

// next moves the points on by one scrape.
func (l *metricLoad) next() pmetric.Metrics {
	l.at = l.at.Add(scrapeEvery)
	for i := range l.md.ResourceMetrics().Len() {
		ms := l.md.ResourceMetrics().At(i).ScopeMetrics().At(0).Metrics()
		for k := range ms.Len() {
			m := ms.At(k)
			of := m.Gauge().DataPoints
			if m.Type() == pmetric.MetricTypeSum {
				of = m.Sum().DataPoints
			}
			for n := range of().Len() {
				p := of().At(n)
				p.SetTimestamp(p.Timestamp() + pcommon.Timestamp(scrapeEvery))
				p.SetDoubleValue(p.DoubleValue() + 1)
			}
		}
	}
	return l.md
}

func metricsSection(s *settings) (_ any, _ string, err error) {
	l, err := newMetricLoad()
	if err != nil {
		return nil, "", err
	}
	in, err := newIngester(0)
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, in.stop()) }()
	now := wallClock()
	u := &pmetric.ProtoUnmarshaler{}
	tick := newTick()
	contenders := []contender{
		{name: "making the batch", take: func(int) { l.next() }, end: func() {}},
		{name: "sage", take: func(int) { in.Metrics(l.next(), now); in.Traces(tick.at(l.at), now) }, end: func() { in.settle(l.at) }},
		{name: "OTLP unmarshal", end: func() {}, take: func(int) {
			l.next()
			if _, err := u.UnmarshalMetrics(l.wire); err != nil {
				panic(err) // it was marshalled here
			}
		}},
	}
	c := compare(s, l.points, contenders)
	numbers := metricsNumbers{
		NS: c[1].ns, Bytes: c[1].bytes, Allocs: c[1].allocs, Unmarshal: c[2].ns, Points: s.rounds * s.turn * l.points,
	}
	what := fmt.Sprintf("A scrape of %d points of %d replicas, 3 of 18 of a metric that is not selected.\n\n", l.points, usualShape.services*replicas)
	return numbers, what + table("point", contenders, c), nil
}
