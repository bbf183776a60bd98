package rca

import (
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// placedFor is the number of windows for which a replica that sends no spans is taken to be
// where its metrics said it was: these come less often than windows close.
const placedFor = 10

// Whereabouts remembers the hosts of replicas that only metrics tell of, over windows. The zero
// value knows none. It is not safe for concurrent use.
type Whereabouts struct {
	at     map[identity.Instance]stay
	window int64 // that was learned last, counted
}

// stay is where a replica was seen last, and in which window.
type stay struct {
	host   string
	window int64
}

// Learn takes in where replicas are in a window, and forgets those that were not seen in
// placedFor windows.
func (p *Whereabouts) Learn(s *window.Snapshot) {
	p.window++
	for i := range s.Resources {
		r := &s.Resources[i]
		for _, in := range r.Instances {
			if in.Host == "" {
				continue
			}
			if p.at == nil {
				p.at = map[identity.Instance]stay{}
			}
			p.at[identity.Instance{Service: r.Service, ID: in.ID}] = stay{in.Host, p.window}
		}
	}
	for in, x := range p.at {
		if p.window-x.window >= placedFor {
			delete(p.at, in)
		}
	}
}

// known adds to out what is remembered; p may be nil.
func (p *Whereabouts) known(out places) {
	if p == nil {
		return
	}
	for in, x := range p.at {
		out[in] = x.host
	}
}
