package foreign

import (
	"fmt"
	"math"
	"slices"
)

// trouble draws the place and size of the kinds that published recordings have, of
// those of queues and third parties, and of decoys.
func (d *draw) trouble(f *Fault, c *Culprit) (s *Service) {
	inner := func(s *Service) bool { return s.Name != d.Users[0].Service }
	several := func(s *Service) bool { return inner(s) && s.Replicas > 1 }
	longer := d.tail * (0.8 + d.rng.Float64())
	one := func(fits func(s *Service) bool) *Service {
		s := d.served(fits)
		if s != nil && f.Kind.OfOne() {
			f.Replica = d.rng.IntN(s.Replicas)
		}
		return s
	}
	switch f.Kind {
	case MemHog:
		s, f.Size, c.Mechanisms = one(inner), 1, []string{"memory", "disk"}
	case Sockets:
		s, f.Size, c.Mechanisms = one(d.calling), longer, []string{"network", "latent", "pool"}
	case DNS:
		s, f.Size, c.Mechanisms = one(d.calling), longer, []string{"network", "latent"}
	case PodCPU:
		s, f.Size, c.Mechanisms = one(several), 8, []string{"cpu"}
	case PodDelay:
		s, f.Size, c.Mechanisms = one(several), longer, []string{"network"}
	case PodLoss:
		s, f.Size, c.Mechanisms = one(several), 0.2+0.1*d.rng.Float64(), []string{"network"}
	case NodeDisk:
		d.host(f, c, math.Ceil(longer/0.004), "disk", d.disks()...)
	case NodeDelay:
		d.host(f, c, longer, "network", d.all()...)
	case NodeLoss:
		d.host(f, c, 0.1+0.1*d.rng.Float64(), "network", d.all()...)
	case SlowConsumer:
		s = d.consumer()
		f.Size, c.Mechanisms = 0.9, []string{"latent"}
	case SlowBroker, SlowAPI, APIErrors, TLS:
		d.party(f, c, longer)
	case Cron:
		d.host(f, c, 0, "", d.all()...)
	case ClockStep:
		d.host(f, c, 0.5+2*d.rng.Float64(), "", d.all()...)
	case ColdCache:
		s, f.Size = one(inner), 60
	case Scale, BlueGreen:
		s, f.Size = one(inner), 2
	default:
		panic("foreign: unknown kind " + f.Kind)
	}
	return s
}

// host draws one of those numbers.
func (d *draw) host(f *Fault, c *Culprit, size float64, mechanism string, of ...int) {
	if len(of) == 0 {
		return
	}
	f.Host, f.Size = of[d.rng.IntN(len(of))], size
	c.Host, c.Mechanisms = fmt.Sprintf("node-%c%d", 'a'+(f.Host-1)%3, f.Host), []string{mechanism}
}

// all are the numbers of the hosts.
func (d *draw) all() (out []int) {
	for i := range d.Hosts {
		out = append(out, i+1)
	}
	return out
}

// disks are the numbers of the hosts whose disk the services on the path use.
func (d *draw) disks() (out []int) {
	p := newPlant(d.System, 0, nil)
	for i, h := range p.hosts {
		if slices.ContainsFunc(p.on(h), func(r *replica) bool { return d.path(r.service.Name) && has[Disk](r.service.Service) }) {
			out = append(out, i+1)
		}
	}
	return out
}

// calling reports whether a service calls others or third parties.
func (d *draw) calling(s *Service) (found bool) {
	for _, e := range s.Endpoints {
		each(e.Steps, func(x Step) {
			switch x := x.(type) {
			case Call:
				found = true
			case Query:
				found = found || d.store(x.Store).System == Web
			}
		})
	}
	return found && s.Name != d.Users[0].Service
}

// consumer is a service for whose work on messages somebody waits.
func (d *draw) consumer() *Service {
	var all []*Service
	for i := range d.Services {
		s := &d.Services[i]
		waited := slices.ContainsFunc(d.Users, func(u Users) bool { return u.Service == s.Name && u.Endpoint == Consume })
		for k := range d.Services {
			for _, e := range d.Services[k].Endpoints {
				each(e.Steps, func(x Step) {
					p, ok := x.(Publish)
					waited = waited || ok && p.Reply && p.Queue == s.Name
				})
			}
		}
		if waited {
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all[d.rng.IntN(len(all))]
}

// party is a third party or a broker.
func (d *draw) party(f *Fault, c *Culprit, longer float64) {
	var all []*Store
	for i := range d.Stores {
		st := &d.Stores[i]
		if broker := st.System == "kafka" || st.System == "rabbitmq"; broker && f.Kind == SlowBroker || st.System == Web && f.Kind != SlowBroker {
			all = append(all, st)
		}
	}
	if len(all) == 0 {
		return
	}
	st := all[d.rng.IntN(len(all))]
	f.Service, c.Names = st.Name, []string{st.Name, st.System, st.System + ":" + st.Name}
	switch f.Kind {
	case APIErrors:
		f.Size, c.Mechanisms = 0.3, []string{"error_rate"}
	case TLS:
		f.Size, c.Mechanisms = longer, []string{"latent", "network"}
	default:
		f.Size, c.Mechanisms = 1+longer/st.Mean.Seconds(), []string{"latent"}
	}
}
