package foreign

import "math"

const (
	slice  = int64(4e6)   // CPU time that a thread gets at a stretch
	period = int64(100e6) // over which a quota is counted
)

// host has cores, a disk and a clock of its own.
type host struct {
	clock  *clock
	name   string
	cores  int
	skew   int64   // by which its clock is ahead
	slower float64 // a thread gets a core for 1/slower of its slice, neighbours have the rest
	busy   int     // cores
	floor  int64   // virtual time with which who wakes begins, at least
	groups []*group
	disk   gate
	// Sums since the start, ns.
	cpuTime, diskTime int64
	diskOps           int64
}

// group is a container: its threads share a quota.
type group struct {
	host    *host
	quota   int64 // CPU ns per period, 0: none
	limit   int   // threads that may run at once, 0: any
	had     int64 // virtual CPU time, by which the next to run is chosen
	ready   []*thread
	running int
	until   int64 // frozen until
	begun   int64 // start of the period of the quota
	used    int64 // of the quota
	woken   int64 // when a dispatch is scheduled for
	// Sums since the start, ns.
	cpuTime, throttled int64
	periods            int64
}

type thread struct {
	left int64
	done func()
}

func (h *host) add(cores float64, limit int) *group {
	g := &group{host: h, quota: int64(cores * float64(period)), limit: limit, begun: -period}
	h.groups = append(h.groups, g)
	return g
}

// run gives the group work of so many ns of CPU time.
func (g *group) run(work int64, done func()) {
	if len(g.ready) == 0 && g.running == 0 {
		g.had = max(g.had, g.host.floor)
	}
	g.ready = append(g.ready, &thread{max(work, 1), done})
	g.host.dispatch()
}

// rise lifts the floor to the least virtual time of those that want CPU, or of who had
// it last.
func (h *host) rise(last *group) {
	least := int64(math.MaxInt64)
	for _, g := range h.groups {
		if g.running > 0 || len(g.ready) > 0 {
			least = min(least, g.had)
		}
	}
	if least == math.MaxInt64 {
		least = last.had
	}
	h.floor = max(h.floor, least)
}

// freeze stops all threads of the group for d ns at the end of their slices.
func (g *group) freeze(d int64) {
	g.until = max(g.until, g.host.clock.now) + d
}

// may reports whether the group may run a thread, and schedules a dispatch for when
// it may if it must wait.
func (g *group) may() bool {
	now := g.host.clock.now
	if len(g.ready) == 0 || g.limit > 0 && g.running >= g.limit {
		return false
	}
	if now < g.until {
		g.wake(g.until)
		return false
	}
	if g.quota == 0 {
		return true
	}
	if now >= g.begun+period {
		g.begun, g.used = now-now%period, 0
	}
	if g.used >= g.quota {
		if g.woken != g.begun+period {
			g.throttled += g.begun + period - now
			g.periods++
		}
		g.wake(g.begun + period)
		return false
	}
	return true
}

func (g *group) wake(at int64) {
	if g.woken == at {
		return
	}
	g.woken = at
	g.host.clock.after(at-g.host.clock.now, g.host.dispatch)
}

// dispatch lets threads run while there are cores.
func (h *host) dispatch() {
	for h.busy < h.cores {
		var next *group
		for _, g := range h.groups {
			if (next == nil || g.had < next.had) && g.may() {
				next = g
			}
		}
		if next == nil {
			return
		}
		next.slice()
	}
}

func (g *group) slice() {
	h := g.host
	t := g.ready[0]
	g.ready = g.ready[1:]
	d := min(t.left, slice)
	if g.quota > 0 {
		d = min(d, g.quota-g.used)
		g.used += d
	}
	h.busy++
	g.running++
	took := d
	if h.slower > 1 {
		took = int64(float64(d) * h.slower)
	}
	h.clock.after(took, func() {
		h.busy--
		g.running--
		h.cpuTime += took
		g.cpuTime += d
		g.had += d
		if t.left -= d; t.left > 0 {
			g.ready = append(g.ready, t)
		} else {
			t.done()
		}
		h.rise(g)
		h.dispatch()
	})
}

// read is an operation of the disk, which does one at a time.
func (h *host) read(d int64, done func()) {
	h.disk.enter(func() {
		h.clock.after(d, func() {
			h.diskTime += d
			h.diskOps++
			h.disk.leave()
			done()
		})
	})
}

// gate lets in so many at once; the others wait in line.
type gate struct {
	room int // 0: one
	in   int
	line []func()
}

func (g *gate) enter(do func()) {
	if g.in < max(g.room, 1) {
		g.in++
		do()
		return
	}
	g.line = append(g.line, do)
}

// leave lets the next in.
func (g *gate) leave() {
	if len(g.line) > 0 && g.in <= max(g.room, 1) {
		next := g.line[0]
		g.line = g.line[1:]
		next()
		return
	}
	g.in--
}

// widen changes the room.
func (g *gate) widen(room int) {
	g.room = room
	for len(g.line) > 0 && g.in < max(g.room, 1) {
		next := g.line[0]
		g.line = g.line[1:]
		g.in++
		next()
	}
}
