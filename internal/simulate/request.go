package simulate

import "time"

// request is an RPC that a replica serves, or a message on its way to it.
type request struct {
	key        stream
	trace      [2]uint64
	id, parent uint64
	link       [2]uint64 // of a message: the trace and span of its producer
	linkSpan   uint64
	start      time.Duration // of the span
	work       float64       // ns that are being computed or read
	part       float64       // ns of one core per part
	rpc        int32
	replica    int32
	entry      int32  // whose request this is, or none
	caller     int32  // attempt that waits for the answer, or none
	callerGen  uint32 // the attempt has given up when its own differs
	sender     int32  // of a message: replica
	step       int32  // next one
	pending    int32  // calls of the step that have not ended
	next       int32  // in a queue
	message    bool
	read       bool // the disk
	failed     bool
}

// newRequest returns a request of an RPC that belongs to a trace, under the span
// parent.
func (s *sim) newRequest(key stream, rpcID int32, trace [2]uint64, parent uint64) int32 {
	id := s.requests.get()
	*s.requests.at(id) = request{
		key:     key,
		trace:   trace,
		id:      key.id(),
		parent:  parent,
		rpc:     rpcID,
		replica: s.pick(s.model.rpcs[rpcID].service, key),
		entry:   none,
		caller:  none,
	}
	return id
}

// traceOf returns the ID of the trace that begins at a stream.
func traceOf(key stream) [2]uint64 {
	return [2]uint64{key.bits(forTraceHigh), max(key.bits(forTraceLow), 1)}
}

// arrive takes a request of an entry from outside.
func (s *sim) arrive(src int32) {
	a := &s.sources[src]
	key := a.stream.child(a.n).child(0)
	if at := a.next(); at < never {
		s.events.push(at, evArrival, src, 0)
	}
	s.stats.Requests++
	if s.inFlight >= s.cfg.MaxInFlight {
		s.stats.Refused++
		s.sink.Entry(int(a.entry), s.now, s.now, true)
		return
	}
	s.inFlight++
	id := s.newRequest(key, s.entryRPC[a.entry], traceOf(key), 0)
	q := s.requests.at(id)
	q.entry, q.start = a.entry, s.now
	s.accept(id)
}

// deliver hands a request to its replica, whose span begins. A message's producer
// is done then.
func (s *sim) deliver(id int32) {
	q := s.requests.at(id)
	if q.message {
		s.produced(q)
	} else {
		q.start = s.now
	}
	s.accept(id)
}

// begin has a worker take a request. A consumer's span begins here: it has been in
// the queue until now.
func (s *sim) begin(id int32) {
	q := s.requests.at(id)
	r := &s.replicas[q.replica]
	p := &s.model.rpcs[q.rpc]
	if q.message {
		q.start = s.now
	}
	q.part = p.cpu.draw(q.key, forCPU) / p.parts
	s.allocate(r, p.alloc)
	if r.lock > 0 {
		s.events.push(s.now+r.lock, evUnlocked, id, 0)
		return
	}
	s.work(id)
}

// work has a request do the next part of its work.
func (s *sim) work(id int32) {
	q := s.requests.at(id)
	r := &s.replicas[q.replica]
	q.work = q.part * s.services[r.service].work
	if q.work == 0 && !r.cpu.paused {
		s.worked(id)
		return
	}
	s.compute(r, id, q.work)
}

// worked has a request that has computed wait for the pages that it missed.
func (s *sim) worked(id int32) {
	q := s.requests.at(id)
	r := &s.replicas[q.replica]
	if s.services[r.service].pressure > 0 {
		if wait := s.paging(r, q.work); wait > 0 {
			s.events.push(s.now+wait, evPaged, id, 0)
			return
		}
	}
	s.onward(id)
}

// onward takes a request that has done a part of its work to what follows.
func (s *sim) onward(id int32) {
	q := s.requests.at(id)
	p := &s.model.rpcs[q.rpc]
	if !q.read {
		q.read = true
		if p.disk.mean > 0 {
			svc := &s.services[p.service]
			s.read(id, p.disk.draw(q.key, forDisk)*svc.work)
			return
		}
	}
	if q.step == p.step {
		s.finish(id)
		return
	}
	step := s.model.steps[p.first+q.step]
	q.step++
	for c := step.from; c < step.to; c++ {
		s.start(id, q, c)
	}
	if q.pending == 0 {
		s.work(id)
	}
}

// returned ends one of the calls that a request waits for.
func (s *sim) returned(id int32, failed bool) {
	q := s.requests.at(id)
	q.failed = q.failed || failed
	if q.pending--; q.pending > 0 {
		return
	}
	if q.failed {
		s.finish(id)
		return
	}
	s.work(id)
}

// finish answers a request. One that fails of itself does so when its work is done.
func (s *sim) finish(id int32) {
	q := s.requests.at(id)
	r := &s.replicas[q.replica]
	p := &s.model.rpcs[q.rpc]
	if p.failure > 0 && q.key.uniform(forFailure) < p.failure {
		q.failed = true
	}
	s.answered(q)
	switch {
	case q.entry != none:
		s.inFlight--
		s.sink.Entry(int(q.entry), q.start, s.now, q.failed)
	case q.caller != none:
		if a := s.attempts.at(q.caller); a.gen == q.callerGen {
			kind := evReply
			if q.failed {
				kind = evReplyBad
			}
			to := &s.replicas[s.requests.at(a.request).replica]
			s.events.push(s.now+s.travel(r, to, q.key, forReply, p.reply), kind, q.caller, a.gen)
		}
	}
	s.requests.put(id)
	s.vacate(r)
}
