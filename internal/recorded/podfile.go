package recorded

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sage-rca/sage/internal/identity"
)

// readPods reads a file of metrics of a pod, or of several after one another, as
// where the pod of a workload was replaced while it was recorded. What has no row
// of its own is named after the file.
func readPods(file string, n notes) ([]*pod, error) {
	t, err := readTable(file, n)
	if err != nil {
		return nil, err
	}
	named := strings.TrimSuffix(t.name, metricFileName)
	rows := map[string][]int{}
	at := t.column(colPodName)
	for i, row := range t.rows {
		id := named
		if at >= 0 && at < len(row) && !blank(row[at]) {
			id = row[at]
		}
		rows[id] = append(rows[id], i)
	}
	if len(rows) == 0 {
		n.at("files without rows", t.name)
		rows[named] = nil
	}
	var out []*pod
	for _, id := range slices.Sorted(maps.Keys(rows)) {
		p, err := newPod(id, t.take(rows[id]), n)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	unread(t, n)
	return out, nil
}

func newPod(id string, t *table, n notes) (*pod, error) {
	s, err := newSeries(t, serverLatency, colSuccess, n)
	if err != nil {
		return nil, err
	}
	p := &pod{id: id, service: identity.Service{Name: workload(id)}, series: s, load: t.column(colWorkload)}
	used := []int{p.load}
	for _, m := range podMetrics {
		if c := t.column(m.column); c >= 0 {
			p.ready = append(p.ready, reading{c, m})
			used = append(used, c)
		}
	}
	switch last := len(s.columns) - 1; {
	case p.load < 0:
		n.at("pods without a column "+colWorkload+", whose requests are not known", id)
	case last < 0:
		n.at("pods without a column "+serverLatency+"P99(s) or of another quantile, whose latency is not known", id)
	case s.columns[last].order < nezhaQuantile:
		n.at("pods whose latency is recorded up to less than p99", id)
	}
	slices.SortFunc(p.ready, func(a, b reading) int { return cmp.Compare(a.metric, b.metric) })
	p.table.clean(used, mostNumber, n)
	return p, nil
}

// unread notes the columns of a pod's file that are not in Nezha's format.
func unread(t *table, n notes) {
	known := map[string]bool{}
	for _, name := range [...]string{colTime, colTimeStamp, colPodName, colWorkload, colSuccess} {
		known[plain(name)] = true
	}
	for _, m := range podMetrics {
		known[plain(m.column)] = true
	}
	for i, h := range t.header {
		name := plain(h)
		if name == "" || known[name] || strings.HasPrefix(name, plain(serverLatency)+"p") || strings.HasPrefix(name, plain(clientLatency)+"p") {
			continue
		}
		n.at("columns of pods that are not known, not read", fmt.Sprintf("%s column %d (%s)", t.name, i+1, h))
	}
}
