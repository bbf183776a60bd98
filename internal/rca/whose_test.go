package rca

import (
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// spreadCalls spreads 90 calls over three replicas of caller and callee each, "a-1" to "a-3" on
// hosts "h1" to "h3", and counts those that are late between which two.
func spreadCalls(caller, callee string, late func(from, to int) bool) lateness {
	x := lateness{edge: edge(caller, callee)}
	for side, name := range [...]string{caller, callee} {
		for i := 1; i <= 3; i++ {
			n := strconv.Itoa(i)
			x.ends[side] = append(x.ends[side], end{replica: identity.Instance{Service: svc(name), ID: name + "-" + n}, host: "h" + n})
		}
	}
	for from := range 3 {
		for to := range 3 {
			t := tally{0, 10}
			if late(from+1, to+1) {
				t.late = 10
			}
			x.ends[0][from].add(t)
			x.ends[1][to].add(t)
			x.all.add(t)
		}
	}
	return x
}

func TestPlaceOf(t *testing.T) {
	never := func(int, int) bool { return false }
	to1 := func(_, to int) bool { return to == 1 }
	from1 := func(from, _ int) bool { return from == 1 }
	touching1 := func(from, to int) bool { return from == 1 || to == 1 }
	reaching1 := func(from, to int) bool { return (from == 1) != (to == 1) }
	always := func(int, int) bool { return true }
	for name, c := range map[string]struct {
		all  []lateness
		want whose // nowhere: what a service or a link explains as well
	}{
		"nobody": {[]lateness{spreadCalls("f", "a", never)}, whose{}},
		"what a replica answers": {
			[]lateness{spreadCalls("f", "a", to1), spreadCalls("f", "b", never), spreadCalls("a", "b", never)}, whose{service: svc("a"), id: "a-1"},
		},
		"what a replica asks and answers": {
			[]lateness{spreadCalls("f", "a", to1), spreadCalls("f", "b", never), spreadCalls("a", "b", from1)}, whose{service: svc("a"), id: "a-1"},
		},
		"all of a service": {
			[]lateness{spreadCalls("f", "a", always), spreadCalls("f", "b", never), spreadCalls("a", "b", always)}, whose{},
		},
		"a link": {
			[]lateness{spreadCalls("f", "a", always), spreadCalls("f", "b", never), spreadCalls("a", "b", never)}, whose{},
		},
		"all that leaves or reaches a host": {
			[]lateness{spreadCalls("f", "a", reaching1), spreadCalls("f", "b", reaching1), spreadCalls("a", "b", reaching1)}, whose{host: "h1"},
		},
		"calls within the host too": {
			[]lateness{spreadCalls("f", "a", touching1), spreadCalls("f", "b", touching1), spreadCalls("a", "b", touching1)}, whose{host: "h1"},
		},
		"what a host asks": {
			[]lateness{spreadCalls("f", "a", from1), spreadCalls("f", "b", from1), spreadCalls("a", "b", from1)}, whose{host: "h1"},
		},
		"one replica on a host of others that are well": {
			[]lateness{spreadCalls("f", "a", never), spreadCalls("f", "b", to1), spreadCalls("a", "b", to1)}, whose{service: svc("b"), id: "b-1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := placeOf(c.all)
			assert.Equal(t, c.want != whose{}, ok)
			if ok {
				assert.Equal(t, c.want, got.whose)
				assert.InDelta(t, 1, got.share, 1e-9, "all of its calls are late")
			}
		})
	}
}

// Where services have one replica each, the host of two of them explains what the two do
// not: late is what a and b have to do with the others, and not what those do.
func TestPlaceOf_oneReplicaEach(t *testing.T) {
	one := func(caller, callee string, late float64) lateness {
		host := map[string]string{"a": "h1", "b": "h1", "f": "h2", "c": "h2"}
		x := lateness{edge: edge(caller, callee), all: tally{late, 50}}
		for side, name := range [...]string{caller, callee} {
			x.ends[side] = []end{{x.all, identity.Instance{Service: svc(name), ID: name}, host[name]}}
		}
		return x
	}
	got, ok := placeOf([]lateness{one("f", "a", 50), one("f", "b", 50), one("f", "c", 0), one("a", "c", 50), one("b", "c", 50), one("a", "b", 0)})
	require.True(t, ok)
	assert.Equal(t, whose{host: "h1"}, got.whose)
	assert.False(t, got.within)
	_, ok = placeOf([]lateness{one("f", "a", 50), one("f", "b", 0), one("f", "c", 0), one("a", "c", 50), one("b", "c", 0), one("a", "b", 50)})
	assert.False(t, ok, "a alone: it is the service that has this replica alone")
}

// By hand, with s = 0.01: 3 of 10 late where half are, P(late) = 0.505.
func TestLikelier(t *testing.T) {
	assert.InDelta(t, 3*math.Log(0.505/0.01)+7*math.Log(0.495/0.99), likelier(tally{3, 10}, 0.5), 1e-12)
	assert.Zero(t, likelier(tally{3, 10}, 0))
	assert.InDelta(t, 10*math.Log(0.99/0.01), likelier(tally{10, 10}, 1), 1e-12)
}

// gapsAt are calls by replica of which so many take long ms more than the others, 1 ms.
func gapsAt(name string, long int64, late ...float64) []window.Gap {
	var out []window.Gap
	for i, n := range late {
		g := window.Gap{ID: name + "-" + strconv.Itoa(i+1)}
		g.Calls[window.Octave(1e6)] += 100 - n
		g.Calls[window.Octave(long*1e6)] += n
		out = append(out, g)
	}
	return out
}

// front calls a, b and c, each of which runs three times. What a-1 and b-1, on node-1, are
// asked takes 100 ms more, and db answers a-1 late.
func TestDiagnose_networkOfAHost(t *testing.T) {
	const long = 100
	third := func(v float64) [3]float64 { return [3]float64{v, 0, 0} }
	for name, c := range map[string]struct {
		a, b, asks [3]float64 // late calls of 100 each: to replicas of a and b, and of replicas of a to db
		hosts      bool
		kind       Kind
		instance   string
	}{
		"a host":                   {third(100), third(100), third(100), true, KindHost, ""},
		"nobody knows the hosts":   {third(100), third(100), third(100), false, KindInstance, "a-1"},
		"one replica":              {third(100), third(0), third(100), true, KindInstance, "a-1"},
		"of which a third is late": {third(33), third(0), third(33), true, KindInstance, "a-1"},
		"all of a service":         {[3]float64{33, 34, 33}, third(0), [3]float64{34, 33, 33}, true, KindService, ""},
	} {
		t.Run(name, func(t *testing.T) {
			toA, toB, toDB := edge("front", "a"), edge("front", "b"), edge("a", "db")
			in, rec := incident(fanout(), func(*world) {})
			rec.later(1, long*1e-3, gap("front", "a"), client("front", "a"), client("a", "db"), served("a"), served("front"))
			if c.b != third(0) {
				rec.later(1, long*1e-3, gap("front", "b"), client("front", "b"))
			}
			sum := func(v [3]float64) float64 { return (v[0] + v[1] + v[2]) / 3 }
			in.Snapshot.Edges = []window.Edge{
				{Key: toDB, Callers: gapsAt("a", 10+long, c.asks[:]...)},
				{Key: toA, Callers: gapsAt("front", 2+long, sum(c.a), sum(c.a), sum(c.a)), Callees: gapsAt("a", 2+long, c.a[:]...)},
				{Key: toB, Callers: gapsAt("front", 2+long, sum(c.b), sum(c.b), sum(c.b)), Callees: gapsAt("b", 2+long, c.b[:]...)},
			}
			in.Snapshot.RPCs = nil
			for _, name := range []string{"a", "b", "front"} {
				r := window.RPC{Key: op(name), Count: 300}
				for _, n := range []string{"1", "2", "3"} {
					i := window.Instance{ID: name + "-" + n, Count: 100, Latency: sketched(100, 0.1)}
					if c.hosts && name != "front" {
						i.Host = "node-" + n
					}
					r.Instances = append(r.Instances, i)
				}
				in.Snapshot.RPCs = append(in.Snapshot.RPCs, r)
			}
			v := diagnose(in, Config{}.withDefaults(), rec, nil)
			require.False(t, v.Abstained, v.Reason)
			first := v.Culprits[0]
			assert.Equal(t, Network, first.Mechanism)
			assert.Equal(t, c.kind, first.Kind, "%v", v.Culprits)
			assert.Equal(t, c.instance, first.Instance)
			if !c.hosts {
				require.Len(t, v.Culprits, 2)
				assert.Equal(t, "b-1", v.Culprits[1].Instance)
			}
			if c.kind == KindHost {
				require.Len(t, v.Culprits, 1)
				assert.Equal(t, svc("a"), first.Service, "most calls of which are late")
				assert.Equal(t, "node-1", first.Host)
				assert.Equal(t, []identity.Service{svc("b")}, first.Neighbours)
				assert.Equal(t, "100% of calls from and to host node-1 are late, nearly none of others; on node-1 b too", first.Evidence[0])
			}
			sound(t, v)
		})
	}
}
