package simulate

import "time"

// tree builds small applications for tests.
type tree struct{ app App }

// host adds a host and returns its index.
func (t *tree) host(cores float64) int {
	t.app.Hosts = append(t.app.Hosts, Host{Name: "h", Cores: cores, DiskRate: 1, MemoryMiB: 16384})
	return len(t.app.Hosts) - 1
}

// service adds a service and returns its index.
func (t *tree) service(s Service) int {
	t.app.Services = append(t.app.Services, s)
	return len(t.app.Services) - 1
}

// rpc adds an RPC and returns its index.
func (t *tree) rpc(r RPC) int {
	t.app.RPCs = append(t.app.RPCs, r)
	return len(t.app.RPCs) - 1
}

// entry adds an entry.
func (t *tree) entry(rpc int, rate float64) {
	t.app.Entries = append(t.app.Entries, Entry{RPC: rpc, Rate: rate})
}

// to is a plain call.
func to(rpc int) Call { return Call{RPC: rpc, Probability: 1, Times: 1, Pool: -1} }

// ms is a constant number of milliseconds.
func ms(v float64) Dist { return Dist{Mean: v / 1e3} }

// chain is n services on hosts of their own, each calling the next.
func chain(n int, rate float64) *App {
	t := tree{}
	t.app.Link = Link{Delay: Dist{Mean: 0.0005, CV: 0.3}, RTO: 200 * time.Millisecond}
	next := -1
	for range n {
		h := t.host(4)
		svc := t.service(Service{Name: "s", Hosts: []int{h}, CPULimit: 2})
		r := RPC{Service: svc, CPU: Dist{Mean: 0.002, CV: 0.5}, AllocMiB: 0.1}
		if next >= 0 {
			r.Steps = []Step{{Calls: []Call{to(next)}}}
		}
		next = t.rpc(r)
	}
	t.entry(next, rate)
	return &t.app
}
