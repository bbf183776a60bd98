package window_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/callgraph"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// served is a callgraph.Served with names in place of numbers.
type served struct {
	RPC                           identity.RPC
	Instance, Version, Host       string
	Span                          identity.Span
	Time                          int64
	Entry, Async, Stream          bool
	Duration, Exclusive, ChildSum int64
	Error                         bool
	ErrorType                     string
	Weight                        float64
}

func (s served) numbered(names *identity.Names) callgraph.Served {
	return callgraph.Served{
		RPC: names.RPCNo(s.RPC),
		Replica: names.ReplicaNo(identity.Replica{
			Instance: identity.Instance{Service: s.RPC.Service, ID: s.Instance}, Version: s.Version, Host: s.Host,
		}),
		Span: s.Span, Time: s.Time, Entry: s.Entry, Async: s.Async, Stream: s.Stream,
		Duration: s.Duration, Exclusive: s.Exclusive, ChildSum: s.ChildSum,
		Error: s.Error, ErrorType: s.ErrorType, Weight: s.Weight,
	}
}

// called is a callgraph.Call with names in place of numbers.
type called struct {
	Edge                 identity.Edge
	Span                 identity.Span
	Time                 int64
	From, To             string // replicas
	Leaf, Async          bool
	Client, Server       int64
	Within, Share, Queue int64
	Around               int64 // 0: not known
	Ahead                int32
	Stream, Error        bool
	ErrorType            string
	Weight               float64
}

func (c called) numbered(names *identity.Names) callgraph.Call {
	replica := func(s identity.Service, id string) identity.ReplicaNo {
		return names.ReplicaNo(identity.Replica{Instance: identity.Instance{Service: s, ID: id}})
	}
	return callgraph.Call{
		Edge:          callgraph.Edge{Caller: names.RPCNo(c.Edge.Caller), Callee: names.RPCNo(c.Edge.Callee)},
		CallerReplica: replica(c.Edge.Caller.Service, c.From), CalleeReplica: replica(c.Edge.Callee.Service, c.To),
		Span: c.Span, Time: c.Time, Leaf: c.Leaf, Async: c.Async, Client: c.Client, Server: c.Server,
		Within: c.Within, Share: c.Share, Around: c.Around - 1, Ahead: c.Ahead, Queue: c.Queue,
		Stream: c.Stream, Error: c.Error, ErrorType: c.ErrorType, Weight: c.Weight,
	}
}

// folder is a window.Folder that takes names.
type folder struct {
	*window.Folder
	names *identity.Names
}

func newFolder() *folder {
	names := identity.NewNames()
	return &folder{window.NewFolder(size, names), names}
}

func (f *folder) Served(s served) {
	r := s.numbered(f.names)
	f.Folder.Served(&r)
}

func (f *folder) Called(c called) {
	r := c.numbered(f.names)
	f.Folder.Called(&r)
}

// load returns requests and calls by numbers.
func load(f *folder) (requests []callgraph.Served, calls []callgraph.Call) {
	r, c := arbitrary(rand.New(rand.NewPCG(1, 2)), 1024)
	for i := range r {
		requests = append(requests, r[i].numbered(f.names))
		calls = append(calls, c[i].numbered(f.names))
	}
	return requests, calls
}

// In the steady state windows are folded without allocation but for the list of
// those that close, one per window.
func TestFolder_doesNotAllocateInTheSteadyState(t *testing.T) {
	f := newFolder()
	requests, calls := load(f)
	for i := range requests { // a few replicas and types, not a flood
		requests[i].Replica = requests[i%8].Replica
		calls[i].CallerReplica, calls[i].CalleeReplica = calls[i%8].CallerReplica, calls[i%8].CalleeReplica
		requests[i].ErrorType, calls[i].ErrorType = "timeout", "reset"
	}
	start := int64(0)
	round := func() {
		for i := range requests {
			requests[i].Time = start + requests[i].Time%size
			calls[i].Time = start + calls[i].Time%size
			f.Folder.Served(&requests[i])
			f.Folder.Called(&calls[i])
		}
		start += size
		for _, p := range f.Close(start) {
			f.Recycle(p)
		}
	}
	for range 300 { // which memory goes to which key varies: all of it grows
		round()
	}
	assert.LessOrEqual(t, testing.AllocsPerRun(10, round), 1.0)
}

func BenchmarkFolder_Served(b *testing.B) {
	f := newFolder()
	requests, _ := load(f)
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		f.Folder.Served(&requests[i&1023])
		i++
	}
}

func BenchmarkFolder_Called(b *testing.B) {
	f := newFolder()
	_, calls := load(f)
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		f.Folder.Called(&calls[i&1023])
		i++
	}
}
