package window

// A share may come in pieces: those of one source, in any order, add up to the
// whole. So g must be the gathering of that source alone until all have come: what
// several sources have seen is added by Add.

// AddRPC adds a piece of what a source has seen of an RPC.
func (g *Gathering) AddRPC(s *RPCShare) {
	r := g.requests(s.Key)
	r.entries += s.Entries
	r.async += s.Async
	r.stream += s.Stream
	r.count += s.Count
	r.errors += s.Errors
	r.union += s.Union
	r.sum += s.Sum
	r.latency.Merge(s.Latency)
	r.exclusive.Merge(s.Exclusive)
	r.ending.Merge(s.Ending)
	r.types.take(s.ErrorTypes)
	r.exemplars.take(&s.Exemplars)
	for i := range s.Instances {
		in := &s.Instances[i]
		of := r.instances.of(in.ID)
		if in.Count > 0 { // else it shows nothing
			of.show(&traits{in.Version, in.Host}, in.Seen)
		}
		of.count += in.Count
		of.errors += in.Errors
		of.latency.Merge(in.Latency)
	}
}

// AddEdge adds a piece of what a source has seen of the calls along an edge.
func (g *Gathering) AddEdge(s *EdgeShare) {
	c := g.calls(s.Key)
	c.answered = c.answered || s.Answered
	c.waited = c.waited || s.Waited
	c.stream += s.Stream
	c.count += s.Count
	c.matched += s.Matched
	c.within += s.Within
	c.share += s.Share
	c.errors += s.Errors
	c.client.Merge(s.Client)
	c.server.Merge(s.Server)
	c.network.Merge(s.Network)
	c.queue.Merge(s.Queue)
	c.requests.Merge(s.Requests)
	if s.Shown != nil { // and if client comes later, that is in it already
		c.apart = true
		c.shown.Merge(s.Shown)
	}
	c.types.take(s.ErrorTypes)
	c.exemplars.take(&s.Exemplars)
}

func (e *errorTypes) take(all []ErrorWeight) {
	for _, w := range all {
		e.add(w.Type, w.Weight)
	}
}

func (e *exemplars) take(o *Exemplars) {
	if len(o.Sample) == 0 {
		return
	}
	e.offer(o.Slowest)
	var hash spanHash
	for _, x := range o.Sample {
		e.keep(candidate{hash.of(&x.Span), x})
	}
}
