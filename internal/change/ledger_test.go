package change

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// Windows are counted from 0; 4 settle, 2 confirm, 3 of silence are gone.
func TestLedger(t *testing.T) {
	for _, c := range []struct {
		name string
		film []string
		want []string
	}{
		{"in the first windows all is new", []string{"2 a", "2 a b c", "6 a b c"}, nil},
		{"a service is new after two windows", []string{"5 a b", "5 a b c"}, []string{"6 service_new c since 5"}},
		{"seen once it is not", []string{"5 a b", "1 a b c", "9 a b", "1 a b c", "9 a b"}, nil},
		{"a service is gone after three windows of silence", []string{"6 a b", "9 a"}, []string{"8 service_gone b since 6"}},
		{"not after two, and the next time not after five", []string{"6 a b", "2 a", "2 a b", "4 a", "9 a b"}, nil},
		{"what was gone is back, and must be silent for twice as long", []string{"6 a b", "4 a", "3 a b", "8 a", "9 a b"}, []string{
			"8 service_gone b since 6", "11 service_new b since 10 back",
		}},
		{"silence of most is silence of the telemetry", []string{"6 a b c d", "9 a"}, nil},
		{"unless it is called in vain", []string{"6 a b c d", "9 a >b:7/6"}, []string{"8 service_gone b since 6 unanswered 7"}},
		{"no window at all says nothing", []string{"6 a b", "0 a"}, nil},
		{"a version is news at once", []string{"6 a@v1", "2 a@v1 a@v2", "4 a@v2"}, []string{"6 version a since 6 v1>v2"}},
		{"a rollback is when the new one goes", []string{"6 a@v1", "4 a@v1 a@v2", "6 a@v1"}, []string{
			"6 version a since 6 v1>v2", "12 version a since 10 v2>v1 back",
		}},
		{"a canary that is served rarely is said once", []string{"6 a@v1", "1 a@v1 a@v2", "8 a@v1", "1 a@v1 a@v2", "8 a@v1"}, []string{
			"6 version a since 6 v1>v2",
		}},
		{"a rollout that was soon undone", []string{"6 a@v1", "1 a@v2", "8 a@v1", "6 a@v2"}, []string{
			"6 version a since 6 v1>v2", "9 version a since 7 v2>v1 back", "15 version a since 15 v1>v2 back",
		}},
		{"versions of a service that is new are not news", []string{"5 a", "1 a b@v1", "1 a b@v2", "4 a b@v2"}, []string{"6 service_new b since 5"}},
		{"nor is where none is said", []string{"9 a"}, nil},
		{"operations", []string{"6 a/x", "3 a/x a/y a/z", "5 a/z a/y"}, []string{
			"7 operations_new a since 6 y,z of 2", "11 operations_gone a since 9 x of 1",
		}},
		{"five of many are named", []string{"6 a/x", "2 a/x a/1 a/2 a/3 a/4 a/5 a/6"}, []string{"7 operations_new a since 6 1,2,3,4,5 of 6"}},
		{"operations say nothing while their service is silent", []string{"6 a b/x", "2 a", "4 a b/x"}, nil},
		{"a number of replicas must stand", []string{"6 a*3", "2 a*5", "4 a*3", "5 a*5"}, []string{"16 replicas a since 12 3>5"}},
		{"fewer are seen once those that are gone have not been for three windows", []string{"6 a*3", "7 a*2"}, []string{"12 replicas a since 6 3>2"}},
		{"a rollout is a version, not replicas", []string{"6 a@v1*3", "1 a@v1#r0 a@v2#s0 a@v1#r2", "8 a@v2#s0 a@v2#s1 a@v2#s2"}, []string{"6 version a since 6 v1>v2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, watch(NewLedger(rules()), film(t, 0, c.film...)))
		})
	}
}

func TestLedger_bounds(t *testing.T) {
	cfg := rules()
	cfg.MaxServices, cfg.MaxItems = 2, 5
	l := NewLedger(cfg)
	watch(l, film(t, 0, "1 a@v1*2 b@v1 c"))
	assert.Len(t, l.services, 2)
	assert.Equal(t, 5, l.items, "the operation, version and replicas of a, the version of b")
	assert.Equal(t, 2, l.Refused(), "c, and the operation of b")

	// 70 services come at once: 64 of them are said.
	cfg.MaxServices, cfg.MaxItems = 100, 1000
	l = NewLedger(cfg)
	var many strings.Builder
	for i := range 70 {
		fmt.Fprintf(&many, " s%d", i)
	}
	assert.Len(t, watch(l, film(t, 0, "5 a", "2 a"+many.String())), maxPerWindow)
	assert.Equal(t, 6, l.Refused())
	assert.Len(t, l.log, maxPerWindow)
}

// What is gone is forgotten, and its room is free.
func TestLedger_forgets(t *testing.T) {
	l := NewLedger(rules())
	watch(l, film(t, 0, "6 a b@v1#r1/x", "60 a"))
	assert.Len(t, l.services, 1)
	assert.Equal(t, 1, l.items, "the operation of a")
}

func TestLedger_between(t *testing.T) {
	l := NewLedger(rules())
	watch(l, film(t, 0, "6 a@v1 b@v1", "3 a@v2 b@v1", "3 a@v3 b@v3"))
	at := func(i int64) time.Time { return time.Unix(0, i*size).UTC() }
	of := func(name string, from, to int64) (out []string) {
		for _, c := range l.Between([]identity.Service{{Name: name}}, at(from), at(to)) {
			out = append(out, c.New)
		}
		return out
	}
	assert.Equal(t, []string{"v2", "v3"}, of("a", 6, 9), "both ends count")
	assert.Equal(t, []string{"v3"}, of("a", 7, 20))
	assert.Empty(t, of("a", 0, 5))
	assert.Equal(t, []string{"v3"}, of("b", 0, 20))
	for _, c := range []struct {
		services  string
		from, to  int64
		is, known bool
	}{
		{"a", 0, 5, false, true},
		{"a b", 0, 6, true, true},
		{"b", 0, 6, false, true},
		{"a", -1, 20, true, false}, // before it began
		{"a c", 0, 5, false, true}, // c serves nothing
		{"c", 0, 5, false, false},
	} {
		var services []identity.Service
		for _, n := range strings.Fields(c.services) {
			services = append(services, identity.Service{Name: n})
		}
		is, known := l.Redeployed(services, at(c.from), at(c.to))
		assert.Equal(t, [2]bool{c.is, c.known}, [2]bool{is, known}, "%+v", c)
	}
	assert.Equal(t, 9*size, l.ServedUntil(identity.Service{Name: "a"}, "v2"))
	assert.Zero(t, l.ServedUntil(identity.Service{Name: "a"}, "v7"))
	assert.Zero(t, l.ServedUntil(identity.Service{Name: "c"}, ""))
	assert.True(t, l.Known(identity.Service{Name: "b"}))
	assert.False(t, l.Known(identity.Service{Name: "c"}))
}

func TestLedger_absent(t *testing.T) {
	for _, c := range []struct {
		name, last string
		want       bool
	}{
		{"silent, and called in vain", "a >b:7/6", true},
		{"as its host name", "a >b.shop.svc.cluster.local:7/6", true},
		{"silent, and not called", "a", false},
		{"few calls", "a >b:4/4", false},
		{"most calls succeed, so that its spans are lost", "a >b:7/3", false},
		{"it serves", "a b >b:7/7", false},
	} {
		l := NewLedger(rules())
		watch(l, film(t, 0, "6 a b", "2 "+c.last))
		a, ok := l.Absent(identity.Service{Name: "b"})
		assert.Equal(t, c.want, ok, c.name)
		if ok {
			assert.Equal(t, Absence{Since: time.Unix(0, 6*size).UTC(), Calls: 7, Failed: 6}, a)
		}
	}
	l := NewLedger(rules())
	watch(l, film(t, 0, "6 a", "2 a >c:9/9"))
	_, ok := l.Absent(identity.Service{Name: "c"})
	assert.False(t, ok, "it was never there")
}

func TestCompare(t *testing.T) {
	s := picture(t, 0, "db/a@v1#1 db/a@v2#2 db/b@v1#1 db/b@v2#2 db/c@v2#2")
	fill := func(operation int, old, fresh float64, n int) {
		for i, ms := range []float64{old, fresh} {
			for range n {
				s.RPCs[operation].Instances[i].Latency.Add(int64(ms*1e6), 1)
			}
		}
	}
	fill(0, 100, 200, 20)
	_, ok := Compare(s, identity.Service{Name: "db"}, "v1", "v2", 0.9)
	require.True(t, ok)
	fill(1, 10, 80, 30)
	got, ok := Compare(s, identity.Service{Name: "db"}, "v1", "v2", 0.9)
	require.True(t, ok)
	assert.Equal(t, "b", got.Operation, "of which there is more")
	assert.InEpsilon(t, 0.010, got.Old, 0.03) // the sketch's error
	assert.InEpsilon(t, 0.080, got.New, 0.03)
	for _, v := range []string{"", "v3"} {
		_, ok = Compare(s, identity.Service{Name: "db"}, "v1", v, 0.9)
		assert.False(t, ok)
	}
}

// Requests that stand for 100 are few, whatever their weight.
func TestCompare_sampled(t *testing.T) {
	for _, c := range []struct {
		old, fresh int // that are seen
		weight     float64
		want       bool
	}{
		{20, 20, 1, true},
		{20, 19, 1, false},
		{20, 20, 100, true},
		{20, 19, 100, false},
		{1, 1, 100, false},
		{20, 20, 1 / 0.3, true}, // off by the rounding of weights
	} {
		s := picture(t, 0, "db@v1#1 db@v2#2")
		for i, n := range []int{c.old, c.fresh} {
			in := &s.RPCs[0].Instances[i]
			for range n {
				in.Latency.Add(1e8, c.weight)
				in.Unseen += c.weight - 1
			}
		}
		_, ok := Compare(s, identity.Service{Name: "db"}, "v1", "v2", 0.9)
		assert.Equal(t, c.want, ok, "%d and %d of %v", c.old, c.fresh, c.weight)
	}
}

// life is a system of which parts come and go by chance.
func life(rng *rand.Rand, i int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "a@v1*3%%h0+h%d b#r1%%h%d b#r2%%h9", 1+i/20%3, 1+i/40)
	for _, s := range []string{"c", "d"} {
		if i/25%2 == 0 || rng.IntN(4) == 0 {
			fmt.Fprintf(&b, " %s@v%d#%d%%h%d", s, i/30, rng.IntN(3), 1+i/50+rng.IntN(2))
		} else {
			fmt.Fprintf(&b, " >%s:9/9", s)
		}
		if rng.IntN(8) == 0 {
			fmt.Fprintf(&b, " %s/rare%d", s, rng.IntN(3))
		}
	}
	return b.String()
}

// Law: a ledger that is written and read back after any window says the same as one
// that is not, all IDs differ, and a change is never said before it is.
func TestLedger_survivesStorage(t *testing.T) {
	total, hosts := 0, 0
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, 1))
		a, b := NewLedger(rules()), NewLedger(rules())
		ids := make(map[string]bool)
		for i := range 300 {
			w := picture(t, i, life(rng, i))
			want := a.Observe(w)
			require.Equal(t, fmt.Sprint(want), fmt.Sprint(b.Observe(w)), "seed %d window %d", seed, i)
			for _, c := range want {
				total++
				hosts += len(c.Hosts)
				require.False(t, ids[c.ID], "%s is said twice", short(&c))
				ids[c.ID] = true
				require.True(t, c.Since.Before(c.Noticed), short(&c))
			}
			stored, err := b.MarshalBinary()
			require.NoError(t, err)
			b = NewLedger(rules())
			require.NoError(t, b.UnmarshalBinary(stored))
			again, err := b.MarshalBinary()
			require.NoError(t, err)
			require.Equal(t, stored, again)
		}
	}
	assert.Greater(t, total, 150)
	assert.Greater(t, hosts, 20)
}

// Law: what flaps is said ever less often. A service that is there in every second
// stretch of n windows is said at most twice for each doubling of the silence.
func TestLedger_doesNotRepeatItself(t *testing.T) {
	for _, n := range []int{3, 5, 9} {
		l := NewLedger(rules())
		var lines []string
		for range 200 / n {
			lines = append(lines, fmt.Sprintf("%d a b", n), fmt.Sprintf("%d a", n))
		}
		assert.LessOrEqual(t, len(watch(l, film(t, 0, lines...))), 2, "stretches of %d", n)
	}
}

func TestUnmarshalBinary_refuses(t *testing.T) {
	source := NewLedger(rules())
	watch(source, film(t, 0, "6 a@v1%h1 b", "3 a@v2%h1"))
	good, err := source.MarshalBinary()
	require.NoError(t, err)
	for name, b := range map[string][]byte{
		"nothing": nil, "text": []byte("{}"), "another version": append([]byte("sage changes \x00"), good[len(magic):]...),
		"magic alone": []byte(magic), "cut short": good[:len(good)-5],
	} {
		l := NewLedger(rules())
		watch(l, film(t, 0, "1 z"))
		require.Error(t, l.UnmarshalBinary(b), name)
		assert.True(t, l.Known(identity.Service{Name: "z"}), "%s: the state stays", name)
	}
	cfg := rules()
	cfg.MaxServices, cfg.MaxItems = 1, 1
	l := NewLedger(cfg)
	require.NoError(t, l.UnmarshalBinary(good))
	assert.Len(t, l.services, 1)
	assert.Equal(t, 1, l.items)
	assert.Positive(t, l.Refused())
}

func FuzzUnmarshalBinary(f *testing.F) {
	source := NewLedger(rules())
	watch(source, film(f, 0, "6 a@v1#r1%h1 b#r1%h1", "3 a@v2*2%h1+h2", "4 a@v2*2%h1"))
	good, err := source.MarshalBinary()
	require.NoError(f, err)
	f.Add(good)
	f.Add(append([]byte(magic1), good[len(magic):]...))
	f.Add([]byte(magic))
	w := []*window.Snapshot{picture(f, 20, "a@v3*2%h3 c >b:9/9"), picture(f, 21, "a@v3*2%h3 c >b:9/9")}
	f.Fuzz(func(_ *testing.T, b []byte) {
		l := NewLedger(rules())
		if l.UnmarshalBinary(b) == nil {
			watch(l, w) // whatever was accepted can be used
		}
	})
}

func TestNewLedger_panicsWithoutRules(t *testing.T) {
	assert.Panics(t, func() { NewLedger(Config{}) })
	assert.NotPanics(t, func() { NewLedger(Default(1)) })
}
