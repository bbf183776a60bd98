package simulate

import "time"

// sample tells the sink of the state of all replicas that report, and hosts. It
// looks at copies that it brings up to now: in the run itself a sum would be rounded
// at one more place, and what happens must not hang on who looks.
func (s *sim) sample() {
	for i := range s.hosts {
		h := s.hosts[i]
		s.advanceHogs(&h)
		s.countDisk(&h.disk)
		s.hostStates[i] = HostState{
			Host:        i,
			CPUSeconds:  seconds(h.hogged),
			DiskSeconds: seconds(h.disk.busy),
			MemoryMiB:   hostMiB,
		}
	}
	states := s.replicaStates[:0]
	for i := range s.replicas {
		r := s.replicas[i]
		s.advance(&r)
		if d := &s.hosts[r.host].disk; d.queue.n > 0 && s.requests.at(d.queue.head).replica == int32(i) {
			r.reading += float64(s.now - d.since)
		}
		h := &s.hostStates[r.host]
		h.CPUSeconds += seconds(r.computed)
		h.SentMiB += r.sent
		h.Retransmits += r.retransmits
		h.MemoryMiB += s.memory(&r)
		if s.services[r.service].silent {
			continue
		}
		states = append(states, ReplicaState{})
		s.describe(&r, &states[len(states)-1], &s.poolStates[i])
	}
	s.sink.Sample(s.now, states, s.hostStates)
	if at := s.now + s.cfg.SampleEvery; at <= s.cfg.Duration {
		s.events.push(at, evSample, 0, 0)
	}
}

// poolState is the memory of a ReplicaState's slices.
type poolState struct {
	used, waiting  []int
	wait, acquired []float64
}

func newPoolState(n int) poolState {
	return poolState{make([]int, n), make([]int, n), make([]float64, n), make([]float64, n)}
}

// describe fills in the state of a replica.
func (s *sim) describe(r *replica, to *ReplicaState, ps *poolState) {
	collecting := r.collecting - r.shown.collecting
	for i := range r.pools {
		p := &r.pools[i]
		s.account(p)
		ps.used[i], ps.waiting[i] = int(p.used+p.leaked()), int(p.queue.n)
		ps.wait[i], ps.acquired[i] = seconds(p.wait-p.shownWait), p.acquired-p.shownAcquired
	}
	*to = ReplicaState{
		Service:      int(r.service),
		Replica:      int(r.ordinal),
		Host:         int(r.host),
		Up:           r.up,
		Started:      r.started,
		Deploys:      s.services[r.service].deploys,
		CPUSeconds:   seconds(r.computed - r.shown.computed),
		Hogged:       seconds(r.hogged - r.shown.hogged),
		Throttled:    seconds(r.throttled - r.shown.throttled),
		DiskSeconds:  seconds(r.reading - r.shown.reading),
		DiskOps:      r.reads - r.shown.reads,
		MemoryMiB:    s.memory(r),
		PageFaults:   r.faults - r.shown.faults,
		SentMiB:      r.sent - r.shown.sent,
		ReceivedMiB:  r.received - r.shown.received,
		Retransmits:  r.retransmits - r.shown.retransmits,
		GCSeconds:    seconds(collecting),
		GCCount:      r.collections - r.shown.collections,
		Active:       int(r.active),
		Waiting:      int(r.waiting.n),
		PoolUsed:     ps.used,
		PoolWaiting:  ps.waiting,
		PoolWait:     ps.wait,
		PoolAcquired: ps.acquired,
	}
}

func seconds(ns float64) float64 { return ns / float64(time.Second) }
