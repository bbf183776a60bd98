package foreign

import (
	"encoding/binary"
	"time"
)

// scope is the trace that something belongs to, and the span that it is a child of.
type scope struct {
	trace   [16]byte
	parent  [8]byte
	sampled bool
	item    uint64 // what the request is about
	session string // store to which a connection is held
}

func (p *plant) id() (id [8]byte) {
	binary.BigEndian.PutUint64(id[:], p.ids.Uint64()|1)
	return id
}

func (p *plant) root() scope {
	var c scope
	binary.BigEndian.PutUint64(c.trace[:8], p.ids.Uint64())
	binary.BigEndian.PutUint64(c.trace[8:], p.ids.Uint64())
	c.item = 1000 + p.ids.Uint64N(9000)
	// W3C: the sampler reads the last 56 bits.
	low := binary.BigEndian.Uint64(c.trace[8:]) & (1<<56 - 1)
	c.sampled = p.Sampled == 0 || float64(low) >= (1-p.Sampled)*float64(uint64(1)<<56)
	return c
}

// request is one of a user.
func (p *plant) request(u *Users) {
	p.counted.Requests++
	svc := p.services[u.Service]
	ep := svc.endpoints[u.Endpoint]
	r := svc.pick()
	outside := &end{name: "users"}
	p.send(outside, &r.end, 400, func() {
		at := p.clock.now
		p.serve(r, ep, p.root(), func(ok bool) {
			if p.over {
				return
			}
			p.counted.Answered++
			if !ok {
				p.counted.Failed++
			}
			p.sink.User(u, time.Duration(at), time.Duration(p.clock.now), !ok)
		})
	})
}

// pick is the replica whose turn it is.
func (s *service) pick() *replica {
	s.turn++
	return s.replicas[s.turn%len(s.replicas)]
}

// serve serves a request at a replica.
func (p *plant) serve(r *replica, ep *Endpoint, c scope, reply func(ok bool)) {
	if r.down {
		p.clock.after(2e5, func() { reply(false) })
		return
	}
	if len(r.workers.line) > 5000 {
		reply(false)
		return
	}
	r.workers.enter(func() {
		s := span{scope: c, id: p.id(), kind: serving, start: p.clock.now, endpoint: ep}
		p.counted.Served[r.service.Name]++
		r.active++
		inner := c
		inner.parent = s.id
		p.steps(r, ep.Steps, inner, func(ok bool) {
			if r.wait > 0 {
				p.clock.after(int64(p.spread(float64(r.wait), 0.2)), func() { p.finish(r, &s, ok, reply) })
				return
			}
			p.finish(r, &s, ok, reply)
		})
	})
}

func (p *plant) finish(r *replica, s *span, ok bool, reply func(ok bool)) {
	ok = ok && !(r.fail > 0 && p.rng.Float64() < r.fail)
	p.allocate(r)
	s.failed, s.end = !ok, p.clock.now
	p.counted.Busy[r.service.Name] += float64(s.end-s.start) / 1e9
	p.tell(r, s)
	r.active--
	r.workers.leave()
	reply(ok)
}

// allocate takes memory for a request; where little is free, it must be collected
// often.
func (p *plant) allocate(r *replica) {
	if r.service.Language != Java {
		return
	}
	r.young += 1.5
	free := max(r.heap-r.live, 1)
	if r.young < 0.6*free {
		return
	}
	r.young = 0
	full := r.live / r.heap
	pause := p.spread(4e6+full*8e6, 0.4)
	if full > 0.85 {
		pause += p.spread(r.heap*0.3e6, 0.3)
	}
	r.pauses++
	r.pauseTime += int64(pause)
	r.pauseLog = append(r.pauseLog, int64(pause))
	r.group.freeze(int64(pause))
	r.group.cpuTime += int64(pause)
	r.host.cpuTime += int64(pause)
}

// steps does them one after another until one fails.
func (p *plant) steps(r *replica, list []Step, c scope, done func(ok bool)) {
	if len(list) == 0 {
		done(true)
		return
	}
	p.step(r, list[0], c, func(ok bool) {
		if !ok {
			done(false)
			return
		}
		p.steps(r, list[1:], c, done)
	})
}

func (p *plant) step(r *replica, s Step, c scope, done func(ok bool)) {
	switch s := s.(type) {
	case CPU:
		r.group.run(int64(p.spread(float64(s.Mean), s.Sigma)*r.work), func() { p.page(r, done) })
	case Call:
		if s.Share > 0 && p.rng.Float64() >= s.Share {
			done(true)
			return
		}
		p.call(r, s, c, 0, func(ok bool) { done(ok || s.Optional) })
	case Parallel:
		p.parallel(r, s, c, done)
	case Query:
		p.query(r, s, c, done)
	case Session:
		g := r.pool(s.Store)
		g.enter(func() {
			held := c
			held.session = s.Store
			p.steps(r, s.Steps, held, func(ok bool) {
				p.clock.after(r.keep, g.leave)
				done(ok)
			})
		})
	case Publish:
		p.publish(r, s, c, done)
	case Disk:
		r.host.read(int64(p.spread(float64(s.Mean), 0.5)), func() { done(true) })
	case Locked:
		p.locked(r, s, c, done)
	case Inner:
		p.inner(r, s, c, done)
	default:
		panic("foreign: unknown step")
	}
}

// page reads back what was reclaimed, where memory is short.
func (p *plant) page(r *replica, done func(ok bool)) {
	if !r.thrash {
		done(true)
		return
	}
	r.faults += 8
	p.clock.after(int64(p.spread(6e7, 0.8)), func() { r.host.read(2e6, func() { done(true) }) })
}

func (p *plant) parallel(r *replica, all Parallel, c scope, done func(ok bool)) {
	left, ok := len(all), true
	if left == 0 {
		done(true)
		return
	}
	for _, s := range all {
		p.step(r, s, c, func(one bool) {
			ok = ok && one
			if left--; left == 0 {
				done(ok)
			}
		})
	}
}

func (p *plant) locked(r *replica, s Locked, c scope, done func(ok bool)) {
	g := r.locks[s.Name]
	if g == nil {
		g = &gate{room: 1}
		r.locks[s.Name] = g
	}
	g.enter(func() {
		p.steps(r, s.Steps, c, func(ok bool) {
			p.clock.after(r.hold, func() {
				g.leave()
				done(ok)
			})
		})
	})
}

func (p *plant) inner(r *replica, in Inner, c scope, done func(ok bool)) {
	s := span{scope: c, id: p.id(), kind: inside, start: p.clock.now, name: in.Name}
	c.parent = s.id
	p.steps(r, in.Steps, c, func(ok bool) {
		s.end, s.failed = p.clock.now, !ok
		p.tell(r, &s)
		done(ok)
	})
}

// call calls, and calls again where that fails.
func (p *plant) call(r *replica, call Call, c scope, tries int, done func(ok bool)) {
	svc := p.services[call.Service]
	ep := svc.endpoints[call.Endpoint]
	s := span{scope: c, id: p.id(), kind: calling, start: p.clock.now, endpoint: ep, peer: svc.Name, try: tries}
	target := svc.pick()
	over := false
	answered := func(ok, timeout bool) {
		if over {
			return
		}
		over = true
		s.end, s.failed, s.timeout = p.clock.now, !ok, timeout
		p.tell(r, &s)
		if ok || tries >= call.Retries {
			done(ok)
			return
		}
		p.clock.after(int64(25e6)<<tries, func() { p.call(r, call, c, tries+1, done) })
	}
	limit := call.Timeout
	if limit == 0 {
		limit = 30 * time.Second
	}
	p.clock.after(int64(limit), func() { answered(false, true) })
	below := c
	below.parent, below.session = s.id, ""
	p.connect(r, func() {
		p.carry(r, target, ep, below, func(ok bool) { answered(ok, false) })
	})
}

// connect waits for a free socket or for a name, where those are short: half of the
// calls go over connections that are kept.
func (p *plant) connect(r *replica, do func()) {
	if r.connect == 0 || p.rng.IntN(2) == 0 {
		do()
		return
	}
	p.clock.after(int64(p.spread(float64(r.connect), 0.3)), do)
}

// carry brings a request to a replica and the reply back, through proxies where
// there is a mesh.
func (p *plant) carry(r, to *replica, ep *Endpoint, c scope, done func(ok bool)) {
	r.sent += 500
	to.received += 500
	back := func(reply func(bool)) func(bool) {
		return func(ok bool) {
			to.sent += 2000
			r.received += 2000
			p.send(&to.end, &r.end, 2000, func() { reply(ok) })
		}
	}
	if !p.Mesh {
		p.send(&r.end, &to.end, 500, func() { p.serve(to, ep, c, back(done)) })
		return
	}
	out := span{scope: c, id: p.id(), kind: proxyOut, start: p.clock.now, endpoint: ep, peer: to.service.Name}
	c.parent = out.id
	in := span{scope: c, id: p.id(), kind: proxyIn, endpoint: ep, peer: to.service.Name}
	leave := func(ok bool) {
		out.end, out.failed = p.clock.now, !ok
		p.tell(r, &out)
		done(ok)
	}
	p.clock.after(int64(p.spread(3e5, 0.3)), func() {
		p.send(&r.end, &to.end, 500, func() {
			in.start = p.clock.now
			c.parent = in.id
			p.clock.after(int64(p.spread(3e5, 0.3)), func() {
				p.serve(to, ep, c, func(ok bool) {
					in.end, in.failed = p.clock.now, !ok
					p.tell(to, &in)
					back(leave)(ok)
				})
			})
		})
	})
}

// query asks a store over a connection of the pool.
func (p *plant) query(r *replica, q Query, c scope, done func(ok bool)) {
	st := p.stores[q.Store]
	g := r.pool(q.Store)
	if c.session == q.Store {
		g = &gate{}
	}
	miss := q.Miss != nil && p.rng.Float64() >= q.Hit*(1-r.misses())
	g.enter(func() {
		s := span{scope: c, id: p.id(), kind: querying, start: p.clock.now, store: st.Store, name: q.Statement}
		p.reach(r, st, func() {
			p.send(&r.end, &st.end, 300, func() {
				p.answer(st, q, func() {
					p.send(&st.end, &r.end, 1500, func() {
						s.end = p.clock.now
						s.failed = st.fail > 0 && p.rng.Float64() < st.fail
						p.tell(r, &s)
						g.leave()
						if miss && !s.failed {
							p.steps(r, q.Miss, c, done)
							return
						}
						done(!s.failed)
					})
				})
			})
		})
	})
}

// answer is what a store does for a query.
func (p *plant) answer(st *store, q Query, done func()) {
	st.threads.enter(func() {
		weight := q.Weight
		if weight == 0 {
			weight = 1
		}
		p.clock.after(int64(p.spread(float64(st.Mean)*weight*st.slow, st.Sigma)), func() {
			st.threads.leave()
			done()
		})
	})
}

// reach makes connections to third parties, of which half are new; those to stores
// are kept.
func (p *plant) reach(r *replica, st *store, do func()) {
	if st.System != Web {
		do()
		return
	}
	p.connect(r, func() {
		if st.handshake == 0 || p.rng.IntN(2) == 0 {
			do()
			return
		}
		p.clock.after(int64(p.spread(float64(st.handshake), 0.3)), do)
	})
}

// pool is that of connections to a store.
func (r *replica) pool(name string) *gate {
	g := r.pools[name]
	if g == nil {
		g = &gate{room: r.service.pool(name)}
		r.pools[name] = g
	}
	return g
}
