package foreign

// publish sends a message, which a replica of the service takes when it can. Where
// there is a broker it must have it first, and whoever asks for a reply waits for the
// consumer as well.
func (p *plant) publish(r *replica, m Publish, c scope, done func(ok bool)) {
	s := span{scope: c, id: p.id(), kind: publishing, start: p.clock.now, peer: m.topic()}
	if m.Broker == "" {
		p.clock.after(int64(p.spread(1.5e6, 0.4)), func() {
			s.end = p.clock.now
			p.tell(r, &s)
			p.deliver(s, m, func(bool) {})
		})
		done(true)
		return
	}
	st := p.stores[m.Broker]
	s.store = st.Store
	p.send(&r.end, &st.end, 300, func() {
		p.answer(st, Query{}, func() {
			p.send(&st.end, &r.end, 100, func() {
				s.end = p.clock.now
				p.tell(r, &s)
				if !m.Reply {
					done(true)
				}
			})
			p.answer(st, Query{}, func() { // fetched
				p.deliver(s, m, func(ok bool) {
					if m.Reply {
						done(ok)
					}
				})
			})
		})
	})
}

// deliver has the service of a queue process a message.
func (p *plant) deliver(s span, m Publish, done func(ok bool)) {
	svc := p.services[m.Queue]
	svc.messages.enter(func() {
		to := svc.pick()
		ep := svc.endpoints[Consume]
		w := span{scope: s.scope, id: p.id(), kind: consuming, start: p.clock.now, peer: m.topic(), store: s.store}
		w.parent = s.id
		if p.Links {
			w.linked, w.from = true, s.trace
			fresh := p.root()
			fresh.sampled = s.sampled
			w.scope = fresh
			w.source = s.id
		}
		inner := w.scope
		inner.parent = w.id
		p.counted.Served[svc.Name]++
		finish := func(ok bool) {
			ok = ok && !(to.fail > 0 && p.rng.Float64() < to.fail)
			svc.messages.leave()
			w.end, w.failed = p.clock.now, !ok
			p.tell(to, &w)
			p.consumed(svc, &w)
			done(ok)
		}
		p.steps(to, ep.Steps, inner, func(ok bool) {
			if to.wait > 0 {
				p.clock.after(int64(p.spread(float64(to.wait), 0.2)), func() { finish(ok) })
				return
			}
			finish(ok)
		})
	})
}

// topic is the name of the queue as its broker has it.
func (m Publish) topic() string {
	if m.Topic == "" {
		return m.Queue
	}
	return m.Topic
}
