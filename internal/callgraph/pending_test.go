package callgraph

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
)

// Each step adds a span or advances, and says how many spans wait afterwards.
func TestAssembler_Advance(t *testing.T) {
	type step struct {
		do   string
		want int
	}
	tests := map[string][]step{
		"a rooted trace waits for the root's end, not for what comes after": {
			{"1 - S web / 0-100", 1}, {"2 1 R mail Send 90-150", 2}, {"99", 2}, {"100", 0},
		},
		"a trace without a root waits for its last end": {
			{"2 1 C web Get 10-60", 1}, {"3 2 S cart Get 20-50", 2}, {"59", 2}, {"60", 0},
		},
		"more of it puts that off": {
			{"3 2 S cart Get 20-50", 1}, {"2 1 C web Get 10-60", 2}, {"50", 2}, {"60", 0},
		},
		"a root may bring it forward": {
			{"2 1 R mail Send 80-150", 1}, {"100", 1}, {"1 - S web / 0-90", 2}, {"100", 0},
		},
		"not what is no part of it yet, and still being told of": {
			{"3 2 S cart Get 80-150", 1}, {"1 - S web / 0-90", 2}, {"100", 1}, {"149", 1}, {"150", 0},
		},
		"but what had ended by then": {
			{"3 2 S cart Get 80-95", 1}, {"1 - S web / 0-90", 2}, {"100", 0},
		},
		"and nothing beyond MaxAge": {
			{"3 2 S cart Get 80-150", 1}, {"1 - S web / 0-90", 2}, {"4 2 S cart Get 80-5000", 3}, {"100", 2}, {"1149", 2}, {"1150", 0},
		},
		"of several roots the last counts": {
			{"1 - S web / 0-50", 1}, {"2 - S web / 0-80", 2}, {"50", 2}, {"80", 0},
		},
		"nothing waits for more than MaxAge after its first end": {
			{"1 - S web / 0-5000", 1}, {"2 1 C web Get 10-60", 2}, {"1059", 2}, {"1060", 0},
		},
		"what comes later is a trace of its own": {
			{"1 - S web / 0-100", 1}, {"100", 0}, {"2 1 C web Get 10-60", 1}, {"100", 0},
		},
		"time that runs backwards resolves nothing": {
			{"1 - S web / 0-100", 1}, {"50", 1}, {"-7", 1}, {"100", 0},
		},
	}
	cfg := roomy
	cfg.MaxAge = 1000
	for name, steps := range tests {
		t.Run(name, func(t *testing.T) {
			a := New(cfg, &recorder{})
			for _, s := range steps {
				if f := strings.Fields(s.do); len(f) == 1 {
					a.Advance(number(t, f[0]))
				} else {
					add(a, parse(t, f))
				}
				require.Equal(t, s.want, a.Pending(), "after %q", s.do)
			}
		})
	}
}

func TestAssembler_tracesBeyondTheBoundAreRefused(t *testing.T) {
	cfg := roomy
	cfg.MaxTrace = 2
	assert.Equal(t, expect(`
		serve web / d=100 own=90 calls=10 t=100 entry
		serve web / d=100 own=100 calls=0 t=100 entry
		call web / > x a client=10 server=-1 t=100 leaf
		count trace_limit 1
	`), play(t, cfg, `
		1   - S web /  0-100
		2   1 C web a 10-20 peer=x
		3   1 C web b 30-40 peer=x
		2.1 - S web /  0-100
	`))
}

func TestAssembler_theOldestTraceGivesWay(t *testing.T) {
	cfg := roomy
	cfg.MaxPending = 3
	var r recorder
	a := New(cfg, &r)
	for _, l := range []string{
		"5.1 - S web / 0-500", "3.1 - S web / 0-300", "5.2 5.1 C web a 10-20 peer=x", "4.1 - S web / 0-10",
	} {
		add(a, parse(t, strings.Fields(l)))
	}
	assert.Equal(t, 2, a.Pending())
	assert.Equal(t, expect(`
		serve web / d=500 own=490 calls=10 t=500 entry
		call web / > x a client=10 server=-1 t=500 leaf
		count pending_limit 2
	`), r.lines())
}

// The index against a model of it: a slice that is searched.
func TestPending_agreesWithASearch(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	p := newPending(100)
	type entry struct{ first, last, root int64 }
	model := make(map[byte]entry)
	for step := range 20_000 {
		if rnd.IntN(3) > 0 {
			id := byte(rnd.IntN(40))
			s := Span{ID: identity.Span{Trace: identity.TraceID{id}, ID: identity.SpanID{1}}, End: int64(step/10 + rnd.IntN(200))}
			if rnd.IntN(4) > 0 {
				s.Parent = identity.SpanID{2}
			}
			require.True(t, p.add(&s, nil, 1000))
			e, ok := model[id]
			if !ok {
				e = entry{s.End, s.End, -1}
			}
			e.first, e.last = min(e.first, s.End), max(e.last, s.End)
			if s.Parent == (identity.SpanID{}) {
				e.root = max(e.root, s.End)
			}
			model[id] = e
			continue
		}
		now := int64(step / 10)
		var want, got []int64
		for id, e := range model {
			due := e.last
			if e.root >= 0 {
				due = e.root
			}
			if due = min(due, e.first+100); due <= now {
				want = append(want, due<<8|int64(id))
				delete(model, id)
			}
		}
		slices.Sort(want)
		for tr := p.next(now); tr != nil; tr = p.next(now) {
			got = append(got, tr.due(100)<<8|int64(tr.id[0]))
			p.remove(tr)
		}
		require.Equal(t, want, got, "by time, then id")
	}
}
