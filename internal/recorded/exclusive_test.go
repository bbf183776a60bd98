package recorded

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// TestExclusive computes own times of a caller that takes 100, 200, 300 (p50, p95,
// p99) and makes n calls of a request to a callee that takes 20, 40, 60.
func TestExclusive(t *testing.T) {
	front, back := identity.Service{Name: "front"}, identity.Service{Name: "back"}
	l := link{front, back}
	three := func(a, b, c float64) quantiles {
		return newQuantiles(quantile{0.5, a}, quantile{0.95, b}, quantile{0.99, c})
	}
	at := func(caller, callee quantiles) *frame {
		f := newFrame(0, 1)
		f.served[front] = &served{count: 100, latency: caller}
		f.served[back] = &served{count: 100, latency: callee}
		return f
	}
	usual := at(three(100, 200, 300), three(20, 40, 60))
	for name, c := range map[string]struct {
		n              float64
		caller, callee quantiles
		want           quantiles
	}{
		"usual":                    {1, three(100, 200, 300), three(20, 40, 60), three(80, 160, 240)},
		"usual, few calls":         {0.02, three(100, 200, 300), three(20, 40, 60), three(100-0.04*20, 200-0.4*40, 240)},
		"waits for its callee":     {1, three(150, 250, 350), three(70, 90, 110), three(80, 160, 240)},
		"waits twice":              {2, three(200, 300, 400), three(70, 90, 110), three(79, 159.5, 240)}, // interpolated in logarithms
		"slow itself":              {1, three(150, 280, 400), three(20, 40, 60), three(130, 240, 340)},
		"both":                     {1, three(250, 350, 450), three(70, 90, 110), three(130, 210, 290)},
		"hardly more than callee":  {1, three(180, 300, 400), three(70, 90, 110), three(80, 160, 240)},
		"one slow call of two":     {2, three(100, 200, 400), three(20, 40, 160), three(80, 132.3, 240)}, // the tail alone, once: p97.5 of the calls rose by 27.7
		"few requests wait":        {0.02, three(100, 210, 600), three(220, 240, 360), three(100-0.04*20-8, 200-16-70, 240)},
		"faster callee":            {1, three(100, 200, 300), three(1, 2, 3), three(80, 160, 240)}, // owes nothing
		"never below 5 %":          {1, three(100, 200, 300), three(500, 900, 990), three(5, 10, 15)},
		"callee has no latency":    {1, three(150, 280, 400), nil, three(130, 240, 340)},
		"caller has no latency":    {1, nil, three(20, 40, 60), nil},
		"callee of another caller": {0, three(100, 200, 300), three(500, 900, 990), three(100, 200, 300)},
	} {
		y := &system{links: []link{l}, perRequest: map[link]float64{l: c.n}}
		y.usual = y.newUsual([]*frame{usual})
		got := y.exclusive(at(c.caller, c.callee), front)
		if !assert.Len(t, got, len(c.want), name) {
			continue
		}
		for i, p := range c.want {
			assert.Equal(t, feature.Quantiles[i], p.order)
			assert.InDelta(t, p.ns, got[i].ns, 0.05, "%s, p%g", name, 100*p.order)
		}
	}

	y := &system{links: []link{l}, perRequest: map[link]float64{l: 1}, detached: map[link]bool{l: true}}
	y.usual = y.newUsual([]*frame{usual})
	assert.Equal(t, three(100, 200, 300), y.exclusive(at(three(100, 200, 300), three(500, 900, 990)), front), "nobody waits")

	y = &system{links: []link{l}, perRequest: map[link]float64{l: 1}}
	y.usual = y.newUsual(nil)
	assert.Equal(t, three(100, 200, 300), y.exclusive(usual, front), "nothing usual: all of it is new")
	assert.Nil(t, y.exclusive(usual, identity.Service{Name: "other"}))
}

// Of the call nothing but the median is recorded, which rose by 100 of the 400 that the
// caller's median rose by: a quarter of what its tail rose by is the call's, and may be half.
func TestExclusive_noTail(t *testing.T) {
	front, back := identity.Service{Name: "front"}, identity.Service{Name: "back"}
	l := link{front, back}
	at := func(caller, call quantiles, loose bool) *frame {
		f := newFrame(0, 1)
		f.served[front] = &served{count: 100, latency: caller}
		f.called[l] = &called{client: call, loose: loose}
		return f
	}
	three := func(a, b, c float64) quantiles {
		return newQuantiles(quantile{0.5, a}, quantile{0.95, b}, quantile{0.99, c})
	}
	usual := at(three(1000, 2000, 3000), three(20, 40, 60), true)
	y := &system{links: []link{l}, perRequest: map[link]float64{l: 1}}
	y.usual = y.newUsual([]*frame{usual})
	now := func(loose bool) quantiles {
		return y.exclusive(at(three(1400, 3000, 4600), three(120, 140, 160), loose), front)
	}
	want := three(1000-20+200, 2000-40+500, 3000-60+800)
	got := now(true)
	for i := range want {
		assert.InDelta(t, want[i].ns, got[i].ns, 1e-9)
	}
	assert.InDelta(t, 3000-60+1400, now(false)[2].ns, 1e-9, "its tail is known: 100")
}

// TestSystem_calls shares out what a callee served among two callers: 30 and 10
// requests with 1 and 3 calls each would be 30 and 30 calls.
func TestSystem_calls(t *testing.T) {
	s := func(name string) identity.Service { return identity.Service{Name: name} }
	a, b := link{s("a"), s("x")}, link{s("b"), s("x")}
	y := &system{links: []link{a, b}, perRequest: map[link]float64{a: 1, b: 3}}
	f := newFrame(0, 1)
	f.served[s("a")], f.served[s("b")] = &served{count: 30}, &served{count: 10}
	assert.Empty(t, y.calls(f), "the callee is missing")
	f.served[s("x")] = &served{count: 120}
	assert.Equal(t, map[link]float64{a: 60, b: 60}, y.calls(f))
	f.served[s("b")].count = 0
	assert.Equal(t, map[link]float64{a: 120}, y.calls(f))
	delete(f.served, s("a"))
	assert.Empty(t, y.calls(f), "who called is not known")
}
