package summary_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sage-rca/sage/internal/callgraph"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/summary"
	"github.com/sage-rca/sage/internal/window"
)

const (
	size  = int64(30 * time.Second)
	start = 57_000_000 * size // in 2024
	end   = start + size
)

// observation is one request or one call.
type observation struct {
	served *callgraph.Served
	called *callgraph.Call
}

// world makes observations of a window, in which every kind of thing happens.
type world struct {
	rng   *rand.Rand
	names *identity.Names
	// whole weights are integers, the others those of a sampling ratio of 30 %.
	whole bool
	n     uint64
}

func newWorld(seed uint64, whole bool) *world {
	return &world{rng: rand.New(rand.NewPCG(seed, 1)), names: identity.NewNames(), whole: whole}
}

func (w *world) weight() float64 {
	if w.whole {
		return float64(1 + w.rng.IntN(3))
	}
	return 1 / 0.3
}

func (w *world) span() identity.Span {
	w.n++
	var s identity.Span
	binary.BigEndian.PutUint64(s.Trace[:], w.rng.Uint64())
	binary.BigEndian.PutUint64(s.ID[:], w.n)
	return s
}

func (w *world) rpc() identity.RPC {
	n := w.rng.IntN(4)
	return identity.RPC{
		Service:   identity.Service{Namespace: []string{"", "shop"}[n%2], Name: fmt.Sprint("s", n)},
		Operation: fmt.Sprint("GET /", w.rng.IntN(2)),
	}
}

func (w *world) duration() int64 {
	if w.rng.IntN(20) == 0 {
		return 0
	}
	return 1 + int64(w.rng.ExpFloat64()*float64(20*time.Millisecond))
}

func (w *world) errorType() string { return []string{"", "timeout", "500"}[w.rng.IntN(3)] }

func (w *world) observe() observation {
	at := start + w.rng.Int64N(size)
	if w.rng.IntN(2) == 0 {
		r := w.rpc()
		d := w.duration()
		s := &callgraph.Served{
			RPC: w.names.RPCNo(r),
			Replica: w.names.ReplicaNo(identity.Replica{
				Instance: identity.Instance{Service: r.Service, ID: []string{"", "a", "b"}[w.rng.IntN(3)]},
				Version:  []string{"", "v1", "v2"}[w.rng.IntN(3)],
				Host:     []string{"", "node-1", "node-2"}[w.rng.IntN(3)],
			}),
			Span: w.span(), Time: at, Weight: w.weight(), Duration: d, Exclusive: d / 2, ChildSum: d,
			Entry: r.Service.Name == "s0", Torn: r.Service.Name == "s0" && w.rng.IntN(8) == 0, Inner: r.Service.Name == "s0" && w.rng.IntN(16) == 0, Async: r.Service.Name == "s3", Stream: w.rng.IntN(10) == 0,
		}
		if w.rng.IntN(5) == 0 {
			s.Error, s.ErrorType = true, w.errorType()
		}
		return observation{served: s}
	}
	caller, callee := w.rpc(), w.rpc()
	d := w.duration()
	replica := func(of identity.Service) identity.ReplicaNo {
		return w.names.ReplicaNo(identity.Replica{Instance: identity.Instance{Service: of, ID: []string{"", "r1", "r2"}[w.rng.IntN(3)]}})
	}
	c := &callgraph.Call{
		Edge:          callgraph.Edge{Caller: w.names.RPCNo(caller), Callee: w.names.RPCNo(callee)},
		CallerReplica: replica(caller.Service), CalleeReplica: replica(callee.Service),
		Span: w.span(), Time: at, Weight: w.weight(), Client: d, Server: d / 3, Within: d, Share: d / 2, Offset: d / 4, Around: -1, Queue: -1,
		Leaf: callee.Service.Name == "s2", Async: callee.Service.Name == "s3", Stream: w.rng.IntN(10) == 0,
	}
	if c.Leaf || w.rng.IntN(8) == 0 {
		c.Server = -1
	}
	if c.Async {
		c.Queue = d / 4
	} else if c.Server >= 0 && w.rng.IntN(8) == 0 {
		c.Client = -1 // the caller was lost
	}
	if caller.Service.Name == "s1" && !c.Leaf && !c.Async { // has no CLIENT spans, or hardly any
		c.Client, c.Server, c.Around, c.Ahead = -1, d/3, d-d/3, int32(d%3)
		if caller.Operation == "GET /0" && w.rng.IntN(400) == 0 {
			c.Client, c.Around = d, -1
		}
	}
	if w.rng.IntN(5) == 0 {
		c.Error, c.ErrorType = true, w.errorType()
	}
	return observation{called: c}
}

// fold returns what several processes, of which of tells the one of each observation,
// have seen.
func (w *world) fold(t *testing.T, all []observation, sources int, of func(int) int) []*window.Gathering {
	t.Helper()
	folders := make([]*window.Folder, sources)
	for k := range folders {
		folders[k] = window.NewFolder(size, w.names)
	}
	for k, o := range all {
		f := folders[of(k)]
		if o.served != nil {
			f.Served(o.served)
		} else {
			f.Called(o.called)
		}
	}
	out := make([]*window.Gathering, sources)
	for k, f := range folders {
		out[k] = window.NewGathering(start)
		for _, p := range f.Close(end) {
			out[k].AddPart(p)
		}
	}
	return out
}

// pieces are those of metrics as they arrive, of which none may be refused.
func pieces(t *testing.T, messages []pmetric.Metrics) (out []window.Piece) {
	t.Helper()
	for _, md := range messages {
		b, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
		require.NoError(t, err)
		md, err = (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(b)
		require.NoError(t, err)
		out = summary.Pieces(out, md, func(r summary.Reason, n int) { t.Errorf("%d points refused: %s", n, r) })
	}
	return out
}

// only is the only one of messages.
func only(t testing.TB, messages []pmetric.Metrics) pmetric.Metrics {
	t.Helper()
	require.Len(t, messages, 1)
	return messages[0]
}

// add adds pieces to the gathering of their source.
func add(g *window.Gathering, all []window.Piece) {
	for _, p := range all {
		switch {
		case p.Sampled != nil:
			g.AddSampled(*p.Sampled)
		case p.RPC != nil:
			g.AddRPC(p.RPC)
		case p.Edge != nil:
			g.AddEdge(p.Edge)
		}
	}
}
