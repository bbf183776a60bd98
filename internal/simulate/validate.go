package simulate

import (
	"errors"
	"fmt"
	"math"
)

// problems collects what is wrong, so that all of it is told at once.
type problems []error

func (p *problems) check(ok bool, format string, args ...any) {
	if !ok {
		*p = append(*p, fmt.Errorf(format, args...))
	}
}

// index checks that i refers to one of n.
func (p *problems) index(i, n int, what string) bool {
	ok := i >= 0 && i < n
	p.check(ok, "%s %d is not one of %d", what, i, n)
	return ok
}

// size checks that v is a finite number from low to high.
func (p *problems) size(v, low, high float64, format string, args ...any) {
	p.check(v >= low && v <= high && !math.IsInf(v, 0),
		"%s must be from %g to %g (got %g)", fmt.Sprintf(format, args...), low, high, v)
}

// dist checks that d is a distribution of non-negative numbers.
func (p *problems) dist(d Dist, format string, args ...any) {
	what := fmt.Sprintf(format, args...)
	p.size(d.Mean, 0, math.MaxFloat64, "mean of %s", what)
	p.check(d.CV >= 0 && !math.IsInf(d.CV, 0) || d.CV == Exponential,
		"coefficient of variation of %s must not be negative (got %g)", what, d.CV)
}

// validate returns everything that is wrong with an application and what is to be
// played with it.
func validate(app *App, cfg *Config) error {
	var p problems
	p.check(cfg.Duration > 0, "duration must be positive (got %s)", cfg.Duration)
	p.check(cfg.SampleEvery >= 0, "samples must not be a negative time apart (got %s)", cfg.SampleEvery)
	p.check(cfg.MaxInFlight >= 0, "requests in flight must not be negative (got %d)", cfg.MaxInFlight)
	for i := range app.Hosts {
		p.host(i, &app.Hosts[i])
	}
	p.check(len(app.Services) > 0, "an application has services")
	for i := range app.Services {
		p.service(app, i)
	}
	for i := range app.RPCs {
		p.rpc(app, i)
	}
	for i := range app.Entries {
		p.entry(app, i)
	}
	p.dist(app.Link.Delay, "the link's delay")
	p.size(app.Link.Loss, 0, maxShare, "loss of the link")
	p.size(app.Link.PerMiB, 0, math.MaxFloat64, "the link's time per MiB")
	p.check(app.Link.RTO >= 0, "the link's retransmission timeout must not be negative (got %s)", app.Link.RTO)
	if len(p) == 0 { // else calls may lead nowhere
		p.cycles(app)
	}
	for i := range cfg.Faults {
		p.fault(app, i, &cfg.Faults[i])
	}
	return errors.Join(p...)
}

// maxShare bounds shares that must leave something.
const maxShare = 0.999

func (p *problems) host(i int, h *Host) {
	p.check(h.Cores > 0 && !math.IsInf(h.Cores, 0), "host %d must have cores (got %g)", i, h.Cores)
	p.size(h.DiskRate, 0, math.MaxFloat64, "disk rate of host %d", i)
}

func (p *problems) service(app *App, i int) {
	s := &app.Services[i]
	p.check(len(s.Hosts) > 0, "service %d (%s) runs nowhere", i, s.Name)
	for _, h := range s.Hosts {
		p.index(h, len(app.Hosts), fmt.Sprintf("service %d (%s): host", i, s.Name))
	}
	p.check(s.Workers >= 0, "service %d (%s): workers must not be negative (got %d)", i, s.Name, s.Workers)
	p.size(s.CPULimit, 0, math.MaxFloat64, "CPU limit of service %d (%s)", i, s.Name)
	p.size(s.MemoryMiB, 0, math.MaxFloat64, "memory of service %d (%s)", i, s.Name)
	p.size(s.GC.HeapMiB, 0, math.MaxFloat64, "heap of service %d (%s)", i, s.Name)
	p.dist(s.GC.Pause, "pause of service %d (%s)", i, s.Name)
	for j, q := range s.Pools {
		p.check(q.Size > 0, "service %d (%s): pool %d must let a call through (got size %d)", i, s.Name, j, q.Size)
	}
}

func (p *problems) rpc(app *App, i int) {
	r := &app.RPCs[i]
	if !p.index(r.Service, len(app.Services), fmt.Sprintf("RPC %d (%s): service", i, r.Operation)) {
		return
	}
	p.dist(r.CPU, "computing of RPC %d (%s)", i, r.Operation)
	p.dist(r.Disk, "disk of RPC %d (%s)", i, r.Operation)
	p.size(r.AllocMiB, 0, math.MaxFloat64, "allocation of RPC %d (%s)", i, r.Operation)
	p.size(r.RequestKiB, 0, math.MaxFloat64, "request of RPC %d (%s)", i, r.Operation)
	p.size(r.ReplyKiB, 0, math.MaxFloat64, "reply of RPC %d (%s)", i, r.Operation)
	p.size(r.ErrorRate, 0, 1, "error rate of RPC %d (%s)", i, r.Operation)
	if r.Disk.Mean > 0 {
		for _, h := range app.Services[r.Service].Hosts {
			p.check(h < 0 || h >= len(app.Hosts) || app.Hosts[h].DiskRate > 0,
				"RPC %d (%s) reads from host %d, whose disk does nothing", i, r.Operation, h)
		}
	}
	for j := range r.Steps {
		for k := range r.Steps[j].Calls {
			where := fmt.Sprintf("RPC %d (%s), step %d, call %d", i, r.Operation, j, k)
			p.call(app, r.Service, &r.Steps[j].Calls[k], where)
		}
	}
}

func (p *problems) call(app *App, caller int, c *Call, where string) {
	p.index(c.RPC, len(app.RPCs), where+": RPC")
	p.size(c.Probability, 0, 1, "%s: probability", where)
	p.check(c.Times >= 1, "%s: must be made at least once (got %d times)", where, c.Times)
	if c.Pool != -1 {
		p.index(c.Pool, len(app.Services[caller].Pools), where+": pool")
	}
	p.check(c.Timeout >= 0, "%s: timeout must not be negative (got %s)", where, c.Timeout)
	p.check(c.Retries >= 0, "%s: retries must not be negative (got %d)", where, c.Retries)
	p.check(c.Backoff >= 0, "%s: backoff must not be negative (got %s)", where, c.Backoff)
	if c.Async {
		p.check(c.Cache == nil && c.Pool == -1 && c.Timeout == 0,
			"%s: a message has no cache, pool or timeout, as nobody waits for it", where)
	}
	if c.Cache == nil {
		return
	}
	p.size(c.Cache.Hit, 0, 1, "%s: hits", where)
	if m := c.Cache.Miss; m != nil {
		p.check(!m.Async, "%s: what follows a miss is waited for", where)
		p.call(app, caller, m, where+" after a miss")
	}
}

func (p *problems) entry(app *App, i int) {
	e := &app.Entries[i]
	p.index(e.RPC, len(app.RPCs), fmt.Sprintf("entry %d: RPC", i))
	p.size(e.Rate, 0, maxRate, "rate of entry %d", i)
	p.size(e.Swing, -1, 1, "swing of entry %d", i)
	p.size(e.Wander, 0, 1, "wander of entry %d", i)
	p.check(e.Period >= 0, "period of entry %d must not be negative (got %s)", i, e.Period)
}

// maxRate bounds arrivals per second: at 1e8, gaps of 10 ns are still whole.
const maxRate = 1e8

// cycles looks for RPCs that call themselves, at whatever remove.
func (p *problems) cycles(app *App) {
	const (
		unseen = iota
		open
		done
	)
	state := make([]uint8, len(app.RPCs))
	var visit func(i int)
	each := func(i int, c *Call) {
		for ; c != nil; c = missOf(c) {
			if state[c.RPC] == open {
				p.check(false, "RPC %d (%s) calls RPC %d (%s), which leads back to it",
					i, app.RPCs[i].Operation, c.RPC, app.RPCs[c.RPC].Operation)
			}
			if state[c.RPC] == unseen {
				visit(c.RPC)
			}
		}
	}
	visit = func(i int) {
		state[i] = open
		for j := range app.RPCs[i].Steps {
			for k := range app.RPCs[i].Steps[j].Calls {
				each(i, &app.RPCs[i].Steps[j].Calls[k])
			}
		}
		state[i] = done
	}
	for i := range app.RPCs {
		if state[i] == unseen {
			visit(i)
		}
	}
}

// missOf returns the call that is made after a miss of c, or nil.
func missOf(c *Call) *Call {
	if c.Cache == nil {
		return nil
	}
	return c.Cache.Miss
}
