package servicegraph

import (
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sage-rca/sage/internal/sketch"
)

// Scope is that of the metrics.
const Scope = "github.com/sage-rca/sage/internal/servicegraph"

// lowest and highest are the exponents of the bounds of histograms: 2^17 ns are 131
// µs, 2^34 ns are 17 s.
const lowest, highest = 17, 34

// bounds are those of histograms, in seconds.
var bounds = func() []float64 {
	var b []float64
	for e := lowest; e <= highest; e++ {
		b = append(b, math.Ldexp(1, e)/1e9)
	}
	return b
}()

// Metrics returns what was counted up to a time, in ns since 1970. It forgets what was
// not seen for long before.
func (g *Graph) Metrics(at int64) pmetric.Metrics {
	g.evict(at)
	md := pmetric.NewMetrics()
	if len(g.all) == 0 {
		return md
	}
	sm := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty()
	sm.Scope().SetName(Scope)
	metrics := sm.Metrics()
	metrics.EnsureCapacity(5)
	calls := sums(metrics.AppendEmpty(), "traces_service_graph_request_total", "Calls between two services.")
	failed := sums(metrics.AppendEmpty(), "traces_service_graph_request_failed_total", "Calls between two services that failed.")
	client := histograms(metrics.AppendEmpty(), "traces_service_graph_request_client_seconds", "Durations of calls as the caller saw them.")
	server := histograms(metrics.AppendEmpty(), "traces_service_graph_request_server_seconds", "Durations of calls as the callee saw them.")
	queue := histograms(metrics.AppendEmpty(), "traces_service_graph_request_messaging_system_seconds", "Time that messages waited.")
	for _, k := range g.connections() {
		c := g.all[k]
		began, now := pcommon.Timestamp(c.start), pcommon.Timestamp(at)
		number(calls.AppendEmpty(), k, began, now, c.calls)
		number(failed.AppendEmpty(), k, began, now, c.failed)
		histogram(client, k, began, now, &c.toClient)
		histogram(server, k, began, now, &c.toServer)
		histogram(queue, k, began, now, &c.queued)
	}
	metrics.RemoveIf(func(m pmetric.Metric) bool {
		return m.Type() == pmetric.MetricTypeHistogram && m.Histogram().DataPoints().Len() == 0
	})
	return md
}

func sums(m pmetric.Metric, name, description string) pmetric.NumberDataPointSlice {
	m.SetName(name)
	m.SetDescription(description)
	s := m.SetEmptySum()
	s.SetIsMonotonic(true)
	s.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	return s.DataPoints()
}

func histograms(m pmetric.Metric, name, description string) pmetric.HistogramDataPointSlice {
	m.SetName(name)
	m.SetUnit("s")
	m.SetDescription(description)
	h := m.SetEmptyHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	return h.DataPoints()
}

func number(p pmetric.NumberDataPoint, k connection, began, now pcommon.Timestamp, v float64) {
	p.SetStartTimestamp(began)
	p.SetTimestamp(now)
	p.SetDoubleValue(v)
	label(p.Attributes(), k)
}

// histogram appends what s holds, where that is not empty.
func histogram(to pmetric.HistogramDataPointSlice, k connection, began, now pcommon.Timestamp, s *sketch.Sketch) {
	if s.Count() == 0 {
		return
	}
	p := to.AppendEmpty()
	p.SetStartTimestamp(began)
	p.SetTimestamp(now)
	label(p.Attributes(), k)
	p.ExplicitBounds().FromRaw(bounds)
	counts := buckets(s)
	total := uint64(0)
	for _, c := range counts {
		total += c
	}
	p.BucketCounts().FromRaw(counts)
	p.SetCount(total)
	p.SetSum(s.Sum() / 1e9)
}

// buckets returns how many values lie in each bucket: the first holds what is at most
// the first bound, the last what is above the last. Weights are rounded once they are
// added up.
func buckets(s *sketch.Sketch) []uint64 {
	const perOctave = 1 << sketch.Scale
	offset, weights, zero := s.Buckets()
	sums := make([]float64, highest-lowest+2)
	sums[0] = zero
	for i, w := range weights {
		octave := floorDiv(offset+i, perOctave) // values in (2^octave, 2^(octave+1)]
		sums[min(max(0, octave+1-lowest), len(sums)-1)] += w
	}
	out := make([]uint64, len(sums))
	for i, w := range sums {
		out[i] = uint64(math.Round(w))
	}
	return out
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func label(to pcommon.Map, k connection) {
	to.EnsureCapacity(5)
	to.PutStr("client", k.client.Name)
	to.PutStr("server", k.server.Name)
	to.PutStr("connection_type", k.kind)
	if k.client.Namespace != "" {
		to.PutStr("client_service_namespace", k.client.Namespace)
	}
	if k.server.Namespace != "" {
		to.PutStr("server_service_namespace", k.server.Namespace)
	}
}
