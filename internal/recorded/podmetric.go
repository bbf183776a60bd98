package recorded

import (
	"cmp"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// podMetric is a column of a pod's file that is a resource: its name as the
// ingester's catalogue would have it, and what makes its unit cores, bytes or 1.
type podMetric struct {
	column, metric string
	factor         float64
}

// podMetrics are the resources in Nezha's format. Latencies, the workload and the
// success rate are no resources: they are read as such. System calls are named
// after none of the mechanisms, since reading from a socket and from a disk count
// alike.
var podMetrics = []podMetric{
	{"CpuUsage(m)", "container.cpu.usage", 1e-3},
	{"CpuUsageRate(%)", "container.cpu.limit_utilization", 1e-2},
	{"MemoryUsage(Mi)", "container.memory.usage", 1 << 20},
	{"MemoryUsageRate(%)", "container.memory.limit_utilization", 1e-2},
	{"SyscallRead", "container.syscall.read", 1},
	{"SyscallWrite", "container.syscall.write", 1},
	{"NetworkReceiveBytes", "container.network.received", 1},
	{"NetworkTransmitBytes", "container.network.sent", 1},
	{"NodeCpuUsageRate(%)", "host.cpu.utilization", 1e-2},
	{"NodeMemoryUsageRate(%)", "host.memory.utilization", 1e-2},
	{"NodeNetworkReceiveBytes", "host.network.received", 1},
	{"NodeNetworkTransmitBytes", "host.network.sent", 1},
}

// The other columns of Nezha's format.
const (
	colTime        = "Time"
	colTimeStamp   = "TimeStamp"
	colPodName     = "PodName"
	colWorkload    = "PodWorkload(Ops)"
	colSuccess     = "PodSuccessRate(%)"
	serverLatency  = "PodServerLatency"
	clientLatency  = "PodClientLatency"
	frontLatency   = "Latency"
	frontService   = "ServiceName"
	frontSuccess   = "SuccessRate(%)"
	nsPerSecond    = 1e9
	percent        = 100.0
	metricFiles    = "*_metric.csv"
	metricFileName = "_metric.csv"
)

// pod is the file of one pod.
type pod struct {
	id      string
	service identity.Service
	series
	load  int
	ready []reading
}

// reading is one resource column that a file has.
type reading struct {
	column int
	podMetric
}

// series is a file with a row per window, its latency quantiles and its success.
type series struct {
	table   *table
	times   []int64         // ns since 1970, of each row
	columns []latencyColumn // by ascending order
	success int             // -1 where not recorded
}

// newSeries reads the times of a file by its column Time, see clockColumn, sorts
// its rows by them, and drops those without one.
func newSeries(t *table, latency, success string, n notes) (series, error) {
	s := series{success: -1}
	at, err := t.clockColumn(n)
	if err != nil {
		return s, err
	}
	var rows []int
	when := make([]int64, len(t.rows))
	for i, row := range t.rows {
		if at >= len(row) {
			n.at("rows without a time", t.where(i, -1))
			continue
		}
		v, err := parseClock(row[at])
		if err != nil {
			n.at("rows without a time", t.where(i, at))
			continue
		}
		rows, when[i] = append(rows, i), v.UnixNano()
	}
	if !slices.IsSortedFunc(rows, func(a, b int) int { return cmp.Compare(when[a], when[b]) }) {
		n.at("files whose rows were in no order of time", t.name)
		slices.SortStableFunc(rows, func(a, b int) int { return cmp.Compare(when[a], when[b]) })
	}
	for _, i := range rows {
		s.times = append(s.times, when[i])
	}
	t = t.take(rows)
	s.table = t
	s.columns = latencyColumns(t, latency, n)
	for _, c := range s.columns {
		t.clean([]int{c.at}, mostLatency/c.unit, n)
	}
	c := t.column(success)
	t.clean([]int{c}, mostNumber, n)
	// A success rate that is never above zero was not measured: no service
	// answers with errors alone for as long as it is recorded.
	if slices.ContainsFunc(t.rows, func(row []string) bool { return cell(row, c) > 0 }) {
		s.success = c
	}
	return s, nil
}

// latency returns the quantiles of a row.
func (s *series) latency(row []string) quantiles {
	pairs := make([]quantile, len(s.columns))
	for i, c := range s.columns {
		pairs[i] = quantile{c.order, cell(row, c.at) * c.unit}
	}
	return newQuantiles(pairs...)
}

// errors returns the share of failed requests of a row, 0 where not recorded.
func (s *series) errors(row []string) float64 {
	if v := cell(row, s.success); !math.IsNaN(v) {
		return math.Min(1, math.Max(0, 1-v/percent))
	}
	return 0
}

// instance returns what a row says of the pod over seconds.
func (p *pod) instance(row []string, seconds float64) instance {
	in := instance{id: p.id, count: cell(row, p.load) * seconds, errors: p.errors(row), latency: p.latency(row)}
	for _, m := range p.ready {
		if v := cell(row, m.column); !math.IsNaN(v) {
			in.values = append(in.values, window.Value{Metric: m.metric, Value: v * m.factor})
		}
	}
	return in
}
