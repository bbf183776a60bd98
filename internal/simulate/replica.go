package simulate

import "time"

// none is an index that refers to nothing.
const none int32 = -1

// service is the state that the replicas of a Service share.
type service struct {
	first, n int32 // replicas[first : first+n]
	hidden   bool  // Uninstrumented
	deploys  int
	silent   bool // reports no metrics

	// What faults do now.
	delay    time.Duration // of each message sent
	loss     float64       // share of the messages sent
	work     float64       // factor of the work of requests
	storm    float64       // probability that a call fails at once
	hits     float64       // factor of the hits of lookups here
	pressure float64       // share of the memory that is taken
	disk     float64       // share of the disk's time that is taken
}

// replica is one container of a service.
type replica struct {
	service, ordinal, host int32

	up      bool
	started time.Duration // since when its counters are shown
	shown   counters      // what counters held then

	workers int32 // 0: no limit
	active  int32 // requests being served
	waiting fifo  // requests that wait for a worker
	lock    time.Duration

	cpu     container
	pools   []pool
	garbage garbage
	counters
}

// counters are those of ReplicaState that only grow, in units of the simulator:
// times in nanoseconds.
type counters struct {
	computed, hogged, throttled float64
	reading, reads              float64
	faults                      float64
	sent, received              float64
	retransmits                 float64
	collecting, collections     float64
}

// fifo is a queue, linked through the elements' next.
type fifo struct{ head, tail, n int32 }

func newFIFO() fifo { return fifo{head: none, tail: none} }

// pick returns the replica that serves a request: a random one of those that are
// up, as connection-level balancing does (kube-proxy). The choice hangs on the
// request's stream alone, so that twins choose the same.
func (s *sim) pick(svc int32, key stream) int32 {
	v := &s.services[svc]
	if v.n == 1 {
		return v.first
	}
	bits := key.bits(forReplica) >> 32
	r := v.first + int32(bits*uint64(v.n)>>32)
	for range v.n { // the next that is up, or that one where none is
		if s.replicas[r].up {
			break
		}
		if r++; r == v.first+v.n {
			r = v.first
		}
	}
	return r
}

// down takes a replica out: no further requests come to it, those that it has are
// served (a graceful end). The only replica of a service stays in, as where the
// next one is started before the last one ends.
func (s *sim) down(r *replica) {
	if s.services[r.service].n > 1 {
		r.up = false
	}
}

// restarted brings a replica back, with counters at zero.
func (s *sim) restarted(r *replica) {
	s.advance(r)
	r.up, r.started, r.shown = true, s.now, r.counters
	for i := range r.pools {
		p := &r.pools[i]
		s.account(p)
		p.shownWait, p.shownAcquired = p.wait, p.acquired
	}
}
