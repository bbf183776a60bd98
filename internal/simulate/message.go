package simulate

// publish sends a message, for which nobody waits. Until it is delivered the
// request's trace and id stand for what the consumer's span will link to.
func (s *sim) publish(q *request, c *call, key stream) {
	p := &s.model.rpcs[c.rpc]
	id := s.newRequest(key.child(0), c.rpc, q.trace, q.id)
	m := s.requests.at(id)
	m.message, m.sender, m.start = true, q.replica, s.now
	m.link, m.linkSpan = q.trace, key.id()
	m.id = m.linkSpan
	if q.message && s.services[s.replicas[q.replica].service].hidden {
		// A broker hands the headers of a message on as they are.
		m.trace, m.id = q.link, q.linkSpan
	}
	from, to := &s.replicas[q.replica], &s.replicas[m.replica]
	s.events.push(s.now+s.travel(from, to, key, forRequest, p.request), evDeliver, id, 0)
}
