package emit

import (
	"sort"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sage-rca/sage/internal/simulate"
)

// The boundaries that SDKs use by default, in the units of the metrics.
var (
	httpBounds = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}
	dbBounds   = []float64{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10}
	sdkBounds  = []float64{0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000} // ms
)

// durationMetric is a histogram of durations of the semantic conventions.
type durationMetric struct {
	name, unit string
	per        time.Duration // unit
	bounds     []float64
}

var (
	httpServer = durationMetric{"http.server.request.duration", "s", time.Second, httpBounds}
	httpClient = durationMetric{"http.client.request.duration", "s", time.Second, httpBounds}
	rpcServer  = durationMetric{"rpc.server.duration", "ms", time.Millisecond, sdkBounds}
	rpcClient  = durationMetric{"rpc.client.duration", "ms", time.Millisecond, sdkBounds}
	dbClient   = durationMetric{"db.client.operation.duration", "s", time.Second, dbBounds}
)

// durationKey tells histograms of one replica apart: the metric and its attributes.
type durationKey struct {
	metric           *durationMetric
	method, of       string // operation, without its method
	address, problem string
	port             int64
}

// durationSeries is one histogram, a running total.
type durationSeries struct {
	key    durationKey
	counts []uint64
	count  uint64
	sum    float64
}

// durationMeter are the histograms of one replica, in the order in which they came up.
type durationMeter struct {
	started time.Duration
	by      map[durationKey]*durationSeries
	order   []*durationSeries
}

// durationOf returns the histogram that a span is counted in, false where none is.
func (e *Emitter) durationOf(s *simulate.Span) (k durationKey, ok bool) {
	r := &e.app.RPCs[s.RPC]
	callee := &e.app.Services[r.Service]
	protocol := r.Protocol
	if protocol == simulate.Messaging {
		protocol = simulate.HTTP
	}
	server := s.Kind == simulate.Server
	if !server && s.Kind != simulate.Client {
		return k, false
	}
	if s.Failed {
		k.problem = s.ErrorType
	}
	if !server {
		k.address, k.port = callee.Name, portOf(callee, protocol)
	}
	switch protocol {
	case simulate.HTTP:
		k.method, k.of = httpParts(r.Operation)
		if k.metric = &httpServer; !server {
			k.metric, k.of = &httpClient, "" // a client knows no route
		}
	case simulate.GRPC:
		k.of, k.method = rpcParts(r.Operation)
		if k.metric = &rpcServer; !server {
			k.metric = &rpcClient
		}
	default:
		k.metric, k.method, k.of = &dbClient, r.Operation, callee.System
		if server {
			return k, false
		}
	}
	return k, true
}

// measure counts a span in the histogram of its replica's SDK.
func (e *Emitter) measure(s *simulate.Span) {
	k, ok := e.durationOf(s)
	if !ok {
		return
	}
	m := &e.durations[s.Service][s.Replica]
	if m.by == nil {
		m.by = make(map[durationKey]*durationSeries)
	}
	x := m.by[k]
	if x == nil {
		x = &durationSeries{key: k, counts: make([]uint64, len(k.metric.bounds)+1)}
		m.by[k] = x
		m.order = append(m.order, x)
	}
	took := float64(s.End-s.Start) / float64(k.metric.per)
	x.counts[sort.SearchFloat64s(k.metric.bounds, took)]++
	x.count++
	x.sum += took
}

// durations writes the histograms of a replica since it was started.
func (w *writer) durations(m *durationMeter, started time.Duration) {
	if m.started != started {
		*m = durationMeter{started: started}
	}
	points := make(map[*durationMetric]pmetric.HistogramDataPointSlice)
	for _, x := range m.order {
		k := &x.key
		to, ok := points[k.metric]
		if !ok {
			to = w.distribution(k.metric.name, k.metric.unit)
			points[k.metric] = to
		}
		p := to.AppendEmpty()
		p.SetTimestamp(w.at)
		p.SetStartTimestamp(w.start)
		p.SetCount(x.count)
		p.SetSum(x.sum)
		p.ExplicitBounds().FromRaw(k.metric.bounds)
		p.BucketCounts().FromRaw(x.counts)
		k.describe(p.Attributes())
	}
}

// describe writes the attributes of a histogram.
func (k *durationKey) describe(a pcommon.Map) {
	if k.address != "" {
		a.PutStr("server.address", k.address)
		a.PutInt("server.port", k.port)
	}
	switch k.metric {
	case &httpServer, &httpClient:
		a.PutStr("http.request.method", k.method)
		if k.metric == &httpServer {
			a.PutStr("http.route", k.of)
			a.PutStr("url.scheme", "http")
		}
		status := int64(200)
		switch k.problem {
		case "":
		case "timeout":
			a.PutStr("error.type", k.problem)
			return
		case "unavailable":
			status = 503
		default:
			status = 500
		}
		a.PutInt("http.response.status_code", status)
		if status != 200 {
			a.PutStr("error.type", strconv.FormatInt(status, 10))
		}
	case &rpcServer, &rpcClient:
		a.PutStr("rpc.system", "grpc")
		a.PutStr("rpc.service", k.of)
		a.PutStr("rpc.method", k.method)
		codes := map[string]int64{"": 0, "timeout": 4, "unavailable": 14, "internal": 13}
		a.PutInt("rpc.grpc.status_code", codes[k.problem])
	default:
		a.PutStr("db.system.name", k.of)
		a.PutStr("db.operation.name", k.method)
		a.PutStr("db.namespace", k.address)
		if k.problem != "" {
			a.PutStr("error.type", k.problem)
		}
	}
}
