package ingest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/summary"
	"github.com/sage-rca/sage/internal/window"
)

// listening is a configuration that hears what up to three others tell.
func listening() Config {
	cfg := testConfig()
	cfg.Limits.Sources, cfg.Limits.Gathered = 3, 1<<24
	cfg.OtherScope = summary.Scope
	return cfg
}

// told are the pieces that an ingester tells of spans.
func told(t *testing.T, source string, batches ...ptrace.Traces) []window.Piece {
	t.Helper()
	var out []window.Piece
	cfg := testConfig()
	cfg.Tell = func(s *window.Share) {
		for _, md := range summary.Metrics(source, s) {
			out = summary.Pieces(out, md, func(r summary.Reason, n int) { t.Errorf("%d refused: %s", n, r) })
		}
	}
	r := newRig(t, cfg)
	for _, b := range batches {
		r.Traces(b, now())
	}
	r.end()
	return out
}

// piece is one request of a service in the window that starts at.
func piece(source string, id uint64, start time.Duration, service, operation string) window.Piece {
	k := new(sketch.Sketch)
	k.Add(int64(time.Millisecond), 1)
	return window.Piece{
		Source: source, ID: id, Start: at(start).UnixNano(), End: at(start + 10*time.Second).UnixNano(),
		RPC: &window.RPCShare{
			Key: identity.RPC{Service: identity.Service{Name: service}, Operation: operation}, Count: 1, Latency: k,
			Instances: []window.InstanceShare{{ID: service + "-0", Count: 1, Latency: k}},
		},
	}
}

// What two tell is what one would have seen, where replicas run included: metrics of a
// host find them.
func TestPieces_areAsGoodAsSpans(t *testing.T) {
	var all [][]sp
	for n := range uint64(40) {
		s := root(n+1, time.Duration(n)*300*time.Millisecond)
		s.start = s.end - time.Duration(1+n%7)*50*time.Millisecond
		s.failed = n%5 == 0
		s.resource = attrs{"service.instance.id": fmt.Sprint("web-", n%2), "host.name": "node", "service.version": fmt.Sprint("v", n/20)}
		call := sp{service: "web", resource: s.resource, trace: s.trace, id: 2, parent: 1, kind: ptrace.SpanKindClient, name: "call", start: s.start, end: s.end, attrs: attrs{"server.address": "db"}}
		all = append(all, []sp{call, s})
	}
	usage := gaugeOf(t, attrs{"host.name": "node"}, "system.cpu.load_average.1m", 3*time.Second, 2)

	one := newRig(t, listening())
	for _, spans := range all {
		one.Traces(batchOf(t, spans...), now())
	}
	one.Metrics(usage, now())
	want := one.end()
	require.Len(t, want, 2)
	require.Len(t, want[0].Resources, 1)
	require.Len(t, want[0].Resources[0].Instances, 2)

	var parts [2][]ptrace.Traces
	for n, spans := range all {
		parts[n%2] = append(parts[n%2], batchOf(t, spans...))
	}
	r := newRig(t, listening())
	var came []window.Piece
	for k, b := range parts {
		came = append(came, told(t, fmt.Sprint(k), b...)...)
	}
	slices.SortStableFunc(came, func(a, b window.Piece) int { return cmp.Compare(a.Start, b.Start) })
	next := slices.IndexFunc(came, func(p window.Piece) bool { return p.Start > came[0].Start })
	r.Pieces(came[:next], now())
	r.Metrics(usage, now())
	r.Pieces(came[next:], now())
	assert.Equal(t, want, r.end())
	assert.Empty(t, r.lost)
	assert.Equal(t, len(came)+2, r.points, "the pieces, and the point of a host once for each replica")

	// Half of it may come as spans.
	half := newRig(t, listening())
	other := told(t, "1", parts[1]...)
	next = slices.IndexFunc(other, func(p window.Piece) bool { return p.Start > other[0].Start })
	half.Pieces(other[:next], now())
	for _, b := range parts[0] {
		half.Traces(b, now())
	}
	half.Metrics(usage, now())
	half.Pieces(other[next:], now())
	assert.Equal(t, want, half.end())

	// A tier between tells of the sum.
	var sum []window.Piece
	cfg := listening()
	cfg.Tell = func(s *window.Share) {
		for _, md := range summary.Metrics("between", s) {
			sum = summary.Pieces(sum, md, func(r summary.Reason, n int) { t.Errorf("%d refused: %s", n, r) })
		}
	}
	between := newRig(t, cfg)
	between.Pieces(came, now())
	between.end()
	top := newRig(t, listening())
	top.Pieces(sum, now())
	for k, s := range top.end() {
		w := *want[k]
		w.Resources = nil // they go another way
		assert.Equal(t, &w, s)
	}
	assert.Empty(t, top.lost)
	assert.Equal(t, one.joins.size, top.joins.size, "where replicas run")
}

func TestPieces_areRefusedByReason(t *testing.T) {
	r := newRig(t, listening())
	send := func(p ...window.Piece) { r.Pieces(p, now()) }
	send(piece("a", 1, 0, "web", "GET /"), piece("a", 2, 0, "web", "GET /"), piece("a", 1, 0, "web", "GET /"))
	send(piece("a", 1, 0, "web", "GET /")) // and again, in another batch
	send(piece("b", 1, 0, "web", "GET /")) // of another source it is another
	send(piece("c", 1, 0, "web", "GET /"), piece("d", 1, 0, "web", "GET /"))
	assert.Equal(t, map[string]int{"duplicate": 2, "source_limit": 1}, r.lost)

	clear(r.lost)
	longer, shifted := piece("a", 9, 0, "web", "GET /"), piece("a", 9, time.Second, "web", "GET /")
	longer.End += int64(10 * time.Second)
	send(longer, shifted, piece("a", 9, 48*time.Hour, "web", "GET /"), piece("a", 9, -30*365*24*time.Hour, "web", "GET /"))
	assert.Equal(t, map[string]int{"summary_window": 2, "future": 1, "bad_time": 1}, r.lost)

	clear(r.lost)
	send(piece("a", 1, 10*time.Second, "web", "GET /"), piece("a", 10, 0, "web", "GET /"))
	assert.Empty(t, r.lost, "the later window was told of after the earlier one")
	send(piece("a", 1, 20*time.Second, "web", "GET /"))
	send(piece("b", 1, 0, "web", "GET /"), piece("b", 1, 10*time.Second, "web", "GET /"))
	assert.Equal(t, map[string]int{"late": 2}, r.lost, "each closes when somebody tells of the next")

	snaps := r.end()
	require.Equal(t, []int{0, 10, 20}, starts(snaps))
	for k, want := range []float64{5, 1, 1} {
		assert.Equal(t, want, snaps[k].RPCs[0].Count)
	}
	send(piece("a", 77, time.Hour, "web", "GET /"))
	assert.Len(t, r.snaps, 3, "after the end nothing is taken in")
}

func TestPieces_nobodyIsListenedTo(t *testing.T) {
	r := newRig(t, testConfig())
	r.Pieces([]window.Piece{piece("a", 1, 0, "web", "GET /")}, now())
	assert.Empty(t, r.end())
	assert.Equal(t, map[string]int{"source_limit": 1}, r.lost)
}

// A window that was under way when this process began is whole all the same, as others
// tell of it at its end; of earlier ones they may have told another process.
func TestPieces_ofWindowsBeforeTheStart(t *testing.T) {
	cfg := listening()
	cfg.Guard.Since = at(13 * time.Second)
	r := newRig(t, cfg)
	r.Pieces([]window.Piece{piece("a", 1, 0, "web", "GET /"), piece("a", 1, 10*time.Second, "web", "GET /")}, now())
	assert.Equal(t, []int{10}, starts(r.end()))
	assert.Equal(t, map[string]int{"before_start": 1}, r.lost)
}

// The clock of another that is ahead closes no window.
func TestPieces_doNotMoveTheWatermarkBeyondTheClock(t *testing.T) {
	r := newRig(t, listening())
	r.Pieces([]window.Piece{piece("a", 1, 60*time.Second, "web", "GET /")}, at(4*time.Second))
	r.Pieces([]window.Piece{piece("b", 1, 0, "web", "GET /")}, at(4*time.Second))
	r.Pieces([]window.Piece{piece("b", 1, 70*time.Second, "web", "GET /")}, now())
	assert.Empty(t, r.lost)
	assert.Equal(t, []int{0, 60, 70}, starts(r.end()))
}

func TestPieces_limits(t *testing.T) {
	cfg := listening()
	cfg.Limits.Services, cfg.Limits.OperationsPerService, cfg.Limits.Instances = 2, 1, 1
	r := newRig(t, cfg)
	edge := piece("a", 4, 0, "web", "GET /")
	edge.RPC, edge.Edge = nil, &window.EdgeShare{Count: 1, Key: identity.Edge{
		Caller: identity.RPC{Service: identity.Service{Name: "web"}, Operation: "GET /"},
		Callee: identity.RPC{Service: identity.Service{Name: "web"}, Operation: "GET /more"},
	}}
	other := piece("a", 5, 0, "cart", "GET /")
	other.RPC, other.Replica = nil, &window.ReplicaShare{Instance: identity.Instance{Service: identity.Service{Name: "cart"}, ID: "cart-1"}}
	r.Pieces([]window.Piece{
		piece("a", 1, 0, "web", "GET /"),
		piece("a", 2, 0, "web", "GET /more"), // as other
		piece("a", 3, 0, "cart", "GET /"),    // of a replica that is not told apart
		edge, other,
		piece("a", 6, 0, "stock", "GET /"),
	}, now())
	assert.Equal(t, map[string]int{"service_limit": 1}, r.lost)
	assert.Equal(t, map[string]int{"operation_limit": 2, "instance_limit": 2}, r.notes)
	snaps := r.end()
	require.Len(t, snaps, 1)
	var served []string
	for _, rpc := range snaps[0].RPCs {
		served = append(served, rpc.Key.Service.Name+" "+rpc.Key.Operation+" "+rpc.Instances[0].ID)
	}
	assert.Equal(t, []string{"cart GET / ", "web GET / web-0", "web other web-0"}, served)
	require.Len(t, snaps[0].Edges, 1)
	assert.Equal(t, identity.Other, snaps[0].Edges[0].Key.Callee.Operation)
}

// In whatever order sources are heard, the windows are the same to the last bit, also
// where weights are no integers and sums are rounded.
func TestPieces_theOrderDoesNotMatter(t *testing.T) {
	var came []window.Piece
	for _, source := range []string{"a", "b", "c"} {
		for k := range uint64(200) {
			p := piece(source, k, 0, fmt.Sprint("s", k%5), "GET /")
			p.RPC.Union = 1 / float64(k+uint64(source[0]))
			came = append(came, p)
		}
	}
	var want []*window.Snapshot
	rng := rand.New(rand.NewPCG(1, 1))
	for range 5 {
		r := newRig(t, listening())
		// What one source says of one RPC comes in its order.
		for _, k := range rng.Perm(3) {
			r.Pieces(came[200*k:200*(k+1)], now())
		}
		got := r.end()
		if want == nil {
			want = got
		}
		assert.Equal(t, want, got)
	}
}

// A replica is told of with the window that closes next, and again before listeners
// forget it.
func TestTelling_repeats(t *testing.T) {
	cfg := testConfig()
	cfg.Forget = 120 * time.Second
	var heard []int
	cfg.Tell = func(s *window.Share) { heard = append(heard, len(s.Replicas)) }
	r := newRig(t, cfg)
	for n := range uint64(30) {
		s := root(n+1, time.Duration(n)*time.Second+100*time.Millisecond)
		s.resource = attrs{"host.name": "node", "process.pid": 7}
		r.Traces(batchOf(t, s), now())
	}
	r.end()
	assert.Equal(t, []int{2, 1, 0}, heard, "at 0 and 10 s, when the window that closes at 15 s is told of, and at 20 s")
}

func TestPieces_manyAtOnce(t *testing.T) {
	r := newRig(t, listening())
	r.Start()
	var wg sync.WaitGroup
	for g := range 3 {
		wg.Go(func() {
			for k := range 100 {
				when := time.Duration(k) * 3 * time.Second
				r.Pieces([]window.Piece{piece(fmt.Sprint(g), uint64(k), when.Truncate(10*time.Second), "web", "GET /")}, now())
				r.Traces(batchOf(t, root(uint64(100*g+k+1), when)), now())
			}
		})
	}
	wg.Wait()
	assert.NotEmpty(t, r.end())
}
