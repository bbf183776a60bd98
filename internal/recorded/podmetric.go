package recorded

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

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
	colPodName     = "PodName"
	colWorkload    = "PodWorkload(Ops)"
	colSuccess     = "PodSuccessRate(%)"
	serverLatency  = "PodServerLatency"
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
	times   []int64 // ns since 1970, of each row
	orders  []float64
	columns []int // of the latency quantiles, in seconds
	success int   // -1 where not recorded
}

// newSeries reads the times of a file by its column Time, and drops the rows
// without one. The column TimeStamp is not read: it is wrong in places.
func newSeries(t *table, latency, success string) (series, int, error) {
	s := series{table: t, success: -1}
	at := t.column(colTime)
	if at < 0 {
		return s, 0, fmt.Errorf("%s: no column %s", t.name, colTime)
	}
	rows := t.rows
	t.rows = nil
	for _, row := range rows {
		if len(row) <= at {
			continue
		}
		when, err := parseTime(row[at])
		if err != nil {
			continue
		}
		t.rows = append(t.rows, row)
		s.times = append(s.times, when.UnixNano())
	}
	s.orders, s.columns = latencyColumns(t.header, latency)
	// A success rate that is never above zero was not measured: no service
	// answers with errors alone for as long as it is recorded.
	if c := t.column(success); slices.ContainsFunc(t.rows, func(row []string) bool { return cell(row, c) > 0 }) {
		s.success = c
	}
	return s, len(rows) - len(t.rows), nil
}

// latencyColumns finds the columns <prefix>P<order>(s), by ascending order.
func latencyColumns(header []string, prefix string) (orders []float64, columns []int) {
	pattern := regexp.MustCompile("(?i)^" + regexp.QuoteMeta(prefix) + `P([0-9]+(?:\.[0-9]+)?)\(s\)$`)
	type column struct {
		order float64
		at    int
	}
	var found []column
	for i, h := range header {
		if m := pattern.FindStringSubmatch(h); m != nil {
			if v, err := strconv.ParseFloat(m[1], 64); err == nil && v > 0 && v < percent {
				found = append(found, column{v / percent, i})
			}
		}
	}
	slices.SortStableFunc(found, func(a, b column) int { return cmp.Compare(a.order, b.order) })
	for _, c := range found {
		orders, columns = append(orders, c.order), append(columns, c.at)
	}
	return orders, columns
}

// latency returns the quantiles of a row.
func (s *series) latency(row []string) quantiles {
	pairs := make([]quantile, len(s.orders))
	for i, q := range s.orders {
		pairs[i] = quantile{q, cell(row, s.columns[i]) * nsPerSecond}
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

// readPod reads the file of a pod, and how many of its rows have no time.
func readPod(file string) (*pod, int, error) {
	t, err := readTable(file)
	if err != nil {
		return nil, 0, err
	}
	s, lost, err := newSeries(t, serverLatency, colSuccess)
	if err != nil {
		return nil, 0, err
	}
	p := &pod{id: strings.TrimSuffix(t.name, metricFileName), series: s, load: t.column(colWorkload)}
	if c := t.column(colPodName); c >= 0 && len(t.rows) > 0 && c < len(t.rows[0]) && t.rows[0][c] != "" {
		p.id = t.rows[0][c]
	}
	p.service = identity.Service{Name: workload(p.id)}
	for _, m := range podMetrics {
		if c := t.column(m.column); c >= 0 {
			p.ready = append(p.ready, reading{c, m})
		}
	}
	slices.SortFunc(p.ready, func(a, b reading) int { return cmp.Compare(a.metric, b.metric) })
	return p, lost, nil
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
