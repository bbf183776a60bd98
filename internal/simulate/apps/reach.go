package apps

import "github.com/sage-rca/sage/internal/simulate"

// onPath is the number of synchronous visits per watched request from which a
// service counts as being on its critical path.
const onPath = 0.3

// reach says what the watched entry waits for.
type reach struct {
	app      *simulate.App
	rpcs     []float64 // visits per request by synchronous calls
	services []float64
	links    map[link]float64 // calls per request between different services
}

type link struct{ from, to int }

func newReach(app *simulate.App) *reach {
	r := &reach{app: app, rpcs: visitsOf(app, app.Entries[0].RPC, false), services: make([]float64, len(app.Services)), links: map[link]float64{}}
	for i, n := range r.rpcs {
		if n == 0 {
			continue
		}
		from := app.RPCs[i].Service
		r.services[from] += n
		eachCall(&app.RPCs[i], func(c *simulate.Call, share float64) {
			if to := app.RPCs[c.RPC].Service; !c.Async && to != from {
				r.links[link{from, to}] += n * share
			}
		})
	}
	return r
}

// eachCall calls f with each call that an RPC makes, and how often per request;
// what is called after a miss among them.
func eachCall(r *simulate.RPC, f func(c *simulate.Call, times float64)) {
	for _, step := range r.Steps {
		for i := range step.Calls {
			c := &step.Calls[i]
			n := c.Probability * float64(max(1, c.Times))
			f(c, n)
			if c.Cache != nil && c.Cache.Miss != nil {
				m := c.Cache.Miss
				f(m, n*(1-c.Cache.Hit)*m.Probability*float64(max(1, m.Times)))
			}
		}
	}
}

// on reports whether service s is on the critical path.
func (r *reach) on(s int) bool { return r.services[s] >= onPath }

// callers returns the services on the path that call s, in order.
func (r *reach) callers(s int) []int {
	var out []int
	for from := range r.app.Services {
		if r.links[link{from, s}] >= onPath {
			out = append(out, from)
		}
	}
	return out
}

// callees returns the services on the path that s calls, in order.
func (r *reach) callees(s int) []int {
	var out []int
	for to := range r.app.Services {
		if r.links[link{s, to}] >= onPath {
			out = append(out, to)
		}
	}
	return out
}
