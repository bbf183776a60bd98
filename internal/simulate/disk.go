package simulate

import (
	"math"
	"time"
)

// disk is a host's: it serves one request at a time, first come first served, at
// a speed of rate seconds of work per second. While another writer takes a share of
// what a service sees, a request of that service takes 1/(1−share) times as long,
// and the ones behind it wait for that.
type disk struct {
	rate    float64
	queue   fifo // of requests, the one that is served included
	left    float64
	speed   float64
	since   time.Duration
	gen     uint32  // of the event that ends the service
	share   float64 // that the other writer takes, of the busiest service
	busy    float64 // ns, the other writer's included
	counted time.Duration
}

// read has a request do its work on its host's disk.
func (s *sim) read(id int32, work float64) {
	q := s.requests.at(id)
	q.work = work
	h := s.replicas[q.replica].host
	d := &s.hosts[h].disk
	s.countDisk(d)
	if s.enqueue(&d.queue, id); d.queue.n == 1 {
		s.spin(h)
	}
}

// spin begins to serve the head of a disk's queue.
func (s *sim) spin(h int32) {
	d := &s.hosts[h].disk
	if d.queue.n == 0 {
		return
	}
	d.left, d.since = s.requests.at(d.queue.head).work, s.now
	s.setDiskSpeed(h)
}

// setDiskSpeed says when the request that is served will be done.
func (s *sim) setDiskSpeed(h int32) {
	d := &s.hosts[h].disk
	d.speed = s.diskSpeed(d)
	d.gen++
	s.events.push(s.now+time.Duration(math.Ceil(max(0, d.left)/d.speed)), evDisk, h, d.gen)
}

// diskSpeed returns the speed at which a disk serves the head of its queue.
func (s *sim) diskSpeed(d *disk) float64 {
	q := s.requests.at(d.queue.head)
	return d.rate * (1 - s.services[s.replicas[q.replica].service].disk)
}

// respin takes account of a changed share of the disk's time.
func (s *sim) respin(h int32) {
	d := &s.hosts[h].disk
	s.countDisk(d)
	if d.queue.n == 0 || d.speed == s.diskSpeed(d) {
		return
	}
	s.countRead(d)
	s.setDiskSpeed(h)
}

// countRead credits the time since the last call to the request that is served.
func (s *sim) countRead(d *disk) {
	dt := float64(s.now - d.since)
	d.left -= d.speed * dt
	d.since = s.now
	s.replicas[s.requests.at(d.queue.head).replica].reading += dt
}

// countDisk brings the counter of busy time up to now. The other writer keeps the
// disk busy for its share of the time that no request does.
func (s *sim) countDisk(d *disk) {
	dt := float64(s.now - d.counted)
	d.counted = s.now
	if d.queue.n > 0 {
		d.busy += dt
	} else {
		d.busy += d.share * dt
	}
}

// served ends the service of the head of a disk's queue and returns its request.
func (s *sim) served(h int32) int32 {
	d := &s.hosts[h].disk
	s.countDisk(d)
	s.countRead(d)
	id := s.dequeue(&d.queue)
	s.replicas[s.requests.at(id).replica].reads++
	s.spin(h)
	return id
}
