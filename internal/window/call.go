package window

import (
	"github.com/sage-rca/sage/internal/callgraph"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
)

// calls accumulates the calls along one edge.
type calls struct {
	answered, waited               bool // any call was not Leaf, not Async
	stream, count, matched, errors float64
	within, share                  float64
	client, server, network, queue sketch.Sketch
	shown                          sketch.Sketch // what exemplars go by
	types                          errorTypes
	exemplars                      exemplars
}

func (a *calls) add(c *callgraph.Call) {
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
	if c.Client >= 0 {
		a.client.Add(c.Client, w)
	}
	if c.Client >= 0 && c.Server >= 0 {
		a.matched += w
		a.server.Add(c.Server, w)
		if !c.Async {
			a.network.Add(c.Client-c.Server, w)
		}
	}
	if c.Queue >= 0 && c.Async {
		a.queue.Add(c.Queue, w)
	}
	if d := shown(c); d >= 0 {
		a.shown.Add(d, w)
		a.exemplars.add(c.Span, d)
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
	a.client.Merge(&o.client)
	a.server.Merge(&o.server)
	a.network.Merge(&o.network)
	a.queue.Merge(&o.queue)
	a.shown.Merge(&o.shown)
	a.types.merge(&o.types)
	a.exemplars.merge(&o.exemplars)
}

func (a *calls) snapshot(e identity.Edge) Edge {
	return Edge{
		Key: e, Leaf: !a.answered, Async: !a.waited,
		Stream: a.stream, Count: a.count, Matched: a.matched, Errors: a.errors, ErrorType: a.types.most(),
		Within: a.within, Share: a.share,
		Client: &a.client, Server: &a.server, Network: &a.network, Queue: &a.queue,
		Exemplar: a.exemplars.slow, Typical: a.exemplars.typical(&a.shown),
	}
}
