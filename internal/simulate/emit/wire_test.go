package emit_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/simulate"
	"github.com/sage-rca/sage/internal/simulate/apps"
	"github.com/sage-rca/sage/internal/simulate/emit"
)

// sent is what left an emitter.
type sent struct {
	app     *simulate.App
	traces  []ptrace.Traces
	metrics []pmetric.Metrics
}

func record(t testing.TB, name string, opts emit.Options, cfg simulate.Config) *sent {
	t.Helper()
	app, err := apps.New(name, 1)
	require.NoError(t, err)
	out := &sent{app: app}
	opts.Epoch = epoch
	e := emit.New(app, opts,
		func(td ptrace.Traces) { out.traces = append(out.traces, td) },
		func(md pmetric.Metrics) { out.metrics = append(out.metrics, md) })
	_, err = simulate.Run(t.Context(), app, cfg, e)
	require.NoError(t, err)
	e.Flush()
	return out
}

// eachSpan calls f with every span and its resource.
func (s *sent) eachSpan(f func(pcommon.Map, ptrace.Span)) {
	for _, td := range s.traces {
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, span := range ss.Spans().All() {
					f(rs.Resource().Attributes(), span)
				}
			}
		}
	}
}

func str(m pcommon.Map, key string) string {
	v, ok := m.Get(key)
	if !ok {
		return ""
	}
	return v.AsString()
}

func TestEmitter_isDeterministic(t *testing.T) {
	opts := emit.Options{Seed: 3, LoseSpans: 0.1, ClockSkew: time.Second, SampleRatio: 0.5}
	cfg := simulate.Config{Seed: 1, Duration: 20 * time.Second, SampleEvery: 5 * time.Second}
	one, two := record(t, "social", opts, cfg), record(t, "social", opts, cfg)
	assert.Equal(t, one.traces, two.traces)
	assert.Equal(t, one.metrics, two.metrics)
}

// Every kind of span has the attributes of its conventions.
func TestEmitter_attributes(t *testing.T) {
	out := record(t, "social", emit.Options{Namespace: "prod"}, simulate.Config{Seed: 1, Duration: 5 * time.Second})
	type row struct {
		service, name string
		kind          ptrace.SpanKind
	}
	want := map[row]map[string]any{
		{"edge-proxy", "POST /posts", ptrace.SpanKindServer}: {
			"http.request.method": "POST", "http.route": "/posts", "url.scheme": "http",
			"http.response.status_code": int64(200), "server.address": "edge-proxy", "server.port": int64(8080),
		},
		{"edge-proxy", "compose.Compose/Post", ptrace.SpanKindClient}: {
			"rpc.system": "grpc", "rpc.service": "compose.Compose", "rpc.method": "Post", "rpc.grpc.status_code": int64(0),
			"server.address": "compose-post", "server.port": int64(50051),
		},
		{"url-shortener", "insert url-db", ptrace.SpanKindClient}: {
			"db.system.name": "mongodb", "db.operation.name": "insert", "db.namespace": "url-db",
			"server.address": "url-db", "server.port": int64(27017), "peer.service": "url-db",
		},
		{"compose-post", "publish timeline-writes", ptrace.SpanKindProducer}: {
			"messaging.system": "rabbitmq", "messaging.operation.name": "publish", "messaging.operation.type": "send",
			"messaging.destination.name": "timeline-writes",
			"server.address":             "events", "server.port": int64(5672), "peer.service": "events",
		},
		{"timeline-writer", "process timeline-writes", ptrace.SpanKindConsumer}: {
			"messaging.system": "rabbitmq", "messaging.operation.name": "process", "messaging.operation.type": "process",
			"messaging.destination.name": "timeline-writes",
		},
	}
	out.eachSpan(func(res pcommon.Map, s ptrace.Span) {
		key := row{str(res, "service.name"), s.Name(), s.Kind()}
		if attributes, ok := want[key]; ok {
			assert.Equal(t, attributes, s.Attributes().AsRaw(), key)
			assert.Equal(t, key.kind == ptrace.SpanKindConsumer, s.Links().Len() == 1)
			assert.Empty(t, s.TraceState().AsRaw())
			delete(want, key)
		}
		for _, k := range []string{
			"service.instance.id", "service.version", "host.name", "k8s.pod.name", "k8s.pod.uid", "k8s.node.name", "container.id",
		} {
			assert.NotEmpty(t, str(res, k), k)
		}
		assert.Equal(t, "prod", str(res, "service.namespace"))
	})
	assert.Empty(t, want, "spans that never came")
}

// Batches are in order within a replica, and not between replicas, by at most the
// second that SDKs wait.
func TestEmitter_disorder(t *testing.T) {
	out := record(t, "chain", emit.Options{}, simulate.Config{Seed: 1, Duration: 20 * time.Second})
	latest, behind := pcommon.Timestamp(0), time.Duration(0)
	last := map[string]pcommon.Timestamp{}
	out.eachSpan(func(res pcommon.Map, s ptrace.Span) {
		id := str(res, "service.instance.id")
		assert.GreaterOrEqual(t, s.EndTimestamp(), last[id])
		last[id] = s.EndTimestamp()
		if end := s.EndTimestamp(); end > latest {
			latest = end
		} else {
			behind = max(behind, time.Duration(latest-end))
		}
	})
	assert.Greater(t, behind, 500*time.Millisecond)
	assert.Less(t, behind, 2*time.Second)
	for _, td := range out.traces {
		assert.LessOrEqual(t, td.SpanCount(), 8*512)
	}
}

// Clocks that are off move spans by the same for a host, and change no duration.
func TestEmitter_skew(t *testing.T) {
	cfg := simulate.Config{Seed: 1, Duration: 10 * time.Second}
	type when struct{ start, end pcommon.Timestamp }
	right := map[pcommon.SpanID]when{}
	record(t, "chain", emit.Options{}, cfg).eachSpan(func(_ pcommon.Map, s ptrace.Span) {
		right[s.SpanID()] = when{s.StartTimestamp(), s.EndTimestamp()}
	})
	const most = 2 * time.Second
	offs := map[string]int64{}
	record(t, "chain", emit.Options{ClockSkew: most, Seed: 5}, cfg).eachSpan(func(res pcommon.Map, s ptrace.Span) {
		r, ok := right[s.SpanID()]
		require.True(t, ok)
		assert.Equal(t, r.end-r.start, s.EndTimestamp()-s.StartTimestamp())
		host, off := str(res, "host.name"), int64(s.StartTimestamp())-int64(r.start)
		assert.LessOrEqual(t, time.Duration(off).Abs(), most)
		if known, ok := offs[host]; ok {
			assert.Equal(t, known, off, host)
		}
		offs[host] = off
		delete(right, s.SpanID())
	})
	assert.Empty(t, right)
	assert.Len(t, offs, 7)
	different := map[int64]bool{}
	for _, off := range offs {
		different[off] = true
	}
	assert.Len(t, different, 7)
}

// A share q of n spans gets lost, with a standard error of sqrt(q(1-q)/n).
func TestEmitter_loses(t *testing.T) {
	cfg := simulate.Config{Seed: 1, Duration: 30 * time.Second}
	count := func(o emit.Options) (n int) {
		record(t, "chain", o, cfg).eachSpan(func(pcommon.Map, ptrace.Span) { n++ })
		return n
	}
	all := count(emit.Options{})
	for seed := range uint64(3) {
		got := float64(count(emit.Options{LoseSpans: 0.2, Seed: seed})) / float64(all)
		assert.InDelta(t, 0.8, got, 4*math.Sqrt(0.2*0.8/float64(all)))
	}
}

// A failed call has the status codes of its protocol.
func TestEmitter_failures(t *testing.T) {
	storm := func(service int) simulate.Fault {
		return simulate.Fault{Kind: simulate.RetryStorm, Service: service, Replica: -1, Host: -1, Entry: -1, Pool: -1, Size: 0.3, End: time.Minute}
	}
	out := record(t, "sockshop", emit.Options{}, simulate.Config{
		Seed: 1, Duration: 20 * time.Second, Faults: []simulate.Fault{storm(4), storm(10)}, // orders, users-db
	})
	refused, resent, broken := 0, 0, 0
	out.eachSpan(func(_ pcommon.Map, s ptrace.Span) {
		a := s.Attributes()
		if s.Status().Code() != ptrace.StatusCodeError {
			assert.Empty(t, str(a, "error.type"))
			return
		}
		switch {
		case s.Kind() == ptrace.SpanKindClient && str(a, "server.address") == "orders":
			assert.Contains(t, []string{"503", "500"}, str(a, "http.response.status_code"))
			assert.Equal(t, str(a, "http.response.status_code"), str(a, "error.type"))
			refused++
			if str(a, "http.request.resend_count") != "" {
				resent++
			}
		case str(a, "db.system.name") != "":
			assert.Equal(t, "unavailable", str(a, "error.type"))
			broken++
		}
	})
	assert.Positive(t, refused)
	assert.Positive(t, resent)
	assert.Positive(t, broken)
}

// A new version shows in the resource, and counters begin anew with a start of
// their own after a restart.
func TestEmitter_deployAndRestart(t *testing.T) {
	fault := func(kind simulate.FaultKind, service int, size float64) simulate.Fault {
		return simulate.Fault{Kind: kind, Service: service, Replica: -1, Host: -1, Entry: -1, Pool: -1, Size: size, Start: 22 * time.Second, End: 55 * time.Second}
	}
	out := record(t, "chain", emit.Options{}, simulate.Config{
		Seed: 1, Duration: time.Minute, SampleEvery: 5 * time.Second,
		Faults: []simulate.Fault{fault(simulate.Deploy, 1, 0), fault(simulate.Restart, 7, 6)},
	})
	versions := map[string]map[string]bool{}
	out.eachSpan(func(res pcommon.Map, _ ptrace.Span) {
		name := str(res, "service.name")
		if versions[name] == nil {
			versions[name] = map[string]bool{}
		}
		versions[name][str(res, "service.version")] = true
	})
	assert.Equal(t, map[string]bool{"1.0.0": true, "1.0.0-1": true}, versions["session"])
	assert.Equal(t, map[string]bool{"1.0.0": true}, versions["tax"])

	type point struct {
		start pcommon.Timestamp
		value float64
	}
	starts := map[string]map[pcommon.Timestamp]bool{} // by replica of risk
	last := map[string]point{}
	for _, md := range out.metrics {
		for _, rm := range md.ResourceMetrics().All() {
			if str(rm.Resource().Attributes(), "k8s.container.name") != "risk" {
				continue
			}
			pod := str(rm.Resource().Attributes(), "k8s.pod.name")
			for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
				if m.Name() != "container.cpu.time" {
					continue
				}
				p := m.Sum().DataPoints().At(0)
				now, before := point{p.StartTimestamp(), p.DoubleValue()}, last[pod]
				if now.start == before.start {
					assert.GreaterOrEqual(t, now.value, before.value)
				}
				last[pod] = now
				if starts[pod] == nil {
					starts[pod] = map[pcommon.Timestamp]bool{}
				}
				starts[pod][now.start] = true
			}
		}
	}
	require.Len(t, starts, 2)
	for pod, s := range starts {
		assert.Len(t, s, 2, pod)
	}
}

func TestEmitter_thinsOutScrapes(t *testing.T) {
	times := func(every time.Duration) map[pcommon.Timestamp]bool {
		out := map[pcommon.Timestamp]bool{}
		cfg := simulate.Config{Seed: 1, Duration: time.Minute, SampleEvery: 5 * time.Second}
		for _, md := range record(t, "chain", emit.Options{MetricEvery: every}, cfg).metrics {
			out[md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints().At(0).Timestamp()] = true
		}
		return out
	}
	all := len(times(0))
	assert.Len(t, times(15*time.Second), (all+2)/3)
}

func TestEmitter_OnEntry(t *testing.T) {
	app, err := apps.New("chain", 1)
	require.NoError(t, err)
	e := emit.New(app, emit.Options{}, nil, nil)
	n := 0
	e.OnEntry = func(entry int, start, end time.Duration, failed bool) {
		if entry == 0 {
			n++
			assert.Greater(t, end, start)
			assert.False(t, failed)
		}
	}
	_, err = simulate.Run(t.Context(), app, simulate.Config{Seed: 1, Duration: 5 * time.Second, SampleEvery: time.Second}, e)
	require.NoError(t, err)
	e.Flush()
	assert.Greater(t, n, 90) // 36 a second: 180, with a standard error of 13
}
