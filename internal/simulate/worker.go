package simulate

// enqueue puts a request at the end of a queue.
func (s *sim) enqueue(f *fifo, id int32) {
	s.requests.at(id).next = none
	if f.n == 0 {
		f.head = id
	} else {
		s.requests.at(f.tail).next = id
	}
	f.tail = id
	f.n++
}

// dequeue takes the first request of a queue.
func (s *sim) dequeue(f *fifo) int32 {
	id := f.head
	f.head = s.requests.at(id).next
	f.n--
	return id
}

// accept has a request served by a worker of its replica, at once or when one is
// free.
func (s *sim) accept(id int32) {
	r := &s.replicas[s.requests.at(id).replica]
	if r.workers > 0 && r.active >= r.workers {
		s.enqueue(&r.waiting, id)
		return
	}
	r.active++
	s.begin(id)
}

// vacate frees the worker of a replica, who takes the next request that waits.
func (s *sim) vacate(r *replica) {
	if r.waiting.n == 0 {
		r.active--
		return
	}
	s.begin(s.dequeue(&r.waiting))
}
