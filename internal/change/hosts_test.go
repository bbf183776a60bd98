package change

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
)

// Windows as in TestLedger. What runs on a host is news where it is more than one replica.
func TestLedger_hosts(t *testing.T) {
	for _, c := range []struct {
		name string
		film []string
		want []string
	}{
		{"in the first windows all is new", []string{"2 a*2%h1 b*2%h1", "2 a*2%h1 b*2%h2", "6 a*2%h1 b*2%h2"}, nil},
		{"and in the first that say hosts", []string{"6 a*2 b*2", "9 a*2%h1 b*2%h2"}, nil},
		{"nor is that of a service that begins to say them", []string{"6 a*2%h1 b*2", "9 a*2%h1 b*2%h2"}, nil},
		{"replicas move to a host", []string{"6 a*2%h1 b*2%h1", "5 a*2%h1+h2 b*2%h1+h2"}, []string{"7 hosts_new h2 of 1 since 6 with a b"}},
		{"seen once it is not new", []string{"6 a*2%h1 b*2%h1", "1 a*2%h1 b*2%h2", "9 a*2%h1 b*2%h1"}, nil},
		{"one replica after the other", []string{"6 a*2%h1 b*2%h1", "2 a*2%h1+h2 b*2%h1", "5 a*2%h1+h2 b*2%h1+h2"}, []string{"8 hosts_new h2 of 1 since 6 with a b"}},
		{"too late to be news", []string{"6 a*2%h1 b*2%h1", "4 a*2%h1+h2 b*2%h1", "9 a*2%h1+h2 b*2%h1+h2"}, nil},
		{"one replica alone is a replica", []string{"6 a*2%h1+h2 b*2%h1", "9 a*2%h1+h3 b*2%h1"}, nil},
		{"a new service is what is new", []string{"6 a*2%h1", "9 a*2%h1 b*2%h2"}, []string{"7 service_new b since 6"}},
		{"on a new host with others both are", []string{"6 a*2%h1", "9 a*2%h1+h2 b*2%h2"}, []string{"7 hosts_new h2 of 1 since 6 with a b", "7 service_new b since 6"}},
		{"hosts that come at once are said at once, and that they bring more than a replica each", []string{"6 a*7%h0", "5 a*14%h0+h1+h2+h3+h4+h5+h6"}, []string{
			"7 hosts_new h1,h2,h3,h4,h5 of 6 since 6 with a",
			"10 replicas a since 6 7>14",
		}},
		{"a host that is gone takes its replicas along", []string{"6 a*4%h1+h2 b*4%h1+h2", "9 a*2%h1 b*2%h1"}, []string{"8 hosts_gone h2 of 1 since 6 with a b"}},
		{"and again where they are elsewhere", []string{"6 a*4%h1+h2 b*4%h1+h2", "9 a*4%h1 b*4%h1"}, []string{"8 hosts_gone h2 of 1 since 6 with a b"}},
		{"who loses more than that says so", []string{"6 a*4%h1+h2 b*4%h1+h2", "12 a*1%h1 b*2%h1"}, []string{
			"8 hosts_gone h2 of 1 since 6 with a b", "12 replicas a since 6 4>1",
		}},
		{"services that ran there alone go with it, and come back with it", []string{"6 a*2%h1 d%h1 b*2%h2 c%h2", "5 a*2%h1 d%h1", "5 a*2%h1 d%h1 b*2%h2 c%h2"}, []string{
			"8 hosts_gone h2 of 1 since 6 with b c", "12 hosts_new h2 of 1 since 11 with b c back",
		}},
		{"back elsewhere is news", []string{"6 a*2%h1 d%h1 b*2%h2 c%h2", "5 a*2%h1 d%h1", "5 a*2%h1 d%h1 b*2%h1"}, []string{
			"8 hosts_gone h2 of 1 since 6 with b c", "12 service_new b since 11 back",
		}},
		{"a service alone on its host is what is gone", []string{"6 a*2%h1 b*2%h2", "5 a*2%h1", "5 a*2%h1 b*2%h2"}, []string{
			"8 service_gone b since 6", "12 service_new b since 11 back",
		}},
		{"silence of most is silence of the telemetry", []string{"6 a*2%h1 b%h2 c%h2 d%h2", "9 a*2%h1"}, nil},
		{"unless one is called in vain", []string{"6 a*2%h1 b%h2 c%h2 d%h2", "9 a*2%h1 >b:7/6"}, []string{"8 hosts_gone h2 of 1 since 6 with b c d"}},
		{"nobody says hosts any more", []string{"6 a*2%h1 b*2%h2", "9 a*2 b*2"}, nil},
		{"it is not gone while one that runs there is measured", []string{"6 a*4%h1+h2 b*4%h1+h2", "9 a*2%h1 b*2%h1 ~b#r1:container.cpu.usage"}, []string{
			"12 replicas a since 6 4>2", "12 replicas b since 6 4>2",
		}},
		{"nor while that is so every other window", []string{
			"6 a*4%h1+h2 b*4%h1+h2", "1 a*2%h1 b*2%h1", "1 a*2%h1 b*2%h1 ~b#r1:cpu", "2 a*2%h1 b*2%h1", "1 a*2%h1 b*2%h1 ~b#r1:cpu", "2 a*2%h1 b*2%h1", "1 a*2%h1 b*2%h1 ~b#r1:cpu",
		}, []string{"12 replicas a since 6 4>2", "12 replicas b since 6 4>2"}},
		{"after which it is", []string{"6 a*4%h1+h2 b*4%h1+h2", "2 a*2%h1 b*2%h1 ~b#r1:cpu", "9 a*2%h1 b*2%h1"}, []string{"10 hosts_gone h2 of 1 since 6 with a b"}},
		{"what watches the cluster knows of those that are gone", []string{"6 a*4%h1+h2 b*4%h1+h2", "9 a*2%h1 b*2%h1 ~b#r1:container.restarts"}, []string{"8 hosts_gone h2 of 1 since 6 with a b"}},
		{"one elsewhere says nothing of it", []string{"6 a*4%h1+h2 b*4%h1+h2", "9 a*2%h1 b*2%h1 ~b#r0:cpu"}, []string{"8 hosts_gone h2 of 1 since 6 with a b"}},
		{"a replica says none", []string{"6 a*2%h1+h2 b%h2", "9 a#r0%h1 a#r1 b%h1"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, watch(NewLedger(rules()), film(t, 0, c.film...)))
		})
	}
}

// A host that comes and goes is said ever less often, and so are hosts with ever new
// names: what lies in between is said as one. Of those that come, and of those that go,
// there is at most one line for each doubling of the wait from 3 windows to 160, and
// one for every 160 windows.
func TestLedger_hostsThatComeAndGo(t *testing.T) {
	const n, most = 800, 160
	cfg := rules()
	cfg.ForgetAfter = most
	lines := 2 * (2 + bits.Len(most/3) + n/most)
	for _, k := range []int{4, 5, 8, 18} {
		for name, host := range map[string]func(i int) string{
			"the same":   func(int) string { return "x" },
			"ever other": func(i int) string { return fmt.Sprintf("x%d", i) },
		} {
			film := film(t, 0, "6 a*2%h1")
			for i := range n / (2 * k) {
				for range k {
					film = append(film, picture(t, len(film), "a*4%h1+"+host(i)))
				}
				for range k {
					film = append(film, picture(t, len(film), "a*2%h1"))
				}
			}
			l := NewLedger(cfg)
			said, named := 0, 0
			for _, w := range film {
				for _, c := range l.Observe(w) {
					if len(c.Hosts) > 0 {
						said++
						named += c.Count
					}
				}
			}
			assert.LessOrEqual(t, said, lines, "%s, %d windows", name, k)
			assert.Positive(t, said)
			if name == "ever other" {
				held := l.spacing[0].Held.Count + l.spacing[1].Held.Count
				assert.Equal(t, 2*(n/(2*k)), named+held+l.pending(), "none is lost")
			}
		}
	}
}

// pending counts the hosts that will be gone if they stay silent.
func (l *Ledger) pending() int {
	n := 0
	for _, h := range l.hosts {
		if h.There && h.Silent > 0 {
			n++
		}
	}
	return n
}

// What is held is known to incidents at once, and after a quiet time all is said at once
// again.
func TestLedger_hostsHeld(t *testing.T) {
	l := NewLedger(rules())
	said := watch(l, film(t, 0, "6 a*2%h1", "2 a*4%h1+h2", "2 a*6%h1+h2+h3", "1 a*6%h1+h2+h3", "19 a*6%h1+h2+h3", "4 a*8%h1+h2+h3+h4"))
	assert.Equal(t, []string{
		"7 hosts_new h2 of 1 since 6 with a",
		"10 hosts_new h3 of 1 since 8 with a",
		"31 hosts_new h4 of 1 since 30 with a",
	}, hostLines(said), "the second must wait for 3 windows after the first")
	of := []identity.Service{{Name: "a"}}
	known := l.Between(of, moment(8*size), moment(8*size))
	require.NotEmpty(t, known)
	assert.Equal(t, HostsNew, known[0].Kind)
	assert.Equal(t, 9*size+size, known[0].Noticed.UnixNano(), "before it was said")
	assert.True(t, known[0].Concerns(of[0]))
	assert.False(t, known[0].Concerns(identity.Service{}))
}

// Law: what is not said is told of hosts. A host of a system goes, and a service stops
// everywhere; then all is back. Every service that is silent, and is back, is said by
// itself or with the host, and by one of them where all of it ran there; whoever has
// fewer replicas says so, or lost some with the host.
func TestLedger_nothingIsLost(t *testing.T) {
	const services, hosts = 9, 4
	folded, alone := 0, 0
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 3))
		runs := make(map[string][]int) // hosts of the replicas
		for s := range services {
			for range 1 + rng.IntN(3) {
				runs[fmt.Sprintf("s%d", s)] = append(runs[fmt.Sprintf("s%d", s)], rng.IntN(hosts))
			}
		}
		down, stopped := map[int]bool{rng.IntN(hosts): true}, map[string]bool{fmt.Sprintf("s%d", rng.IntN(services)): true}
		left := func(s string, some bool) (up []int) {
			for _, h := range runs[s] {
				if !some || !down[h] && !stopped[s] {
					up = append(up, h)
				}
			}
			return up
		}
		scene := func(some bool) string {
			var b strings.Builder
			for s := range services {
				name := fmt.Sprintf("s%d", s)
				for i, h := range left(name, some) {
					fmt.Fprintf(&b, " %s#%d.%d%%h%d", name, h, i, h)
				}
			}
			return b.String()
		}
		l := NewLedger(rules())
		watch(l, film(t, 0, "10"+scene(false)))
		said := func(from int, some bool, kind, ofHosts Kind) (byItself, byHosts map[string]bool, replicas map[string]Change) {
			byItself, byHosts, replicas = map[string]bool{}, map[string]bool{}, map[string]Change{}
			for _, w := range film(t, from, "20"+scene(some)) {
				for _, c := range l.Observe(w) {
					switch c.Kind {
					case kind:
						byItself[c.Service.Name] = true
					case ofHosts:
						for _, s := range c.Services {
							byHosts[s.Name] = true
						}
					case Replicas:
						replicas[c.Service.Name] = c
					default:
						t.Errorf("seed %d: %s", seed, short(&c))
					}
				}
			}
			return byItself, byHosts, replicas
		}
		gone, with, fewer := said(10, true, ServiceGone, HostsGone)
		back, came, _ := said(30, false, ServiceNew, HostsNew)
		for s := range services {
			name := fmt.Sprintf("s%d", s)
			was, is := len(left(name, false)), len(left(name, true))
			if is > 0 {
				assert.False(t, gone[name] || back[name], "seed %d: %s was there", seed, name)
				_, tells := fewer[name]
				assert.True(t, is == was || tells || with[name], "seed %d: %s has fewer replicas", seed, name)
				continue
			}
			assert.True(t, gone[name] || with[name], "seed %d: %s is gone", seed, name)
			assert.True(t, back[name] || came[name], "seed %d: %s is back", seed, name)
			if !stopped[name] {
				assert.False(t, gone[name] && with[name], "seed %d: %s is gone twice", seed, name)
			}
			if gone[name] {
				alone++
			} else {
				folded++
			}
		}
	}
	assert.Greater(t, folded, 20)
	assert.Greater(t, alone, 20)
}

// An incident that begins when a host vanishes must know of it before that is certain: the
// last window with requests of it may be violated already.
func TestLedger_hostsThatMayBeGone(t *testing.T) {
	cfg := rules()
	cfg.GoneAfter = 5
	of := []identity.Service{{Name: "a"}}
	for _, c := range []struct {
		name   string
		film   []string
		silent []string
	}{
		{"silent for two windows", []string{"6 a*4%h1+h2", "2 a*2%h1"}, []string{"h2"}},
		{"for one", []string{"6 a*4%h1+h2", "1 a*2%h1"}, nil},
		{"it was before", []string{"6 a*4%h1+h2", "2 a*2%h1", "1 a*4%h1+h2", "4 a*2%h1"}, nil},
		{"never for so long", []string{"6 a*4%h1+h2", "1 a*2%h1", "1 a*4%h1+h2", "3 a*2%h1"}, []string{"h2"}},
		{"seen too rarely", []string{"6 a*2%h1", "2 a*4%h1+h2", "2 a*2%h1"}, nil},
		{"one replica", []string{"6 a*2%h1+h2 b*2%h1", "2 a%h1 b*2%h1"}, nil},
	} {
		l := NewLedger(cfg)
		watch(l, film(t, 0, c.film...))
		var got []string
		for _, c := range l.Between(of, moment(0), moment(30*size)) {
			if c.Kind == HostsGone {
				got = append(got, c.Hosts...)
				assert.True(t, c.Noticed.IsZero())
			}
		}
		assert.Equal(t, c.silent, got, c.name)
	}
	l := NewLedger(cfg)
	watch(l, film(t, 0, "6 a*4%h1+h2", "2 a*2%h1"))
	perhaps := l.Between(of, moment(0), moment(5*size))
	require.Len(t, perhaps, 1, "nothing was seen of it from window 6 on, so that it went in 5")
	assert.Empty(t, l.Between(of, moment(0), moment(4*size)))
	watch(l, film(t, 8, "4 a*2%h1"))
	certain := l.Between(of, moment(0), moment(5*size))
	require.NotEmpty(t, certain)
	assert.Equal(t, perhaps[0].ID, certain[0].ID)
	assert.Equal(t, 11*size, certain[0].Noticed.UnixNano())
}

func hostLines(said []string) []string {
	var out []string
	for _, s := range said {
		if strings.Contains(s, " hosts_") {
			out = append(out, s)
		}
	}
	return out
}

func TestSpacing(t *testing.T) {
	cfg := Config{GoneAfter: 3, ForgetAfter: 40}
	var s spacing
	var at, counts []int
	for i := range 200 {
		c := Change{}
		if i < 150 {
			c = Change{Kind: HostsNew, Count: 1, Hosts: []string{fmt.Sprintf("h%03d", 200-i)}}
		}
		if say, now := s.admit(c, cfg); now {
			at, counts = append(at, i), append(counts, say.Count)
			assert.LessOrEqual(t, len(say.Hosts), maxNamed)
			assert.IsIncreasing(t, append(say.Hosts, "z"))
		}
	}
	assert.Equal(t, []int{0, 3, 9, 21, 45, 85, 125, 165}, at, "3, 6, 12, 24, 40, 40 windows")
	assert.Equal(t, []int{1, 3, 6, 12, 24, 40, 40, 24}, counts)
	for range 80 {
		s.admit(Change{}, cfg)
	}
	_, now := s.admit(Change{Count: 1}, cfg)
	assert.True(t, now)
	assert.Equal(t, 3, s.Wait, "after twice 40 windows without any it begins anew")
}

// A host that came twice while that was held is one.
func TestSpacing_twice(t *testing.T) {
	cfg := Config{GoneAfter: 3, ForgetAfter: 40}
	hosts := func(names ...string) Change { return Change{Kind: HostsNew, Count: len(names), Hosts: names} }
	var s spacing
	_, now := s.admit(hosts("x"), cfg)
	require.True(t, now)
	s.admit(hosts("x", "y"), cfg)
	s.admit(hosts("b", "x"), cfg)
	say, now := s.admit(Change{}, cfg)
	require.True(t, now)
	assert.Equal(t, []string{"b", "x", "y"}, say.Hosts)
	assert.Equal(t, 3, say.Count)
}

func TestLedger_boundsHosts(t *testing.T) {
	cfg := rules()
	cfg.MaxItems = 8
	l := NewLedger(cfg)
	watch(l, film(t, 0, "1 a*4%h1+h2+h3+h4"))
	assert.Equal(t, 8, l.items, "the operation and 4 replicas of a, h1 with a, h2")
	assert.Equal(t, 3, l.Refused(), "a on h2, h3, h4")

	l = NewLedger(rules())
	watch(l, film(t, 0, "6 a b%h1*2", "60 a"))
	assert.Empty(t, l.hosts)
	assert.Equal(t, 1, l.items, "the operation of a")

	var many strings.Builder
	for i := range 60 {
		fmt.Fprintf(&many, " s%d*2%%h1", i)
	}
	cfg.MaxItems, cfg.MaxServices = 1000, 100
	l = NewLedger(cfg)
	watch(l, film(t, 0, "6 a*2%h2"+many.String(), "1 a*2%h2"+many.String()))
	watch(l, film(t, 7, "4 a*2%h2"+strings.ReplaceAll(many.String(), "%h1", "%h3")))
	require.NotEmpty(t, l.log)
	for _, c := range l.log {
		assert.Len(t, c.Services, maxHosted)
	}
}

// A state of before there were hosts is read, and hosts settle.
func TestUnmarshalBinary_version1(t *testing.T) {
	source := NewLedger(rules())
	watch(source, film(t, 0, "6 a*2 b*2", "3 a@v2*2 b*2"))
	b, err := source.MarshalBinary()
	require.NoError(t, err)
	l := NewLedger(rules())
	require.NoError(t, l.UnmarshalBinary(append([]byte(magic1), b[len(magic):]...)))
	assert.Equal(t, []string{
		"15 hosts_new h3 of 1 since 14 with a b", "16 hosts_gone h2 of 1 since 14 with a b",
	}, watch(l, film(t, 9, "5 a@v2*2%h1+h2 b*2%h1+h2", "3 a@v2*2%h1+h3 b*2%h1+h3")))
}
