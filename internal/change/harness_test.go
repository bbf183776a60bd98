package change

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

const size = int64(10 * time.Second)

// rules are short: 4 windows to settle, 2 to confirm, 3 of silence.
func rules() Config {
	return Config{Settle: 4, Confirm: 2, GoneAfter: 3, ForgetAfter: 40, MaxServices: 20, MaxItems: 100}
}

// picture is window i with what a text shows, such as "front db/GET@v1#r1 >db:9/8":
// services that serve an operation, at a version, by a replica; and 9 calls to db that
// nobody answers, 8 of which fail. "db*3" is three replicas, and "db*3%h1+h2" three on
// hosts in turn. "~db#r1:cpu" is a metric of a replica.
func picture(t testing.TB, i int, text string) *window.Snapshot {
	t.Helper()
	s := &window.Snapshot{Start: int64(i) * size, End: int64(i+1) * size}
	rpcs := make(map[identity.RPC]*window.RPC)
	var keys []identity.RPC
	for _, f := range strings.Fields(text) {
		if to, ok := strings.CutPrefix(f, ">"); ok {
			name, numbers, _ := strings.Cut(to, ":")
			e := window.Edge{Key: identity.Edge{Caller: rpc("front", "GET"), Callee: rpc(name, "GET")}}
			e.Leaf = strings.Contains(name, ".")
			_, err := fmt.Sscanf(numbers, "%g/%g", &e.Count, &e.Errors)
			require.NoError(t, err)
			s.Edges = append(s.Edges, e)
			continue
		}
		if of, ok := strings.CutPrefix(f, "~"); ok {
			f, metric, _ := strings.Cut(of, ":")
			name, id, _ := strings.Cut(f, "#")
			s.Resources = append(s.Resources, window.Resource{Service: identity.Service{Name: name}, Instances: []window.InstanceValues{
				{ID: id, Values: []window.Value{{Metric: metric, Value: 1}}},
			}})
			continue
		}
		f, places, _ := strings.Cut(f, "%")
		hosts := strings.Split(places, "+")
		f, many, _ := strings.Cut(f, "*")
		f, replica, _ := strings.Cut(f, "#")
		f, version, _ := strings.Cut(f, "@")
		name, operation, _ := strings.Cut(f, "/")
		if operation == "" {
			operation = "GET"
		}
		k := rpc(name, operation)
		if rpcs[k] == nil {
			rpcs[k] = &window.RPC{Key: k, Latency: new(sketch.Sketch)}
			keys = append(keys, k)
		}
		r := rpcs[k]
		n := 1
		if many != "" {
			_, err := fmt.Sscan(many, &n)
			require.NoError(t, err)
		}
		for j := range n {
			id := replica
			if many != "" {
				id = fmt.Sprintf("r%d", j)
			}
			r.Count += 10
			r.Instances = append(r.Instances, window.Instance{ID: id, Version: version, Host: hosts[j%len(hosts)], Count: 10, Latency: new(sketch.Sketch)})
		}
	}
	slices.SortFunc(keys, identity.RPC.Compare)
	for _, k := range keys {
		s.RPCs = append(s.RPCs, *rpcs[k])
	}
	return s
}

func rpc(name, operation string) identity.RPC {
	return identity.RPC{Service: identity.Service{Name: name}, Operation: operation}
}

// film is "10 front db": so many windows of one picture.
func film(t testing.TB, from int, lines ...string) []*window.Snapshot {
	t.Helper()
	var out []*window.Snapshot
	for _, l := range lines {
		n, text, _ := strings.Cut(l, " ")
		times := 0
		_, err := fmt.Sscan(n, &times)
		require.NoError(t, err)
		for range times {
			out = append(out, picture(t, from+len(out), text))
		}
	}
	return out
}

// short is a change with the window that made it certain, and the one since which it is.
func short(c *Change) string {
	of := c.Service.String()
	if c.Count > 0 && len(c.Hosts) > 0 {
		of = fmt.Sprintf("%s of %d", strings.Join(c.Hosts, ","), c.Count)
	}
	text := fmt.Sprintf("%d %s %s since %d", c.Noticed.UnixNano()/size-1, c.Kind, of, c.Since.UnixNano()/size)
	switch c.Kind {
	case Version:
		text += fmt.Sprintf(" %s>%s", c.Old, c.New)
	case Replicas:
		text += fmt.Sprintf(" %d>%d", c.Was, c.Is)
	case OperationsNew, OperationsGone:
		text += fmt.Sprintf(" %s of %d", strings.Join(c.Operations, ","), c.Count)
	case ServiceGone:
		if c.Unanswered > 0 {
			text += fmt.Sprintf(" unanswered %g", c.Unanswered)
		}
	case HostsNew, HostsGone:
		text += " with"
		for _, s := range c.Services {
			text += " " + s.Name
		}
	case ServiceNew:
	}
	if c.Back {
		text += " back"
	}
	return text
}

func watch(l *Ledger, windows []*window.Snapshot) []string {
	var out []string
	for _, w := range windows {
		for _, c := range l.Observe(w) {
			out = append(out, short(&c))
		}
	}
	return out
}
