package ingest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// visits sends n requests of the shop, one every 300 ms, each changed as change says, and
// returns the windows.
func visits(t *testing.T, n int, change func(k int, spans []sp) []sp) []*window.Snapshot {
	t.Helper()
	r := newRig(t, asByDefault())
	c := newClient(1)
	for k := range n {
		spans := c.request(time.Duration(k+1)*300*time.Millisecond, shop(k%80 == 0))
		r.Traces(batchOf(t, change(k, spans)...), now())
	}
	snaps := r.end()
	assert.Empty(t, r.spans)
	return snaps
}

func unchanged(_ int, spans []sp) []sp { return spans }

// sameShape asserts that the windows show the same requests and calls, as often.
func sameShape(t *testing.T, want, got []*window.Snapshot) {
	t.Helper()
	rpcs, edges := totals(want)
	others, others2 := totals(got)
	assert.Equal(t, edges, others2)
	require.Len(t, others, len(rpcs))
	for key, w := range rpcs {
		g := others[key]
		require.NotNil(t, g, "%v", key)
		assert.InDelta(t, w.count, g.count, 0, "%v", key)
		assert.InDelta(t, w.entries, g.entries, 0, "%v", key)
	}
}

// quantiles are what distributions of own time are compared at.
var quantiles = []float64{0.05, 0.25, 0.5, 0.75, 0.95, 1}

// sketchError is twice the relative error of a quantile: docs/math.md, 2.
const sketchError = 0.022

// most returns how many calls of the callers' side a request of a service makes at most.
func most(spans []sp, service string) int {
	n := 0
	for _, s := range spans {
		if s.service == service && (s.kind == ptrace.SpanKindClient || s.kind == ptrace.SpanKindProducer) {
			n++
		}
	}
	return n
}

// Own time is the length of a request without the union of n calls, that is of 2 + 2 n ends,
// each of which changes it by what it moves at most. Where times are rounded to u, starts
// and ends both downwards, all ends move by u/2 and by u/2 more or less: all together
// changes nothing, so own time changes by (1+n) u at most. Where starts and durations
// are rounded to the nearest, starts move by u/2 and ends by u: by 1.5 (1+n) u. What moves
// all values by so much moves their quantiles by no more.
func TestLaw_roundedTimes(t *testing.T) {
	const n, u = 400, time.Millisecond
	exact := visits(t, n, unchanged)
	sample := newClient(1).request(0, shop(true))
	for name, round := range map[string]func(s *sp){
		"ends downwards": func(s *sp) { s.start, s.end = s.start.Truncate(u), s.end.Truncate(u) },
		"starts and durations": func(s *sp) {
			took := (s.end - s.start).Round(u)
			s.start = s.start.Round(u)
			s.end = s.start + took
		},
	} {
		t.Run(name, func(t *testing.T) {
			zero := 0
			got := visits(t, n, func(_ int, spans []sp) []sp {
				for i := range spans {
					if round(&spans[i]); spans[i].start == spans[i].end {
						zero++
					}
				}
				return spans
			})
			require.Greater(t, zero, 2*n, "many spans take no time")
			sameShape(t, exact, got)
			want, _ := totals(exact)
			rounded, _ := totals(got)
			for key, w := range want {
				bound := 1.5 * float64(1+most(sample, key.Service.Name)) * float64(u)
				for _, q := range quantiles {
					x := w.own.Quantile(q)
					assert.InDelta(t, x, rounded[key].own.Quantile(q), bound+sketchError*x+sketchError*bound, "%v at %v", key, q)
				}
			}
		})
	}
}

// The clock of each service is off by up to 50 ms. Own time is by one clock, that of the
// service, and stays exactly as it is; also of a service that tells of its calls only, whose
// request takes as long as the clock of the caller says. Only where calls have no spans of
// their own, and are known by the clock of the callee, do they lose what lies outside
// of the request by the two clocks: own time grows by the difference of the two at most.
func TestLaw_skewedClocks(t *testing.T) {
	const n = 400
	want := visits(t, n, unchanged)
	for seed := range uint64(5) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 2))
			off := make(map[string]time.Duration)
			for _, s := range newClient(1).request(0, shop(true)) {
				if _, ok := off[s.service]; !ok {
					off[s.service] = time.Duration(rnd.Int64N(int64(100*time.Millisecond))) - 50*time.Millisecond
				}
			}
			got := visits(t, n, func(_ int, spans []sp) []sp {
				for i := range spans {
					spans[i].start += off[spans[i].service]
					spans[i].end += off[spans[i].service]
				}
				return spans
			})
			sameShape(t, want, got)
			exact, _ := totals(want)
			skewed, _ := totals(got)
			apart := float64((off["plain"] - off["under"]).Abs())
			for key, w := range exact {
				g := skewed[key]
				for _, q := range quantiles {
					x, y := w.own.Quantile(q), g.own.Quantile(q)
					if key.Service.Name != "plain" {
						assert.InDelta(t, x, y, 0, "%v at %v", key, q)
						continue
					}
					assert.GreaterOrEqual(t, y, x*(1-sketchError), "%v at %v", key, q)
					assert.LessOrEqual(t, y, (x+apart)*(1+sketchError), "%v at %v", key, q)
				}
			}
		})
	}
}

// Of spans that are lost, requests and calls are missing that they tell of: a request for
// its SERVER or CONSUMER span, a call for any span from the request that makes it to the
// one that answers. Nothing else is there than before, and nothing else is an entry.
func TestLaw_lostSpans(t *testing.T) {
	const before, n, loss = 50, 2000, 0.05
	rnd := rand.New(rand.NewPCG(3, 3))
	rpcs, edges := totals(visits(t, before, unchanged))
	got := visits(t, before+n, func(k int, spans []sp) []sp {
		if k < before {
			return spans
		}
		kept := slices.DeleteFunc(spans, func(sp) bool { return rnd.Float64() < loss })
		newRemains(kept).addTo(rpcs, edges)
		return kept
	})
	served, calls := totals(got)
	require.Len(t, served, len(rpcs), "no operation is new")
	for key, w := range rpcs {
		if assert.Contains(t, served, key) {
			assert.InDelta(t, w.count, served[key].count, 0, "%v", key)
		}
	}
	require.Len(t, calls, len(edges), "no call is new")
	for key, w := range edges {
		if assert.Contains(t, calls, key) {
			if key.Caller.Service.Name == "plain" { // which never tells of a call: times tell of what is lost
				assert.GreaterOrEqual(t, calls[key].count, w.count, "%v", key)
				assert.LessOrEqual(t, calls[key].count, served[key.Callee].count, "%v", key)
				continue
			}
			assert.InDelta(t, w.count, calls[key].count, 0, "%v", key)
			assert.Equal(t, w.leaf, calls[key].leaf, "%v", key)
		}
	}
	page, torn := rpcOf("web", "web/Page"), 0
	for _, s := range got {
		assert.Equal(t, []identity.RPC{page}, feature.Structure(s).Entries)
		for i := range s.RPCs {
			if r := &s.RPCs[i]; r.Key != page && 2*r.Entries >= r.Count {
				torn++
			}
		}
	}
	assert.Positive(t, torn, "windows in which nobody seems to call an operation")
}

// remains are what is left of the spans of one request.
type remains struct {
	byID  map[uint64]sp
	below map[uint64][]sp
	all   []sp
}

func newRemains(spans []sp) *remains {
	t := &remains{byID: make(map[uint64]sp), below: make(map[uint64][]sp), all: spans}
	for _, s := range spans {
		t.byID[s.id] = s
		t.below[s.parent] = append(t.below[s.parent], s)
	}
	return t
}

// nameOf is what a span serves or calls.
func nameOf(s sp) identity.RPC {
	switch {
	case s.kind == ptrace.SpanKindConsumer:
		return rpcOf("bill", "process orders")
	case s.kind == ptrace.SpanKindProducer:
		return rpcOf("kafka:orders", "publish orders")
	case s.attrs["rpc.method"] != nil:
		service := s.attrs["rpc.service"].(string)
		return rpcOf(service, service+"/"+s.attrs["rpc.method"].(string))
	}
	return rpcOf("mysql", s.attrs["db.query.summary"].(string))
}

func serves(s sp) bool {
	return s.kind == ptrace.SpanKindServer || s.kind == ptrace.SpanKindConsumer
}

func calls(s sp) bool { return s.kind == ptrace.SpanKindClient || s.kind == ptrace.SpanKindProducer }

// request returns for whom a span works, if all spans up to there are left.
func (t *remains) request(s sp) (identity.RPC, bool) {
	p, ok := t.byID[s.parent]
	switch {
	case serves(s):
		return nameOf(s), true
	case !ok:
		return identity.RPC{}, false
	case p.service != s.service: // rate tells of its calls only
		return nameOf(p), true
	}
	return t.request(p)
}

// answer returns who answers a call: the first span of another service below it.
func (t *remains) answer(s sp) (sp, bool) {
	below := t.below[s.id]
	switch {
	case len(below) == 0:
		return sp{}, false
	case below[0].service == s.service:
		return t.answer(below[0])
	}
	return below[0], true
}

// addTo counts the requests and calls.
func (t *remains) addTo(rpcs map[identity.RPC]*served, edges map[identity.Edge]called) {
	add := func(caller, callee identity.RPC) {
		e := edges[identity.Edge{Caller: caller, Callee: callee}]
		e.count++
		edges[identity.Edge{Caller: caller, Callee: callee}] = e
	}
	for _, s := range t.all {
		caller, known := t.request(t.byID[s.parent])
		p := t.byID[s.parent]
		if p.id == 0 {
			known = false
		}
		if serves(s) {
			rpcs[nameOf(s)].count++
			if known && !calls(p) {
				add(caller, nameOf(s)) // plain tells of no calls
			}
			continue
		}
		if !calls(s) {
			continue
		}
		if caller, known = t.request(s); p.id != 0 && calls(p) && p.service == s.service {
			continue // part of the call above
		}
		below, answered := t.answer(s)
		switch callee := nameOf(s); {
		case callee.Service.Name == "rate":
			rpcs[callee].count++
			answered = true
		case callee.Service.Name == "mysql":
			answered = true
		case s.kind == ptrace.SpanKindProducer:
			if known && answered {
				add(caller, nameOf(below))
			}
			answered = true
		}
		if known && answered {
			add(caller, nameOf(s))
		}
	}
}
