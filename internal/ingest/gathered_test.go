package ingest

import (
	"fmt"
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// room is what the tests leave for what others tell.
const room = 3 << 20

// flooded is a configuration in which names are bounded by little.
func flooded(sources int) Config {
	cfg := testConfig()
	cfg.Limits.Sources, cfg.Limits.Gathered = sources, room
	cfg.Limits.Services, cfg.Limits.OperationsPerService, cfg.Limits.Instances = 50, 50, 500
	return cfg
}

// inUse is what is in use.
func inUse() int64 {
	runtime.GC()
	runtime.GC() // what the first has put on the way to be let go
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// wide is a sketch of all octaves that there are.
func wide() *sketch.Sketch {
	k := new(sketch.Sketch)
	k.Add(1, 1)
	k.Add(math.MaxInt64, 1)
	return k
}

// Whatever others tell takes no more than the room for it, counted and on the heap, and
// who tells little is heard all the same.
func TestAFloodOfWhatOthersTell(t *testing.T) {
	name := func(n int) string { return fmt.Sprintf("%0250d", n) }
	for what, flood := range map[string]func(n int) window.Piece{
		"names that are folded": func(n int) window.Piece {
			return piece("flood", uint64(n), 0, "0", name(n))
		},
		"edges": func(n int) window.Piece {
			p := piece("flood", uint64(n), 0, "", "")
			called := func(n int) identity.RPC {
				return identity.RPC{Service: identity.Service{Name: fmt.Sprint(n % 50)}, Operation: fmt.Sprint(n / 50)}
			}
			p.RPC, p.Edge = nil, &window.EdgeShare{Key: identity.Edge{Caller: called(n % 2500), Callee: called(n / 2500)}, Count: 1, Client: p.RPC.Latency}
			return p
		},
		"wide sketches of replicas": func(n int) window.Piece {
			p := piece("flood", uint64(n), 0, fmt.Sprint(n%50), fmt.Sprint(n/50%50))
			p.RPC.Instances[0] = window.InstanceShare{ID: fmt.Sprint(n), Count: 1, Version: name(n), Latency: wide()}
			return p
		},
		"types of errors": func(n int) window.Piece {
			p := piece("flood", uint64(n), 0, fmt.Sprint(n%50), fmt.Sprint(n/50%50))
			p.RPC.ErrorTypes = []window.ErrorWeight{{Type: name(n), Weight: 1}}
			return p
		},
		"sources": func(n int) window.Piece {
			return piece(fmt.Sprint("flood", n%50), uint64(n), 0, "0", fmt.Sprint(n%50))
		},
		"sources and windows": func(n int) window.Piece {
			return piece(fmt.Sprint("flood", n%50), uint64(n), time.Duration(n/50%30)*10*time.Second, "0", "GET /")
		},
	} {
		t.Run(what, func(t *testing.T) {
			r := newRig(t, flooded(51))
			before, peak, used := inUse(), int64(0), int64(0)
			const pieces, batch = 120_000, 60
			for n := 0; n < pieces; n += batch {
				all := make([]window.Piece, 0, batch)
				for k := range batch {
					all = append(all, flood(n+k))
				}
				r.Pieces(all, at(0)) // at which no window can close
				if held := r.gathered.held; held > peak+peak/8 {
					peak, used = held, max(used, inUse()-before)
				}
			}
			assert.LessOrEqual(t, peak, int64(room))
			assert.Greater(t, peak, int64(room/3), "else the bound was not reached")
			// Objects have sizes of classes, and maps are half full after they have grown: half
			// as much again. Names that are admitted, of which there are 2,500 operations, served
			// and called, 500 replicas and 51 sources, are bounded on their own.
			const names = 3 << 19
			assert.Less(t, used, 3*peak/2+names)
			assert.Positive(t, r.lost["summary_limit"])

			r.Pieces([]window.Piece{piece("honest", 1, 0, "0", "GET /")}, at(0))
			assert.NotNil(t, r.gathered.open[at(0).UnixNano()]["honest"].window)
			r.Pieces([]window.Piece{piece("honest", 3, 400*time.Second, "0", "GET /")}, now())
			r.end()
			assert.Zero(t, r.gathered.held, "what is handed on is let go")
			assert.Empty(t, r.gathered.tellers)
		})
	}
}

// A source that tells too much is not heard of that window, all of what it told, and of
// the next it is.
func TestPieces_wholeOrNotAtAll(t *testing.T) {
	cfg := flooded(3)
	cfg.Limits.Gathered = 64 << 10
	r := newRig(t, cfg)
	const more = 100 // a request takes a kilobyte
	for n := range more {
		r.Pieces([]window.Piece{piece("loud", uint64(n), 0, fmt.Sprint("s", n%50), fmt.Sprint(n/50))}, now())
		if n == 3 {
			r.Pieces([]window.Piece{piece("quiet", 1, 0, "web", "GET /")}, now())
		}
	}
	assert.Equal(t, map[string]int{"summary_limit": more}, r.lost)
	r.Pieces([]window.Piece{piece("loud", 1, 10*time.Second, "web", "GET /")}, now())
	snaps := r.end()
	require.Equal(t, []int{0, 10}, starts(snaps))
	require.Len(t, snaps[0].RPCs, 1, "only quiet is heard")
	assert.Equal(t, 1.0, snaps[0].RPCs[0].Count)
	require.Len(t, snaps[1].RPCs, 1)
}

// Of a window on which nobody is heard nothing is said, as of one of which nobody tells.
func TestPieces_nobodyIsHeard(t *testing.T) {
	cfg := flooded(3)
	cfg.Limits.Gathered = 8000 // less than a sketch
	r := newRig(t, cfg)
	p := piece("loud", 1, 0, "web", "GET /")
	p.RPC.Exclusive = wide()
	r.Pieces([]window.Piece{p, piece("loud", 1, 10*time.Second, "web", "GET /")}, now())
	assert.Equal(t, map[string]int{"summary_limit": 1}, r.lost)
	assert.Equal(t, []int{10}, starts(r.end()))
}

// Whoever holds most gives way: of n sources one that holds an n-th of the room, or less,
// is heard.
func TestGathered_whoHoldsMostGivesWay(t *testing.T) {
	g := newGathered(10, 100_000, 100)
	told := func(name string, start int64, n int) int {
		s := g.open[start][name]
		if s == nil {
			s = g.begin(start, name)
		}
		if s.window == nil {
			return 0
		}
		s.known[uint64(len(s.known))] = struct{}{}
		return g.grew(s, n)
	}
	heard := func(name string, start int64) bool { return g.open[start][name].window != nil }
	for range 10 {
		assert.Zero(t, told("a", 0, 2000)) // 21,344 bytes in the end
		assert.Zero(t, told("b", 0, 2000))
		assert.Zero(t, told("c", 0, 2000))
	}
	assert.EqualValues(t, 3*(sourceBytes+10*(2000+knownBytes)), g.held)
	assert.Zero(t, told("c", 10, 9000))
	assert.Zero(t, told("flood", 0, 20_000))
	assert.Equal(t, 10, told("flood", 10, 6000), "c holds most, and more in the first window")
	assert.False(t, heard("c", 0))
	assert.True(t, heard("c", 10))
	assert.Zero(t, told("flood", 10, 6000))
	assert.Equal(t, 3, told("flood", 10, 13_000), "now it is flood, and more in the second window")
	assert.False(t, heard("flood", 10))
	assert.True(t, heard("flood", 0) && heard("a", 0) && heard("b", 0) && heard("c", 10))
	assert.LessOrEqual(t, g.held, g.room)
	assert.Equal(t, 1, told("d", 0, 100_000), "what has no room alone is itself not heard")
	assert.False(t, heard("d", 0))
}

// Of what others say of a replica a tier between tells on what says where it runs.
func TestPieces_whatIsToldOn(t *testing.T) {
	cfg := flooded(3)
	var heard []window.ReplicaShare
	cfg.Tell = func(s *window.Share) { heard = append(heard, s.Replicas...) }
	r := newRig(t, cfg)
	p := piece("a", 1, 0, "web", "GET /")
	p.RPC, p.Replica = nil, &window.ReplicaShare{
		Instance:   identity.Instance{Service: identity.Service{Name: "web"}, ID: "web-0"},
		Attributes: []window.Attribute{{Key: "host.name", Value: "node"}, {Key: "whatever", Value: "x"}},
	}
	r.Pieces([]window.Piece{p}, now())
	r.end()
	require.Len(t, heard, 1)
	assert.Equal(t, []window.Attribute{{Key: "host.name", Value: "node"}}, heard[0].Attributes)
}
