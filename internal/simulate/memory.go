package simulate

import "time"

// What memory is modelled by, where the App does not say.
const (
	restingShare = 0.4     // of a replica's limit that it needs without load
	restingMiB   = 128     // the same, without a limit
	requestMiB   = 0.25    // per request that is served
	hostMiB      = 512     // of a host, besides its containers
	spareShare   = 0.8     // of the memory, that can be taken before pages are missed
	faultsPerSec = 200_000 // page faults per second of computing, if all pages are missed
	faultCost    = 100 * time.Microsecond
	leastRoom    = 0.1 // share of its heap that a replica has at the least
)

// missing returns the share of the pages that a service touches which are not in
// memory, while a share p of the memory is taken: nothing while p is spare, and
// all when everything is taken, (p − spare)/(1 − spare).
func missing(p float64) float64 { return max(0, (p-spareShare)/(1-spareShare)) }

// garbage is what a replica has made of it since its last collection.
type garbage struct {
	limit  float64 // MiB; 0: never collects
	pause  law
	filled float64
	begun  time.Duration
	number uint64
	stream stream
}

// allocate counts what a request allocates, and stops the replica for a collection
// where the heap is full. Where pages are missing the heap has less room and the
// collector reads back what has been paged out: of a share m it comes 1/(1−m) times
// as often, and takes 1/(1−m) times as long.
func (s *sim) allocate(r *replica, mib float64) {
	g := &r.garbage
	g.filled += mib
	room := max(leastRoom, 1-missing(s.services[r.service].pressure))
	if g.limit == 0 || g.filled < g.limit*room || r.cpu.paused {
		return
	}
	s.advance(r)
	g.filled, g.begun = 0, s.now
	g.number++
	r.cpu.paused = true
	s.loaded(r)
	pause := g.pause.draw(g.stream.child(g.number), forPause) / room
	s.events.push(s.now+time.Duration(pause), evCollected, s.index(r), 0)
}

// collected lets a replica go on.
func (s *sim) collected(r *replica) {
	s.advance(r)
	r.cpu.paused = false
	r.collecting += float64(s.now - r.garbage.begun)
	r.collections++
	s.loaded(r)
}

// paging returns for how long work nanoseconds of computing wait for pages, and
// counts the faults.
func (s *sim) paging(r *replica, work float64) time.Duration {
	faults := work / float64(time.Second) * faultsPerSec * missing(s.services[r.service].pressure)
	r.faults += faults
	return time.Duration(faults * float64(faultCost))
}

// memory returns what a replica uses, in MiB.
func (s *sim) memory(r *replica) float64 {
	limit := s.app.Services[r.service].MemoryMiB
	rest := float64(restingMiB)
	if limit > 0 {
		rest = restingShare * limit
	}
	used := rest + requestMiB*float64(r.active)
	if r.garbage.limit > 0 {
		used += r.garbage.filled
	}
	if limit == 0 {
		return used + s.services[r.service].pressure*rest
	}
	return min(used+s.services[r.service].pressure*(limit-rest), limit)
}
