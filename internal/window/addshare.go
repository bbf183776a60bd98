package window

// A share may come in pieces: those of one source, in any order, add up to the
// whole. So g must be the gathering of that source alone until all have come: what
// several sources have seen is added by Add.

// AddRPC adds a piece of what a source has seen of an RPC. It returns by how many bytes
// g has grown.
func (g *Gathering) AddRPC(s *RPCShare) (grown int) {
	before := len(g.served)
	r := g.requests(s.Key)
	if len(g.served) > before {
		grown = requestsBytes + rpcBytes(&s.Key)
	}
	r.entries += s.Entries
	r.torn += s.Torn
	r.inner += s.Inner
	r.async += s.Async
	r.stream += s.Stream
	r.count += s.Count
	r.unseen += s.Unseen
	r.errors += s.Errors
	r.union += s.Union
	r.sum += s.Sum
	grown += grow(&r.latency, s.Latency) + grow(&r.exclusive, s.Exclusive) + grow(&r.ending, s.Ending)
	grown += r.types.take(s.ErrorTypes) + r.exemplars.take(&s.Exemplars)
	for i := range s.Instances {
		grown += r.instances.take(&s.Instances[i])
	}
	return grown
}

// AddEdge adds a piece of what a source has seen of the calls along an edge. It returns
// by how many bytes g has grown.
func (g *Gathering) AddEdge(s *EdgeShare) (grown int) {
	before := len(g.called)
	c := g.calls(s.Key)
	if len(g.called) > before {
		grown = callsBytes + rpcBytes(&s.Key.Caller) + rpcBytes(&s.Key.Callee)
	}
	c.answered = c.answered || s.Answered
	c.waited = c.waited || s.Waited
	c.stream += s.Stream
	c.count += s.Count
	c.matched += s.Matched
	c.within += s.Within
	c.share += s.Share
	c.ahead += s.Ahead
	c.offset += s.Offset
	c.errors += s.Errors
	grown += grow(&c.client, s.Client) + grow(&c.server, s.Server) + grow(&c.network, s.Network)
	grown += grow(&c.queue, s.Queue) + grow(&c.requests, s.Requests) + grow(&c.again, s.Again)
	if s.Shown != nil { // and if client comes later, that is in it already
		c.apart = true
		grown += grow(&c.shown, s.Shown)
	}
	grown += c.callers.addAll(s.Callers) + c.callees.addAll(s.Callees)
	return grown + c.types.take(s.ErrorTypes) + c.exemplars.take(&s.Exemplars)
}

// addAll adds shares, and returns by how many bytes g has grown.
func (g *gaps) addAll(all []Gap) (grown int) {
	if len(all) == 0 {
		return 0
	}
	before := g.bytes()
	for i := range all {
		g.of(all[i].ID).merge(&all[i])
	}
	return g.bytes() - before
}

// take adds one share, and returns by how many bytes r has grown.
func (r *instances) take(in *InstanceShare) (grown int) {
	held, rest := r.held(), r.rest.bytes() // which may take in what gives way
	of := r.of(in.ID)
	grown = (r.held() - held) * (instanceBytes + len(in.ID))
	if of != r.rest {
		grown += r.rest.bytes() - rest
		rest = of.bytes()
	}
	if in.Count > 0 { // else it shows nothing
		of.show(&traits{in.Version, in.Host}, in.Seen)
	}
	of.count += in.Count
	of.unseen += in.Unseen
	of.errors += in.Errors
	of.latency.Merge(in.Latency)
	return grown + of.bytes() - rest
}

func (e *errorTypes) take(all []ErrorWeight) (grown int) {
	if len(all) == 0 {
		return 0
	}
	before := e.bytes()
	for _, w := range all {
		e.add(w.Type, w.Weight)
	}
	return e.bytes() - before
}

func (e *exemplars) take(o *Exemplars) (grown int) {
	if len(o.Sample) == 0 {
		return 0
	}
	before := e.bytes()
	e.offer(o.Slowest)
	var hash spanHash
	for _, x := range o.Sample {
		e.keep(candidate{hash.of(&x.Span), x})
	}
	return e.bytes() - before
}
