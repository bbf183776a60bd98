package engine

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// requestsPerEntry of a window of a scenario.
const requestsPerEntry = 40

// world is the system of a scenario: who calls whom, once per request and one after
// another.
type world struct {
	entries []string
	calls   map[string][]string
}

// chain adds "front > cart > db": front is an entry.
func (w *world) chain(text string) {
	names := strings.Fields(strings.ReplaceAll(text, ">", " "))
	if !slices.Contains(w.entries, names[0]) {
		w.entries = append(w.entries, names[0])
	}
	if w.calls == nil {
		w.calls = make(map[string][]string)
	}
	for i := range len(names) - 1 {
		if !slices.Contains(w.calls[names[i]], names[i+1]) {
			w.calls[names[i]] = append(w.calls[names[i]], names[i+1])
		}
	}
}

// conditions are those of one line of windows:
//
//	db=150ms      own time of each request of db; usually 10ms
//	db!8          8 of its requests per window fail, and those that need them
//	db@v2         its version; usually v1
//	db@v1+v2      half of its replicas run each; its own time is that of the latter
//	db*3          its replicas; usually 2
//	db%h1+h2      hosts on which its replicas run in turn; usually none is said
//	-db           it serves nothing: calls to it fail at once, requests to it as an entry
//	              do not come
//	-db=300ms     calls to it fail after so long
//	quiet         no requests at all
//	blame=db:0.9  what a diagnosis finds, "?" is an abstention; usually "?"
//	blame=db%h1:0.9     likewise, that it is its host h1
//	blame.front=db:0.9  for the entry front
type conditions struct {
	quiet    bool
	own      map[string]time.Duration
	failing  map[string]int
	versions map[string][]string
	replicas map[string]int
	hosts    map[string][]string
	gone     map[string]time.Duration // until a call fails
	blame    map[string]string        // by entry, "" for the others
}

func parseConditions(words []string) (conditions, error) {
	c := conditions{
		own: map[string]time.Duration{}, failing: map[string]int{}, versions: map[string][]string{}, replicas: map[string]int{},
		hosts: map[string][]string{}, gone: map[string]time.Duration{}, blame: map[string]string{},
	}
	var err error
	for _, word := range words {
		at := strings.IndexAny(word, "=!@*%")
		switch {
		case word == "quiet":
			c.quiet = true
		case strings.HasPrefix(word, "-"):
			name, after, _ := strings.Cut(word[1:], "=")
			c.gone[name] = time.Millisecond
			if after != "" {
				c.gone[name], err = time.ParseDuration(after)
			}
		case at < 0:
			err = fmt.Errorf("no condition: %q", word)
		case strings.HasPrefix(word, "blame"):
			c.blame[strings.TrimPrefix(word[len("blame"):at], ".")] = word[at+1:]
		case word[at] == '=':
			c.own[word[:at]], err = time.ParseDuration(word[at+1:])
		case word[at] == '!':
			c.failing[word[:at]], err = strconv.Atoi(word[at+1:])
		case word[at] == '@':
			c.versions[word[:at]] = strings.Split(word[at+1:], "+")
		case word[at] == '%':
			c.hosts[word[:at]] = strings.Split(word[at+1:], "+")
		default:
			c.replicas[word[:at]], err = strconv.Atoi(word[at+1:])
		}
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

// tally is what one window of a world sums up.
type tally struct {
	rpcs  map[string]*window.RPC
	edges map[identity.Edge]*window.Edge
}

// picture is window i under conditions.
func (w *world) picture(i int, c *conditions) *window.Snapshot {
	sum := tally{make(map[string]*window.RPC), make(map[identity.Edge]*window.Edge)}
	if !c.quiet {
		for k, entry := range w.entries {
			rng := rand.New(rand.NewPCG(uint64(i), uint64(k)))
			for n := range requestsPerEntry {
				if c.gone[entry] == 0 {
					w.serve(&sum, c, entry, n, rng)
					sum.rpcs[entry].Entries++
				}
			}
		}
	}
	s := &window.Snapshot{Start: start(i), End: start(i + 1)}
	for _, name := range slices.Sorted(maps.Keys(sum.rpcs)) {
		r := sum.rpcs[name]
		r.Exemplar = window.Exemplar{Span: identity.Span{ID: identity.SpanID{1, byte(i), name[0]}}, Duration: int64(r.Latency.Max())}
		r.Typical = window.Exemplar{Span: identity.Span{ID: identity.SpanID{2, byte(i), name[0]}}, Duration: int64(r.Latency.Quantile(0.5))}
		s.RPCs = append(s.RPCs, *r)
	}
	for _, k := range slices.SortedFunc(maps.Keys(sum.edges), identity.Edge.Compare) {
		s.Edges = append(s.Edges, *sum.edges[k])
	}
	return s
}

// serve adds request n of a service, and returns how long it took and whether it
// failed.
func (w *world) serve(sum *tally, c *conditions, name string, n int, rng *rand.Rand) (took int64, failed bool) {
	r := sum.rpcs[name]
	if r == nil {
		r = &window.RPC{Key: rpc(name), Latency: new(sketch.Sketch), Exclusive: new(sketch.Sketch)}
		sum.rpcs[name] = r
	}
	replica := n % max(1, cmpOr(c.replicas[name], 2))
	versions := c.versions[name]
	if len(versions) == 0 {
		versions = []string{"v1"}
	}
	version := versions[replica%len(versions)]
	own := 10 * time.Millisecond
	if d, ok := c.own[name]; ok && version == versions[len(versions)-1] {
		own = d
	}
	mine := int64(float64(own) * (0.9 + 0.2*rng.Float64()))
	failed = n < c.failing[name]
	below := int64(0)
	for _, callee := range w.calls[name] {
		t, bad := w.call(sum, c, name, callee, n, rng)
		below += t
		failed = failed || bad
	}
	r.Count++
	r.Latency.Add(mine+below, 1)
	r.Exclusive.Add(mine, 1)
	r.Union += float64(below)
	r.Sum += float64(below)
	in := instanceOf(r, fmt.Sprintf("%s-%d-%s", name, replica, version), version)
	if hosts := c.hosts[name]; len(hosts) > 0 {
		in.Host = hosts[replica%len(hosts)]
	}
	in.Count++
	in.Latency.Add(mine+below, 1)
	if failed {
		r.Errors++
		in.Errors++
	}
	return mine + below, failed
}

// call adds a call.
func (w *world) call(sum *tally, c *conditions, caller, callee string, n int, rng *rand.Rand) (took int64, failed bool) {
	k := identity.Edge{Caller: rpc(caller), Callee: rpc(callee)}
	e := sum.edges[k]
	if e == nil {
		e = &window.Edge{Key: k, Client: new(sketch.Sketch), Server: new(sketch.Sketch), Network: new(sketch.Sketch), Queue: new(sketch.Sketch)}
		sum.edges[k] = e
	}
	e.Count++
	net := int64(float64(time.Millisecond) * (0.9 + 0.2*rng.Float64()))
	if after := c.gone[callee]; after > 0 {
		e.Errors++
		e.Client.Add(int64(after), 1)
		return int64(after), true
	}
	served, failed := w.serve(sum, c, callee, n, rng)
	e.Matched++
	e.Client.Add(served+net, 1)
	e.Server.Add(served, 1)
	e.Network.Add(net, 1)
	if failed {
		e.Errors++
	}
	return served + net, failed
}

func instanceOf(r *window.RPC, id, version string) *window.Instance {
	for i := range r.Instances {
		if r.Instances[i].ID == id {
			return &r.Instances[i]
		}
	}
	r.Instances = append(r.Instances, window.Instance{ID: id, Version: version, Latency: new(sketch.Sketch)})
	return &r.Instances[len(r.Instances)-1]
}

func cmpOr(a, b int) int {
	if a != 0 {
		return a
	}
	return b
}
