package engine

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/incident"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/slo"
	"github.com/sage-rca/sage/internal/window"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const size = 10 * time.Second // of a window

// epoch is the start of window 0.
var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano()

func start(i int) int64 { return epoch + int64(i)*int64(size) }

// config watches p90 of "a GET" at most 100 ms: 2 of 3 to open, 2 to resolve.
func config() Config {
	return Config{
		Window: size,
		SLO: slo.Config{
			Objectives: []slo.Objective{{
				Name: "a-p90", Service: identity.Service{Name: "a"}, Operation: "GET", Quantile: 0.9, Threshold: 100 * time.Millisecond,
			}},
			OpenK: 2, OpenN: 3, ResolveM: 2, MinRequests: 1,
		},
		Incident:   incident.Config{HeartbeatEvery: 6 * time.Hour, ExpireAfter: 48 * time.Hour, MaxOpen: 10},
		Training:   Training{History: time.Hour, MinWindows: 4, Interval: time.Hour, CPUBudget: 0.5, PublishAfter: 3},
		MaxPending: 1000, MaxColumns: 1000, MaxCheckpoint: 1 << 20, ForgetWindows: 1000,
		ModelHeartbeat: 6 * time.Hour, HistoryEvery: 5,
	}
}

func trained() Config {
	c := config()
	c.Training.Enabled = true
	return c
}

// always judges every window of 50 ms or more.
func always(c Config) Config {
	c.SLO.Objectives[0].Threshold = 10 * time.Millisecond
	c.SLO.OpenK, c.SLO.OpenN = 1, 1
	return c
}

// simple is window i with 20 requests of "a GET" of a duration each.
func simple(i int, each time.Duration) *window.Snapshot {
	l := new(sketch.Sketch)
	for range 20 {
		l.Add(int64(each), 1)
	}
	return &window.Snapshot{
		Start: start(i), End: start(i + 1),
		RPCs: []window.RPC{{
			Key: rpc("a"), Entries: 20, Count: 20, Latency: l, Exclusive: l,
			Exemplar: window.Exemplar{Span: identity.Span{ID: identity.SpanID{1, byte(i)}}, Duration: int64(each)},
			Typical:  window.Exemplar{Span: identity.Span{ID: identity.SpanID{2, byte(i)}}, Duration: int64(each)},
		}},
	}
}

// letters are windows: G of 50 ms, V of 200 ms.
func letters(from int, text string) []*window.Snapshot {
	out := make([]*window.Snapshot, 0, len(text))
	for i, c := range text {
		each := 50 * time.Millisecond
		if c == 'V' {
			each = 200 * time.Millisecond
		}
		out = append(out, simple(from+i, each))
	}
	return out
}

func rpc(service string) identity.RPC {
	return identity.RPC{Service: identity.Service{Name: service}, Operation: "GET"}
}

// chain simulates n windows of 40 requests a > b > c each, from window first on,
// with the own time of c slowed down.
func chain(seed uint64, first, n int, slow float64) []*window.Snapshot {
	out := make([]*window.Snapshot, 0, n)
	for i := range n {
		rng := rand.New(rand.NewPCG(seed, uint64(first+i)))
		out = append(out, chainWindow(rng, first+i, slow))
	}
	return out
}

func chainWindow(rng *rand.Rand, i int, slow float64) *window.Snapshot {
	names := [...]string{"c", "b", "a"}
	own := [...]float64{20, 10, 5} // ms
	s := &window.Snapshot{Start: start(i), End: start(i + 1)}
	noise := func(v, sd float64) float64 { return v * math.Exp(sd*rng.NormFloat64()) }
	load := 1 + 0.1*rng.NormFloat64() // of the window: own times follow the CPU
	served, exclusive := [3]*sketch.Sketch{}, [3]*sketch.Sketch{}
	client, server, network := [2]*sketch.Sketch{}, [2]*sketch.Sketch{}, [2]*sketch.Sketch{}
	for k := range served {
		served[k], exclusive[k] = new(sketch.Sketch), new(sketch.Sketch)
	}
	for k := range client {
		client[k], server[k], network[k] = new(sketch.Sketch), new(sketch.Sketch), new(sketch.Sketch)
	}
	union := [3]float64{}
	for range 40 {
		below := 0.0
		for k := range names {
			mine := noise(own[k]*load, 0.15)
			if k == 0 {
				mine *= slow
			}
			total := mine + below
			served[k].Add(int64(total*1e6), 1)
			exclusive[k].Add(int64(mine*1e6), 1)
			union[k] += below * 1e6
			if k < 2 {
				net := noise(1, 0.2)
				client[k].Add(int64((total+net)*1e6), 1)
				server[k].Add(int64(total*1e6), 1)
				network[k].Add(int64(net*1e6), 1)
				below = total + net
			}
		}
	}
	for _, k := range []int{2, 1, 0} { // sorted by name
		r := window.RPC{Key: rpc(names[k]), Count: 40, Latency: served[k], Exclusive: exclusive[k], Union: union[k], Sum: union[k]}
		if k == 2 {
			r.Entries = 40
			r.Exemplar = window.Exemplar{Span: identity.Span{ID: identity.SpanID{1, byte(i)}}, Duration: int64(served[k].Max())}
			r.Typical = window.Exemplar{Span: identity.Span{ID: identity.SpanID{2, byte(i)}}, Duration: int64(served[k].Quantile(0.5))}
		}
		s.RPCs = append(s.RPCs, r)
		s.Resources = append(s.Resources, window.Resource{
			Service: rpc(names[k]).Service, Values: []window.Value{{Metric: "process.cpu.utilization", Value: 0.4 * load}},
		})
	}
	for _, k := range []int{1, 0} {
		s.Edges = append(s.Edges, window.Edge{
			Key:   identity.Edge{Caller: rpc(names[k+1]), Callee: rpc(names[k])},
			Count: 40, Matched: 40, Client: client[k], Server: server[k], Network: network[k], Queue: new(sketch.Sketch),
		})
	}
	return s
}

// watch is an Observer that takes notes.
type watch struct {
	mu      sync.Mutex // guards everything below
	closed  int
	refused int
	trained []bool
	extents []Extent
	judged  []rca.Method
	states  []ModelStatus
	failed  []string
	limits  []string
	onClose func(*window.Snapshot)
}

func (w *watch) WindowClosed(s *window.Snapshot) {
	w.mu.Lock()
	w.closed++
	w.mu.Unlock()
	if w.onClose != nil {
		w.onClose(s)
	}
}

func (w *watch) WindowRefused() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refused++
}

func (w *watch) Trained(e Extent, ok bool, _ time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.extents = append(w.extents, e)
	w.trained = append(w.trained, ok)
}

func (w *watch) Published(s ModelStatus) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.states = append(w.states, s)
}

func (w *watch) Judged(m rca.Method, _ time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.judged = append(w.judged, m)
}

func (w *watch) Failed(what string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed = append(w.failed, what+": "+firstLine("", err))
}

func (w *watch) Refused(reason Refusal, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.limits = append(w.limits, fmt.Sprintf("%s %d", reason, n))
}

func (w *watch) failures() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.failed, "\n")
}

// memory is a Store.
type memory struct {
	mu   sync.Mutex // guards everything below
	data map[string][]byte
	sets []string
	err  error
}

func newMemory() *memory { return &memory{data: make(map[string][]byte)} }

func (m *memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.data[key], m.err
}

func (m *memory) Set(_ context.Context, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	m.sets = append(m.sets, key)
	m.data[key] = append([]byte(nil), value...)
	return nil
}

// copy is what a kill leaves.
func (m *memory) copy() *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := newMemory()
	for k, v := range m.data {
		c.data[k] = v
	}
	return c
}

// rig is an engine under test, with fakes for what is slow.
type rig struct {
	*Engine
	watch *watch
	mu    sync.Mutex // guards everything below
	said  []Output
}

func newRig(t testing.TB, cfg Config, store Store) *rig {
	t.Helper()
	r := &rig{watch: new(watch)}
	e, err := New(cfg, store, r.watch, func(_ context.Context, out []Output) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.said = append(r.said, out...)
	})
	require.NoError(t, err)
	if cfg.Diagnose == nil {
		e.run.diagnose = blame("c")
	}
	e.run.training.fit = func(context.Context, gvae.Spec, gvae.Data, gvae.Config, *gvae.Model) (*gvae.Model, gvae.Report, error) {
		return new(gvae.Model), gvae.Report{HeldOutLoss: 0.5, Busy: time.Second}, nil
	}
	e.run.training.drifted = func(Learned, *feature.History, int64, int) []Drift { return nil }
	r.Engine = e
	return r
}

// blame is a diagnosis that always names a service.
func blame(service string) func(rca.Input, rca.Config) rca.Verdict {
	return func(in rca.Input, _ rca.Config) rca.Verdict {
		v := rca.Verdict{Method: rca.MethodRobust, Culprits: []rca.Cause{{Kind: rca.KindService, Service: identity.Service{Name: service}, Probability: 0.9}}}
		if in.Model != nil {
			v.Method = rca.MethodGVAE
		}
		return v
	}
}

// through judges windows, and closes the engine.
func (r *rig) through(t testing.TB, windows ...[]*window.Snapshot) *rig {
	t.Helper()
	require.NoError(t, r.Start(t.Context()))
	for _, ws := range windows {
		for _, w := range ws {
			require.True(t, r.Offer(w))
		}
	}
	require.NoError(t, r.Close(t.Context()))
	return r
}

// incidents are the incident events that were said: "window phase".
func (r *rig) incidents() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for _, o := range r.said {
		if e := o.Incident; e != nil {
			s := fmt.Sprintf("%d %s", (e.Time.UnixNano()-epoch)/int64(size)-1, e.Phase)
			if e.Reason != "" {
				s += " " + string(e.Reason)
			}
			out = append(out, s)
		}
	}
	return out
}

// models are the states of the model that were said: "window state".
func (r *rig) models() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for _, o := range r.said {
		if m := o.Model; m != nil {
			out = append(out, fmt.Sprintf("%d %s", (m.Time.UnixNano()-epoch)/int64(size)-1, m.State))
		}
	}
	return out
}

// text is all that was said, pointers followed.
func text(out []Output) []string {
	lines := make([]string, 0, len(out))
	for _, o := range out {
		switch {
		case o.Incident != nil:
			lines = append(lines, fmt.Sprintf("%+v %+v", *o.Incident, o.ModelAt))
		case o.Model != nil:
			lines = append(lines, fmt.Sprintf("%+v %+v", *o.Model, o.ModelAt))
		}
	}
	return lines
}
