package rca

import "slices"

// flow is how seconds come up to the entry: for each node the caller through which it waits
// longest for every second that a visit of the node takes longer. Along a path from the entry
// that is the product of what each caller waits per second of its call, see slope: of a store
// that many services share, the path on which its slow queries are.
type flow struct {
	via    []int     // server node of that caller, -1 where there is none
	weight []float64 // seconds per second, on the way through via
	hops   []int     // on that way
}

func newFlow(r *reach) flow {
	n := len(r.g.Nodes)
	f := flow{via: slices.Repeat([]int{-1}, n), weight: make([]float64, n), hops: make([]int, n)}
	f.weight[r.entry] = 1
	return f
}

// sameFlow is the relative difference of two flows that are as good as equal.
const sameFlow = 1e-6

// add says that an RPC, of which all callers were added before, waits slope seconds per second
// for node n. Of equal ways the shorter one counts, and then the first one.
func (f *flow) add(rpc, n int, slope float64) {
	w, hops := f.weight[rpc]*slope, f.hops[rpc]+1
	if !(w > 0) {
		return
	}
	least, most := f.weight[n]*(1-sameFlow), f.weight[n]*(1+sameFlow)
	if w > most || w >= least && hops < f.hops[n] {
		f.via[n], f.weight[n], f.hops[n] = rpc, w, hops
	}
}

// pathTo lists the services from the entry to a channel: on the way on which most of the excess
// of a suspect comes, and the shortest where nothing is known of that.
func (d *diagnosis) pathTo(channel int, u *suspect) []string {
	key := d.r.g.Channels[channel]
	to := key.Service
	if key.IsNetwork() {
		to = key.Edge.Callee.Service
	}
	if u != nil && !d.r.causal(channel) && len(u.absorbed) > 0 { // it holds what requests of that service wait for
		return append(d.r.pathTo(u.absorbed[0]), to.String())
	}
	if u != nil {
		for _, p := range u.parts { // largest first
			if p.node < 0 {
				continue
			}
			path := d.path(p.node)
			if at := lastIndex(path, to.String()); at >= 0 {
				return path[:at+1]
			}
		}
	}
	return d.r.pathTo(channel)
}

func lastIndex(path []string, name string) int {
	for i, x := range slices.Backward(path) {
		if x == name {
			return i
		}
	}
	return -1
}

// path lists the services from the entry to node n on the way of the flow.
func (d *diagnosis) path(n int) []string {
	if d.d.flow.via == nil {
		return d.r.path(n)
	}
	return d.r.along(n, func(n int) int {
		if v := d.d.flow.via[n]; v >= 0 {
			return v
		}
		return d.r.toward[n]
	})
}
