package simulate

import (
	"math"
	"time"
)

// host is a machine: cores that its containers share, and a disk.
//
// Cores are shared by threads: each runs at the speed min(1, L, limit/threads of
// its container), where the level L is such that all cores are used when threads
// want more than there are (water filling). A container with n threads so gets at
// most min(n, limit) cores, and a thread at most one. This is what the completely
// fair scheduler and its quota of CPU time come to over times that are long beside
// its period; within one period the quota is not simulated.
type host struct {
	cores    float64
	demand   float64 // of its containers: the sum of min(threads, limit)
	hogs     float64 // threads that run beside the containers
	level    float64 // L, at most 1; 1 while all get what they want
	last     time.Duration
	hogged   float64 // core-nanoseconds of hogs
	replicas []int32 // on it
	disk     disk
}

// container is the processor side of a replica. Its threads run at the same speed
// and share, so one virtual time serves all: v is the work that a thread which was
// always there has had done, and one that came at v₀ with work w is done when v is
// v₀ + w. A change of speed so moves no thread.
type container struct {
	jobs  []job   // heap by end
	v     float64 // ns of work per thread
	speed float64 // of the threads, cores per thread
	limit float64 // cores
	hogs  float64 // threads
	// hogsNext and limitNext are what the active faults make of both.
	hogsNext, limitNext float64
	paused              bool    // by a collection: only the collector's thread and hogs run
	demand              float64 // min(threads, limit)
	share               float64 // of the time that the quota stops the container
	last                time.Duration
	capped              bool // scratch of fill
}

// job is a request that computes.
type job struct {
	end     float64 // in v
	request int32
}

// slack is the demand, in cores, that rounding may make of nothing.
const slack = 1e-9

func (c *container) threads() float64 {
	if c.paused {
		return 1 + c.hogs
	}
	return float64(len(c.jobs)) + c.hogs
}

// advance brings the counters and the virtual time of a container up to now.
func (s *sim) advance(r *replica) {
	c := &r.cpu
	dt := float64(s.now - c.last)
	if dt == 0 {
		return
	}
	c.last = s.now
	done := c.speed * dt
	if done == 0 {
		return
	}
	hogged := c.hogs * done
	r.hogged += hogged
	r.computed += c.threads() * done
	r.throttled += c.share * dt
	if !c.paused {
		c.v += done
	}
}

// compute has a request do work nanoseconds of work of one thread.
func (s *sim) compute(r *replica, request int32, work float64) {
	s.advance(r)
	c := &r.cpu
	if len(c.jobs) == 0 {
		c.v = 0 // so that it keeps its precision
	}
	c.push(job{c.v + work, request})
	s.loaded(r)
}

// computed ends the first job of a replica, whose time has come.
func (s *sim) computed(r *replica) int32 {
	s.advance(r)
	request := r.cpu.pop().request
	s.loaded(r)
	return request
}

// loaded divides the cores anew after the threads or the limit of a replica have
// changed. Up to now it must have been advanced.
func (s *sim) loaded(r *replica) {
	h, c := &s.hosts[r.host], &r.cpu
	demand := min(c.threads(), c.limit)
	h.demand += demand - c.demand
	c.demand = demand
	if h.level == 1 && h.demand+h.hogs <= h.cores+slack {
		s.speed(h, r) // nobody else notices
		return
	}
	s.fill(h)
}

// fill computes a host's level and what follows from it. Containers whose limit
// binds at a level take their limit and leave the others a higher one, so the
// level only rises until no further limit binds.
func (s *sim) fill(h *host) {
	s.advanceHogs(h)
	rest, threads := h.cores, h.hogs
	h.demand = 0 // and rounding errors of its sum go
	for _, i := range h.replicas {
		c := &s.replicas[i].cpu
		c.capped = false
		threads += c.threads()
		h.demand += c.demand
	}
	level := 1.0
	if h.demand+h.hogs > h.cores+slack {
		for again := true; again; {
			level = rest / threads
			again = false
			for _, i := range h.replicas {
				c := &s.replicas[i].cpu
				if n := c.threads(); !c.capped && c.limit < n*level {
					c.capped, again = true, true
					rest -= c.limit
					threads -= n
				}
			}
		}
	}
	h.level = min(level, 1)
	for _, i := range h.replicas {
		r := &s.replicas[i]
		if r.cpu.threads() > 0 || r.cpu.speed > 0 {
			s.advance(r)
			s.speed(h, r)
		}
	}
}

// speed sets the speed of a replica's threads from its host's level, and when the
// first of them will be done.
func (s *sim) speed(h *host, r *replica) {
	c := &r.cpu
	n := c.threads()
	c.speed, c.share = h.level, 0
	if c.limit < n*h.level {
		c.speed = c.limit / n
		c.share = 1 - c.limit/min(n, max(h.cores, c.limit))
	}
	if len(c.jobs) == 0 || c.paused {
		s.timers.set(s.index(r), never)
		return
	}
	// The time is rounded up, so that the work is done when it comes.
	wait := math.Ceil(max(0, c.jobs[0].end-c.v) / c.speed)
	s.timers.set(s.index(r), s.now+time.Duration(min(wait, math.MaxInt64/4)))
}

// advanceHogs brings the counter of a host's own hogs up to now.
func (s *sim) advanceHogs(h *host) {
	h.hogged += h.hogs * h.level * float64(s.now-h.last)
	h.last = s.now
}

func (c *container) push(j job) {
	c.jobs = append(c.jobs, j)
	i := len(c.jobs) - 1
	for i > 0 && j.end < c.jobs[(i-1)/2].end {
		c.jobs[i] = c.jobs[(i-1)/2]
		i = (i - 1) / 2
	}
	c.jobs[i] = j
}

func (c *container) pop() job {
	top := c.jobs[0]
	n := len(c.jobs) - 1
	j := c.jobs[n]
	c.jobs = c.jobs[:n]
	if n == 0 {
		return top
	}
	i := 0
	for {
		least := 2*i + 1
		if least >= n {
			break
		}
		if least+1 < n && c.jobs[least+1].end < c.jobs[least].end {
			least++
		}
		if c.jobs[least].end >= j.end {
			break
		}
		c.jobs[i] = c.jobs[least]
		i = least
	}
	c.jobs[i] = j
	return top
}
