package recorded

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

const podHeader = "Time,TimeStamp,PodName,CpuUsage(m),CpuUsageRate(%),MemoryUsage(Mi),SyscallRead,NetworkReceiveBytes," +
	"PodClientLatencyP90(s),PodServerLatencyP99(s),PodServerLatencyP90(s),PodServerLatencyP95(s),PodWorkload(Ops),PodSuccessRate(%),NodeCpuUsageRate(%)\n"

// minute is the time of row k of a file whose rows are written so many
// milliseconds after those of the first.
func minute(k, ms int) string {
	when := time.Date(2022, 8, 22, 3, k, 19, ms*1e6, time.UTC)
	return when.Format("2006-01-02 15:04:05.000000000") + " +0000 UTC m=+" + strconv.Itoa(60*k)
}

// podFile makes a pod's file of n rows. latency holds p99, p90, p95 and workload
// the requests per second of row k. TimeStamp is nonsense, and not monotonic.
func podFile(pod string, n, ms int, row func(k int) (latency, workload string)) string {
	var b strings.Builder
	b.WriteString(podHeader)
	for k := range n {
		latency, workload := row(k)
		fmt.Fprintf(&b, "%s,%d,%s,%d,50,2,7,1000,0.9,%s,%s,0,25\n", minute(k, ms), 1861140279-1000*k, pod, 100+k, latency, workload)
	}
	return b.String()
}

func always(latency, workload string) func(int) (string, string) {
	return func(int) (string, string) { return latency, workload }
}

const (
	webPod    = "web-6cfdd55578-gfj6q"
	storePod  = "big_store-579f59597d-wc2lz"
	storePod2 = "big_store-579f59597d-x7k2p"
)

// miniature writes a day of 20 minutes: web calls big_store, which has two pods,
// and a fault in the latter at 03:10:00.
func miniature(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "metric/"+webPod+"_metric.csv", podFile(webPod, 20, 0, always("0.5,0.2,0.3", "10")))
	write(t, dir, "metric/"+storePod+"_metric.csv", podFile(storePod, 20, 700, func(k int) (string, string) {
		if k == 4 {
			return "NaN,NaN,NaN", "0"
		}
		return "0.05,0.02,0.03", "10"
	}))
	write(t, dir, "metric/"+storePod2+"_metric.csv", podFile(storePod2, 20, 900, func(k int) (string, string) {
		if k == 4 {
			return "NaN,NaN,NaN", "0"
		}
		return "0.05,0.02,0.03", "10"
	}))
	front := "Time,TimeStamp,ServiceName,SuccessRate(%),LatencyP50(s),LatencyP90(s),LatencyP95(s),LatencyP99(s)\n"
	source := "time,timestamp,web_big_store,web_ghost\r\n"
	target := "time,timestamp,web_big_store\r\r\n" // the last name ends in CR
	for k := range 20 {
		front += minute(k, 50) + ",1,WEB,99,0.1,0.2,0.3,0.6\n"
		switch k {
		case 3:
			source += minute(k, 1400) + ",1,,\r\n" // blank
		case 5: // no row
		case 6: // the callee's median is the larger one
			source += minute(k, 1400) + ",1,0.008,1\r\n"
		case 11:
			source += minute(k, 1400) + ",1,0.110,1\r\n"
		default:
			source += minute(k, 1400) + ",1,0.012,1\r\n"
		}
		target += minute(k, 1500) + ",1,0.010\r\n"
	}
	write(t, dir, "metric/front_service.csv", front)
	write(t, dir, "metric/source_50.csv", source)
	write(t, dir, "metric/destination_50.csv", target)
	write(t, dir, "metric/dependency.csv", "Source,Target,Weight\nweb,big_store,1\nweb,33.33.33.76,1\nweb,ghost,1\n")
	write(t, dir, "fault_list.json", `{"03": [{"inject_time": "2022-08-22 03:10:00", "inject_timestamp": "1661137740",
		"inject_pod": "`+storePod+`", "inject_type": "network_delay"}]}`)
	write(t, dir, "root_cause_x.json", `{"big_store": {"network_delay": "NetworkP90(ms)"}}`)
	return dir
}

func operationOf(name string) identity.RPC {
	return identity.RPC{Service: identity.Service{Name: name}, Operation: "all"}
}

// servedBy returns the RPC of a service, nil where it is missing.
func servedBy(w *window.Snapshot, name string) *window.RPC {
	for i := range w.RPCs {
		if w.RPCs[i].Key.Service.Name == name {
			return &w.RPCs[i]
		}
	}
	return nil
}

// near asserts a duration in seconds, to within the error of sketches.
func near(t *testing.T, seconds float64, ns float64, what string) {
	t.Helper()
	assert.InEpsilon(t, seconds, ns/1e9, sketchError, what)
}

func TestLoadNezha(t *testing.T) {
	s, err := LoadNezha(miniature(t))
	require.NoError(t, err)
	assert.Equal(t, time.Minute, s.Window)
	assert.Equal(t, operationOf("web"), s.Entry, "the front's service, whatever the case")
	assert.InDelta(t, 0.99, s.Quantile, 0)

	// Windows that end 19 s after the minute: minute 10 ends 19 s after the
	// injection and 14 259 s after, neither is normal; 11 to 13 show the fault.
	first := time.Date(2022, 8, 22, 3, 0, 19, 0, time.UTC).UnixNano()
	minutes := func(windows []*window.Snapshot) (out []int) {
		for _, w := range windows {
			assert.Equal(t, int64(time.Minute), w.End-w.Start)
			out = append(out, int((w.End-first)/int64(time.Minute)))
		}
		return out
	}
	assert.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 18, 19}, minutes(s.Normal))
	require.Len(t, s.Incidents, 1)
	in := s.Incidents[0]
	assert.Equal(t, []int{11, 12, 13}, minutes(in.Windows))
	in.Windows = nil
	assert.Equal(t, Incident{
		Name: "03:10:00 " + storePod, Fault: "network_delay", Symptom: Latency, Entry: s.Entry, Quantile: 0.99,
		Services: []identity.Service{{Name: "big_store"}}, Mechanism: "network",
	}, in)

	w := s.Normal[0]
	require.Len(t, w.RPCs, 2)
	web, store := servedBy(w, "web"), servedBy(w, "big_store")
	assert.InDelta(t, 600, web.Count, 1e-9, "10 a second")
	assert.InDelta(t, 600, web.Entries, 1e-9)
	assert.InDelta(t, 6, web.Errors, 1e-9, "the front's success of 99 %")
	near(t, 0.1, web.Latency.Quantile(0.5), "front")
	near(t, 0.3, web.Latency.Quantile(0.95), "front")
	near(t, 0.6, web.Latency.Quantile(0.99), "front, not the pod's 0.5")

	assert.InDelta(t, 1200, store.Count, 1e-9, "two pods")
	assert.Zero(t, store.Entries)
	assert.Zero(t, store.Errors, "a success rate of zero throughout is none")
	near(t, 0.010, store.Latency.Quantile(0.5), "destination_50")
	near(t, 0.03, store.Latency.Quantile(0.95), "of the mixture, whose pods are alike: off by two sketches")
	near(t, 0.05, store.Latency.Quantile(0.99), "pods")
	near(t, 0.010, store.Exclusive.Quantile(0.5), "calls nobody")
	require.Len(t, store.Instances, 2)
	assert.Equal(t, storePod, store.Instances[0].ID)
	assert.InDelta(t, 600, store.Instances[0].Count, 1e-9)

	require.Len(t, w.Edges, 1)
	e := w.Edges[0]
	assert.Equal(t, identity.Edge{Caller: s.Entry, Callee: operationOf("big_store")}, e.Key)
	assert.InDelta(t, 1200, e.Count, 1e-9, "all that the callee served")
	assert.InDelta(t, 1200, e.Matched, 1e-9)
	near(t, 0.012, e.Client.Quantile(0.5), "source_50")
	near(t, 0.010, e.Server.Quantile(0.5), "destination_50")
	near(t, 0.002, e.Network.Quantile(0.5), "their difference")
	near(t, 0.052, e.Client.Quantile(0.99), "the callee's tail and the gap")

	require.Len(t, w.Resources, 2)
	r := w.Resources[0]
	assert.Equal(t, "big_store", r.Service.Name)
	assert.Equal(t, []window.Value{
		{Metric: "container.cpu.limit_utilization", Value: 0.5},
		{Metric: "container.cpu.usage", Value: 0.1},
		{Metric: "container.memory.usage", Value: 2 << 20},
		{Metric: "container.network.received", Value: 1000},
		{Metric: "container.syscall.read", Value: 7},
		{Metric: "host.cpu.utilization", Value: 0.25},
	}, r.Values, "no latency, workload or success among them")
	require.Len(t, r.Instances, 2)
	assert.Equal(t, r.Values, r.Instances[1].Values)

	// What is missing is missing.
	blank := s.Normal[3].Edges[0]
	assert.Zero(t, blank.Client.Count(), "blank")
	assert.Zero(t, blank.Matched)
	near(t, 0.010, blank.Server.Quantile(0.5), "the other side is there")
	idle := s.Normal[4]
	assert.Zero(t, servedBy(idle, "big_store").Count)
	assert.Zero(t, servedBy(idle, "big_store").Latency.Count(), "NaN: no traffic")
	assert.Empty(t, idle.Edges)
	near(t, 0.6, servedBy(idle, "web").Latency.Quantile(0.99), "others are there")
	assert.Zero(t, s.Normal[5].Edges[0].Client.Count(), "no row")
	less := s.Normal[6].Edges[0]
	near(t, 0.008, less.Client.Quantile(0.5), "as recorded")
	near(t, 0.002, less.Network.Quantile(0.5), "by what both sides usually differ: no gap is negative")

	// The fault: the gap grows, the callee's own side does not, and neither does
	// the caller's own time, since its latency has not moved.
	bad := s.Incidents[0].Windows[0]
	near(t, 0.100, bad.Edges[0].Network.Quantile(0.5), "gap")
	near(t, 0.150, bad.Edges[0].Client.Quantile(0.99), "gap and tail")
	near(t, 0.010, servedBy(bad, "big_store").Latency.Quantile(0.5), "callee")
	assert.LessOrEqual(t, servedBy(bad, "web").Exclusive.Quantile(0.5), servedBy(w, "web").Exclusive.Quantile(0.5))

	assert.Equal(t, []string{
		"columns of calls of services without metrics (web_ghost): 1",
		"dependencies of services without metrics (web > ghost): 1",
		"pods whose success is not recorded: 3",
		"rows of pods without a latency: 2",
		"windows that are neither normal nor faulty: 2",
	}, s.Notes)
}

// TestLoadNezha_tracesOnly reads a day without dependency.csv and edge files.
func TestLoadNezha_tracesOnly(t *testing.T) {
	const trace = "0087f677c0a2cf3f80a551987167911b,"
	dir := t.TempDir()
	write(t, dir, "metric/"+webPod+"_metric.csv", podFile(webPod, 20, 0, always("0.5,0.2,0.3", "10")))
	write(t, dir, "metric/"+storePod+"_metric.csv", podFile(storePod, 20, 700, always("0.05,0.02,0.03", "20")))
	// More requests than web, and nobody is seen to call it.
	write(t, dir, "metric/job-5f65-bbbb1_metric.csv", podFile("job-5f65-bbbb1", 20, 800, always("0.05,0.02,0.03", "40")))
	write(t, dir, "metric/front_service.csv", "Time,TimeStamp,ServiceName,LatencyP50(s),LatencyP99(s)\n"+minute(0, 0)+",1,Frontend,0.1,0.6\n")
	start := time.Date(2022, 8, 22, 3, 2, 0, 0, time.UTC).UnixNano()
	span := func(id, parent, pod string, from, to int) string {
		return trace + id + "," + parent + "," + pod + ",op," +
			strconv.FormatInt(start+int64(from)*1e6, 10) + "," + strconv.FormatInt(start+int64(to)*1e6, 10) + ",0\n"
	}
	// One request that calls big_store twice, over a network that takes 4 ms.
	write(t, dir, "trace/03_02_trace.csv", header+
		span("00000000000000a1", "root", webPod, 0, 100)+
		span("00000000000000a2", "00000000000000a1", webPod, 10, 30)+
		span("00000000000000b2", "00000000000000a2", storePod, 12, 28)+
		span("00000000000000a3", "00000000000000a1", webPod, 40, 60)+
		span("00000000000000b3", "00000000000000a3", storePod, 42, 58))

	s, err := LoadNezha(dir)
	require.NoError(t, err)
	assert.Equal(t, operationOf("web"), s.Entry, "of those that nobody calls, the one that reaches most")
	require.Len(t, s.Normal, 20)
	for k, w := range s.Normal {
		require.Len(t, w.Edges, 1, "known from one minute on in all")
		e := w.Edges[0]
		assert.Equal(t, identity.Edge{Caller: s.Entry, Callee: operationOf("big_store")}, e.Key)
		assert.InDelta(t, 1200, e.Count, 1e-9)
		// The minute [03:02:00, 03:03:00) shares most with the window to 03:03:19.
		if k != 3 {
			assert.Zero(t, e.Client.Count(), "window %d", k)
			assert.Zero(t, e.Matched)
			continue
		}
		near(t, 0.020, e.Client.Quantile(0.5), "caller")
		near(t, 0.016, e.Server.Quantile(0.5), "callee")
		near(t, 0.004, e.Network.Quantile(0.5), "gap")
		assert.InDelta(t, 2, e.Matched, 0)
	}
	near(t, 0.6, servedBy(s.Normal[0], "web").Latency.Quantile(0.99), "front")
	near(t, 0.5, servedBy(s.Normal[1], "web").Latency.Quantile(0.99), "no row of the front: the pod's")
	median := servedBy(s.Normal[0], "big_store").Latency.Quantile(0.5) / 1e9
	assert.Less(t, median, 0.02, "extrapolated from p90 on")
	assert.Greater(t, median, 0.005)
	assert.Contains(t, s.Notes, "pods whose success is not recorded: 3")
	assert.Empty(t, s.Incidents)
}

func TestLoadNezha_refuses(t *testing.T) {
	_, err := LoadNezha(t.TempDir())
	require.ErrorContains(t, err, "no *_metric.csv")
	for name, c := range map[string]struct{ file, content, want string }{
		"no time column":  {"metric/" + webPod + "_metric.csv", "PodName\nx\n", "no column Time"},
		"no requests":     {"metric/" + webPod + "_metric.csv", podFile(webPod, 3, 0, always("NaN,NaN,NaN", "0")), "no service has requests"},
		"broken list":     {"fault_list.json", "{", "fault_list.json"},
		"broken causes":   {"root_cause_x.json", "{", "root_cause_x.json"},
		"broken front":    {"metric/front_service.csv", "\"", "front_service.csv"},
		"broken edges":    {"metric/source_50.csv", "a\n1\n", "source_50.csv: no column Time"},
		"broken edges 2":  {"metric/destination_50.csv", "a\n1\n", "destination_50.csv: no column Time"},
		"broken calls":    {"metric/dependency.csv", "\"", "dependency.csv"},
		"broken spans":    {"trace/03_02_trace.csv", "a,b\n", "header"},
		"broken archive":  {"trace/03_02_trace.csv.gz", "a,b\n", "03_02_trace.csv.gz"},
		"unreadable rows": {"metric/" + webPod + "_metric.csv", "\"", webPod},
	} {
		dir := t.TempDir()
		write(t, dir, "metric/"+webPod+"_metric.csv", podFile(webPod, 3, 0, always("0.5,0.2,0.3", "10")))
		write(t, dir, c.file, c.content)
		_, err := LoadNezha(dir)
		require.ErrorContains(t, err, c.want, name)
	}
}

// TestLoadNezha_leastFiles reads a day of nothing but pods, one row of which is
// without a time and one without a workload.
func TestLoadNezha_leastFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "metric/"+webPod+"_metric.csv",
		podFile(webPod, 3, 0, func(k int) (string, string) { return "0.5,0.2,0.3", []string{"10", "", "10"}[k] })+"never,1\n\n")
	s, err := LoadNezha(dir)
	require.NoError(t, err)
	assert.Equal(t, operationOf("web"), s.Entry)
	require.Len(t, s.Normal, 3)
	assert.Len(t, s.Normal[0].RPCs, 1)
	assert.Empty(t, s.Normal[1].RPCs, "how many there were is not recorded")
	assert.Len(t, s.Normal[1].Resources, 1)
	assert.Equal(t, []string{
		"entry that was chosen, since no pod is of the ServiceName of front_service.csv (web): 1",
		"no *fault_list.json, so that nothing is known to have been wrong: 1",
		"no dependency.csv: 1", "no destination_50.csv: 1", "no front_service.csv: 1", "no source_50.csv: 1",
		"pods whose success is not recorded: 1", "rows of pods without a workload: 1",
		"rows shorter than the header, what they lack is missing: 1, first " + webPod + "_metric.csv line 5",
		"rows without a time: 1, first " + webPod + "_metric.csv line 5 column 1 (Time): \"never\"",
	}, s.Notes)
	assert.False(t, math.IsNaN(s.Quantile))
}
