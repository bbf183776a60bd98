package simulate

import "time"

const (
	// stormRetries is how often calls are tried again in a retry storm, at least.
	stormRetries = 4
	// stormBackoff is the first pause between tries where the call has none.
	stormBackoff = 10 * time.Millisecond
)

// attempt is a Call that a request makes, in its current try. gen grows when a try
// ends, so that its late answer or timeout is known to be one.
type attempt struct {
	key     stream // of the call
	try     stream // of the current try
	id      uint64 // of its span
	start   time.Duration
	request int32 // that waits
	call    int32
	outer   int32 // the lookup that this follows after a miss, or none
	times   int32 // calls made before this one
	tries   int32 // of this one before this try
	next    int32 // in the queue of a pool
	gen     uint32
}

// start makes a call of a request's step, if this request makes it.
func (s *sim) start(id int32, q *request, callID int32) {
	c := &s.model.calls[callID]
	key := q.key.child(c.position)
	if c.probability < 1 && key.uniform(forMade) >= c.probability {
		return
	}
	if c.async {
		for i := range c.times {
			s.publish(q, c, key.child(uint64(i)))
		}
		return
	}
	q.pending++
	s.call(id, callID, key, none)
}

// call begins the tries of a call.
func (s *sim) call(request, callID int32, key stream, outer int32) {
	id := s.attempts.get()
	a := s.attempts.at(id)
	*a = attempt{key: key, request: request, call: callID, outer: outer, gen: a.gen}
	s.try(id, a)
}

// try begins a try, when there is a connection for it.
func (s *sim) try(id int32, a *attempt) {
	a.try = a.key.child(uint64(a.times)<<8 | uint64(a.tries))
	c := &s.model.calls[a.call]
	if c.pool >= 0 {
		r := &s.replicas[s.requests.at(a.request).replica]
		if !s.acquire(&r.pools[c.pool], id) {
			return
		}
	}
	s.send(id)
}

// send sends the request of a try, whose span begins.
func (s *sim) send(id int32) {
	a := s.attempts.at(id)
	q := s.requests.at(a.request)
	c := &s.model.calls[a.call]
	p := &s.model.rpcs[c.rpc]
	a.id, a.start = a.try.id(), s.now
	server := s.newRequest(a.try.child(0), c.rpc, q.trace, a.id)
	from, to := &s.replicas[q.replica], &s.replicas[s.requests.at(server).replica]
	there := s.travel(from, to, a.try, forRequest, p.request)
	if storm := s.services[to.service].storm; storm > 0 && a.try.uniform(forRefusal) < storm {
		// The other end refuses at once: there and back, and nobody serves it.
		back := s.travel(to, from, a.try, forReply, 0)
		s.requests.put(server)
		s.events.push(s.now+there+back, evRefused, id, a.gen)
	} else {
		w := s.requests.at(server)
		w.caller, w.callerGen = id, a.gen
		s.events.push(s.now+there, evDeliver, server, 0)
	}
	if c.timeout > 0 {
		s.events.push(s.now+c.timeout, evTimeout, id, a.gen)
	}
}

// ended ends a try: with an error, after which there may be another one, or not.
func (s *sim) ended(id int32, gen uint32, problem string) {
	a := s.attempts.at(id)
	if a.gen != gen {
		return
	}
	a.gen++
	q := s.requests.at(a.request)
	r := &s.replicas[q.replica]
	c := &s.model.calls[a.call]
	s.called(a, q, c, problem)
	if c.pool >= 0 {
		s.release(&r.pools[c.pool])
	}
	// What the server itself has failed at, it would fail at again.
	if problem == errTimeout || problem == errUnavailable {
		retries, backoff := c.retries, c.backoff
		if s.services[s.model.rpcs[c.rpc].service].storm > 0 {
			retries = max(retries, stormRetries)
			if backoff == 0 {
				backoff = stormBackoff
			}
		}
		if a.tries < retries {
			s.events.push(s.now+backoff<<min(a.tries, maxDoublings), evRetry, id, a.gen)
			a.tries++
			return
		}
	}
	s.settled(id, a, c, problem != "")
}

// maxDoublings bounds how long the pause between tries becomes.
const maxDoublings = 10

// settled goes on after the last try of a call: with the call after a miss, the
// next of the times that it is made, or the request that waits.
func (s *sim) settled(id int32, a *attempt, c *call, failed bool) {
	if c.lookup && c.miss != none {
		hit := c.hit * s.services[s.model.rpcs[c.rpc].service].hits
		if key := a.key.child(uint64(a.times) << 8); failed || key.uniform(forHit) >= hit {
			m := &s.model.calls[c.miss]
			below := key.child(m.position)
			if m.probability >= 1 || below.uniform(forMade) < m.probability {
				s.call(a.request, c.miss, below, id)
				return
			}
		}
		failed = false // the answer then is that there is none
	}
	s.again(id, failed)
}

// again makes a call the next time, or ends it.
func (s *sim) again(id int32, failed bool) {
	for {
		a := s.attempts.at(id)
		a.times++
		a.tries = 0
		if !failed && a.times < s.model.calls[a.call].times {
			s.try(id, a)
			return
		}
		request, outer := a.request, a.outer
		s.attempts.put(id)
		if outer == none {
			s.returned(request, failed)
			return
		}
		id = outer
	}
}
