package simulate

import "time"

// pool is the state of a Pool of one replica. Calls that wait do so first come
// first served.
type pool struct {
	size, normal int32
	used         int32
	queue        fifo // of attempts
	last         time.Duration
	wait         float64 // ns waited, summed over calls
	acquired     float64

	shownWait, shownAcquired float64 // at the last restart
}

// leaked returns how many connections an exhausted pool has lost: they are in use,
// by nobody.
func (p *pool) leaked() int32 { return max(0, p.normal-max(p.size, p.used)) }

// account brings the counter of waiting time up to now.
func (s *sim) account(p *pool) {
	p.wait += float64(p.queue.n) * float64(s.now-p.last)
	p.last = s.now
}

// acquire lets a call through, or has it wait and returns false.
func (s *sim) acquire(p *pool, id int32) bool {
	if p.used < p.size {
		p.used++
		p.acquired++
		return true
	}
	s.account(p)
	a := s.attempts.at(id)
	a.next = none
	if p.queue.n == 0 {
		p.queue.head = id
	} else {
		s.attempts.at(p.queue.tail).next = id
	}
	p.queue.tail = id
	p.queue.n++
	return false
}

// release gives a connection back, and lets those through for which there is room.
func (s *sim) release(p *pool) {
	p.used--
	s.admit(p)
}

// admit lets calls through that wait, while there are connections.
func (s *sim) admit(p *pool) {
	for p.queue.n > 0 && p.used < p.size {
		s.account(p)
		id := p.queue.head
		p.queue.head = s.attempts.at(id).next
		p.queue.n--
		p.used++
		p.acquired++
		s.send(id)
	}
}
