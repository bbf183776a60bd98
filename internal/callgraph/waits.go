package callgraph

// waitShare is the share of a request that a call which waits must exceed for the
// request to be one that passes the wait on.
const waitShare = 0.5

// wait finds the requests that wait rather than work. One span of a call may be the
// only one that says so: who asks for a stream of events knows, and so does who sends
// them, but a proxy between the two often records neither. So
//
//   - a request waits where its own span says so, or that of the call it answers;
//   - a request passes a wait on where more than half of it is a call of a request that
//     waits. A call of what nobody's span answers says nothing: to wait for the stream
//     of a dependency may be the work.
//
// It comes after match, and only where any span of the trace says anything.
func (f *fragment) wait() {
	if !f.streams {
		return
	}
	for i := range f.nodes {
		n := &f.nodes[i]
		n.waits = n.serves && n.span.stream
		if c := f.above(int32(i)); n.serves && c != none && f.nodes[c].server == int32(i) && !f.nodes[c].async {
			n.waits = n.waits || f.nodes[c].span.stream
		}
	}
	for k := len(f.order) - 1; k >= 0; k-- { // callees before callers
		i := f.order[k]
		n := &f.nodes[i]
		if !f.begins(i) || n.async || n.server == none || !f.nodes[n.server].waits || n.request < 0 {
			continue
		}
		if o := &f.nodes[n.request]; float64(n.clipped) > waitShare*float64(o.span.duration()) {
			o.waits = true
		}
	}
}
