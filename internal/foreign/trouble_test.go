package foreign

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Every system has a place for each of its own kinds, all hosts, stores and services
// that are named exist, and a kind that can be broken can be mended.
func TestKinds_haveAPlace(t *testing.T) {
	for _, name := range []string{"train", "nodes", "kafka", "rabbitmq", "edge"} {
		t.Run(name, func(t *testing.T) {
			s := ByName(name, 1)
			kinds := append(s.Kinds(), HarmlessKinds()...)
			u := Usual{Tail: []float64{0.05}, Rate: make(map[string]float64), Active: make(map[string]float64)}
			for i := range s.Services {
				u.Rate[s.Services[i].Name] = 1
			}
			plan := Plan{Kinds: kinds, Warmup: time.Second, Length: 200 * time.Millisecond, Gap: 200 * time.Millisecond}
			episodes, end := plan.Episodes(s, u, 1)
			require.Len(t, episodes, len(kinds))
			for i := range episodes {
				assert.Equal(t, kinds[i].harmless(), len(episodes[i].Culprits) == 0, kinds[i])
			}
			assert.NotPanics(t, func() { Run(s, episodes, 1, end, keep(s)) })
		})
	}
}

// quiet is a system of one service of three replicas, each on its own host.
func quiet(steps ...Step) *System {
	return &System{
		Name: "quiet", Hosts: 3, Cores: 4, Wire: time.Millisecond,
		Telemetry: Telemetry{Meters: []Meter{Cadvisor, CadvisorIO, NodeExporter, OldRuntime}, Every: time.Second},
		Stores:    []Store{{"broker", "kafka", 9092, 4, ms, 0.1}, {"api.example.com", Web, 443, 4, ms, 0.1}},
		Users:     []Users{{Service: "a", Endpoint: "do", Rate: 5}, {Service: "b", Endpoint: Consume}},
		Services: []Service{
			{Name: "a", Replicas: 3, Language: Java, Heap: 256, Version: "1", Endpoints: []Endpoint{{Name: "do", Method: "GET", Route: "/", Steps: steps}}},
			{Name: "b", Replicas: 1, Language: Java, Heap: 256, Endpoints: []Endpoint{{Name: Consume, Steps: []Step{CPU{ms, 0.1}}}}},
		},
	}
}

// answered plays a system with a fault from the start and returns the median wait of
// users of a kind.
func answered(s *System, users int, f Fault) float64 {
	a := NewAnswers(s, 20*time.Second)
	Run(s, []Episode{{End: 20 * time.Second, Faults: []Fault{f}}}, 1, 20*time.Second, pilotSink{a})
	return a.Windows(users)[0].Tail(0.5)
}

// Of what is asked synchronously users wait for the whole: the acknowledgment of a
// broker, the reply of a consumer, a third party; not for a consumer otherwise.
func TestFaults_hurtWhoWaits(t *testing.T) {
	ack := Publish{Queue: "b", Broker: "broker"}
	reply := ack
	reply.Reply = true
	api := Query{Store: "api.example.com", Statement: "/x"}
	for _, c := range []struct {
		name  string
		step  Step
		users int
		fault Fault
		waits bool
	}{
		{"broker, acknowledged", ack, 0, Fault{Kind: SlowBroker, Service: "broker", Size: 500}, true},
		{"consumer, acknowledged", ack, 0, Fault{Kind: SlowConsumer, Service: "b", Size: 0.5}, false},
		{"consumer itself", ack, 1, Fault{Kind: SlowConsumer, Service: "b", Size: 0.5}, true},
		{"consumer, replied", reply, 0, Fault{Kind: SlowConsumer, Service: "b", Size: 0.5}, true},
		{"third party", api, 0, Fault{Kind: SlowAPI, Service: "api.example.com", Size: 500}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			took := answered(quiet(c.step), c.users, c.fault)
			// Half a second and more, of log-normal times with a sigma of 0.1 to 0.2; the
			// rest takes a few times a millisecond.
			assert.Equal(t, c.waits, took > 0.3, "%g s", took)
		})
	}
}

// Half of the connections are new: of names, sockets and handshakes the quarter of
// those who wait longest waits, the other quarter does not.
func TestFaults_ofConnections(t *testing.T) {
	for _, f := range []Fault{
		{Kind: DNS, Service: "a", Size: 0.5},
		{Kind: Sockets, Service: "a", Size: 0.5},
		{Kind: TLS, Service: "api.example.com", Size: 0.5},
	} {
		s := quiet(Query{Store: "api.example.com", Statement: "/x"})
		a := NewAnswers(s, 60*time.Second)
		Run(s, []Episode{{End: 60 * time.Second, Faults: []Fault{f}}}, 1, 60*time.Second, pilotSink{a})
		w := a.Windows(0)[0]
		// Of 300 requests within 60 s half wait, to 75 of 8.7 (a standard deviation).
		assert.Less(t, w.Tail(0.25), 0.1, f.Kind)
		assert.Greater(t, w.Tail(0.75), 0.25, f.Kind)
	}
}

// look keeps spans by the replica that told of them, and the last points by name.
type look struct {
	pilotSink
	versions map[string]string // deployment of a pod, by pod
	first    map[string]pcommon.Timestamp
	last     map[string]float64
}

// Traces implements Export.
func (l *look) Traces(td ptrace.Traces, _ int64) {
	for _, rs := range td.ResourceSpans().All() {
		a := rs.Resource().Attributes()
		pod, _ := a.Get("k8s.pod.name")
		d, _ := a.Get("k8s.deployment.name")
		l.versions[pod.Str()] = d.Str()
		for _, s := range rs.ScopeSpans().At(0).Spans().All() {
			l.first[pod.Str()] = max(l.first[pod.Str()], s.EndTimestamp())
		}
	}
}

// Metrics implements Export.
func (l *look) Metrics(md pmetric.Metrics, _ int64) {
	for _, rm := range md.ResourceMetrics().All() {
		for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
			var points pmetric.NumberDataPointSlice
			switch m.Type() {
			case pmetric.MetricTypeGauge:
				points = m.Gauge().DataPoints()
			case pmetric.MetricTypeSum:
				points = m.Sum().DataPoints()
			default:
				l.last[m.Name()] = m.Histogram().DataPoints().At(0).Sum()
				continue
			}
			for _, d := range points.All() {
				l.last[m.Name()] = max(l.last[m.Name()], d.DoubleValue())
			}
		}
	}
}

func seen(s *System, e Episode) *look {
	l := &look{pilotSink: pilotSink{NewAnswers(s, time.Minute)}, versions: make(map[string]string), first: make(map[string]pcommon.Timestamp), last: make(map[string]float64)}
	Run(s, []Episode{e}, 1, 50*time.Second, l)
	return l
}

// Memory that others take in the container is in its working set, not in the heap.
func TestMemHog_takesTheContainersMemory(t *testing.T) {
	s := quiet(CPU{ms, 0.1})
	usual := seen(s, Episode{Start: time.Hour})
	l := seen(s, Episode{End: time.Minute, Faults: []Fault{{Kind: MemHog, Service: "a"}}})
	assert.Greater(t, l.last["container_memory_working_set_bytes"], 1.1*256*float64(mib))
	assert.Less(t, usual.last["container_memory_working_set_bytes"], 0.5*256*float64(mib))
	assert.InDelta(t, usual.last["process.runtime.jvm.memory.usage_after_last_gc"], l.last["process.runtime.jvm.memory.usage_after_last_gc"], 0)
	assert.Positive(t, l.last["container_memory_failures_total"])
	assert.Zero(t, usual.last["container_memory_failures_total"])
}

// Deploys and clocks are seen in what is told.
func TestDecoys_areSeen(t *testing.T) {
	s := quiet(CPU{ms, 0.1})
	s.Resource = Kubernetes
	pods := func(f Fault) *look {
		return seen(s, Episode{Start: 20 * time.Second, End: 40 * time.Second, Faults: []Fault{f}})
	}
	usual := pods(Fault{Kind: Gap, Service: "a"})
	assert.Len(t, usual.versions, 3)
	assert.Len(t, pods(Fault{Kind: Scale, Service: "a", Size: 2}).versions, 5)
	blue := pods(Fault{Kind: BlueGreen, Service: "a"})
	green := 0
	for _, d := range blue.versions {
		if d == "a-green" {
			green++
		}
	}
	assert.Len(t, blue.versions, 6)
	assert.Equal(t, 3, green)
	// A clock that was set forward by 100 s has been set back by the end.
	l := pods(Fault{Kind: ClockStep, Host: 1, Size: 100})
	ahead := 0
	for pod := range l.first {
		if l.first[pod] > pcommon.Timestamp(Epoch+100e9) {
			ahead++
		}
	}
	assert.Equal(t, 1, ahead)
}

// A share of the hits misses as long as caches fill.
func TestReplica_missesWhileCold(t *testing.T) {
	c := &clock{}
	r := &replica{end: end{host: &host{clock: c}}}
	assert.Zero(t, r.misses())
	r.cold, r.warm = 10, 30
	for now, want := range map[int64]float64{10: 1, 15: 0.75, 20: 0.5, 30: 0, 40: 0} {
		c.now = now
		assert.InDelta(t, want, r.misses(), 0, now)
	}
}
