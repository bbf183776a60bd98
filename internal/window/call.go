package window

import (
	"github.com/sage-rca/sage/internal/callgraph"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
)

// calls accumulates the calls along one edge.
type calls struct {
	key identity.Edge

	answered, waited               bool // any call was not Leaf, not Async
	stream, count, matched, errors float64
	within, share, ahead, offset   float64
	client, server, network, queue sketch.Sketch // network: as Edge.Network, see around.go
	requests, again                sketch.Sketch
	callers, callees               gaps
	// What exemplars go by. While that is, of every call, what the caller saw, it
	// is what client holds, and shown is empty.
	shown     sketch.Sketch
	apart     bool // shown differs from client
	types     errorTypes
	exemplars exemplars
}

func (a *calls) add(c *callgraph.Call, f *Folder) {
	w := weight(c.Weight)
	a.answered = a.answered || !c.Leaf
	a.waited = a.waited || !c.Async
	if c.Stream {
		a.stream += w
		return
	}
	a.count += w
	if c.Error {
		a.errors += w
		a.types.add(c.ErrorType, w)
	}
	a.within += w * float64(c.Within)
	a.share += w * float64(c.Share)
	a.offset += w * float64(c.Offset)
	d := shown(c)
	if d >= 0 && d != c.Client {
		a.part()
	}
	if c.Client >= 0 {
		a.settle()
		a.client.Add(c.Client, w)
	}
	if c.Client >= 0 && c.Server >= 0 {
		a.matched += w
		a.server.Add(c.Server, w)
		if !c.Async {
			a.network.Add(c.Client-c.Server, w)
			octave := Octave(c.Client - c.Server)
			a.callers.add(c.CallerReplica, octave, w, f.names)
			a.callees.add(c.CalleeReplica, octave, w, f.names)
		}
	} else if c.Leaf && c.Client >= 0 {
		a.callers.add(c.CallerReplica, Octave(c.Client), w, f.names)
	} else if c.Client < 0 && c.Around >= 0 && !c.Async && a.direct() {
		a.network.Add(c.Around, w)
		a.ahead += w * float64(c.Ahead)
		octave := Octave(c.Around)
		a.callers.add(c.CallerReplica, octave, w, f.names)
		a.callees.add(c.CalleeReplica, octave, w, f.names)
	}
	if c.Request >= 0 {
		a.requests.Add(c.Request, w)
	}
	if c.Again > 0 {
		a.again.Add(c.Again, w)
	}
	if c.Queue >= 0 && c.Async {
		a.queue.Add(c.Queue, w)
	}
	if d >= 0 {
		if a.apart {
			a.shown.Add(d, w)
		}
		a.exemplars.add(&c.Span, f.hash.of(&c.Span), d)
	}
}

// part has shown go its own way from here on.
func (a *calls) part() {
	if !a.apart {
		a.apart = true
		a.shown.Merge(&a.client)
	}
}

// reset empties a and keeps its memory.
func (a *calls) reset() {
	for _, s := range [...]*sketch.Sketch{&a.client, &a.server, &a.network, &a.queue, &a.requests, &a.again, &a.shown} {
		s.Reset()
	}
	a.callers.reset()
	a.callees.reset()
	a.types.reset()
	a.exemplars.reset()
	*a = calls{
		client: a.client, server: a.server, network: a.network, queue: a.queue, requests: a.requests, again: a.again, shown: a.shown,
		callers: a.callers, callees: a.callees, types: a.types, exemplars: a.exemplars,
	}
}

// shown returns the duration by which a call is slow or typical: the wait of a
// message, else what the caller saw, else the callee; -1 where nobody did.
func shown(c *callgraph.Call) int64 {
	switch {
	case c.Async && c.Queue >= 0:
		return c.Queue
	case c.Client >= 0:
		return c.Client
	}
	return c.Server
}

func (a *calls) merge(o *calls) {
	a.answered = a.answered || o.answered
	a.waited = a.waited || o.waited
	a.stream += o.stream
	a.count += o.count
	a.matched += o.matched
	a.errors += o.errors
	a.within += o.within
	a.share += o.share
	a.offset += o.offset
	if o.apart {
		a.part()
		a.shown.Merge(&o.shown)
	} else if a.apart {
		a.shown.Merge(&o.client)
	}
	a.mergeNetwork(o)
	a.client.Merge(&o.client)
	a.server.Merge(&o.server)
	a.queue.Merge(&o.queue)
	a.requests.Merge(&o.requests)
	a.again.Merge(&o.again)
	a.types.merge(&o.types)
	a.exemplars.merge(&o.exemplars)
}

func (a *calls) snapshot(e identity.Edge) Edge {
	typicalOf := &a.client
	if a.apart {
		typicalOf = &a.shown
	}
	return Edge{
		Key: e, Leaf: !a.answered, Async: !a.waited,
		Stream: a.stream, Count: a.count, Matched: a.matched, Errors: a.errors, ErrorType: a.types.most(),
		Within: a.within, Share: a.share, Ahead: a.ahead, Offset: a.offset,
		Client: &a.client, Server: &a.server, Network: &a.network, Queue: &a.queue, Requests: &a.requests, Again: &a.again,
		Callers: a.callers.list(), Callees: a.callees.list(),
		Exemplar: a.exemplars.slow, Typical: a.exemplars.typical(typicalOf),
	}
}
