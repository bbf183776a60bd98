package foreign

import (
	"fmt"
	"testing"
	"time"
)

func TestDbg(t *testing.T) {
	for seed := uint64(1); seed <= 8; seed++ {
		s := Drawn(seed)
		s.Meters, s.Sampled = nil, 1e-9
		p := newPlant(s, 1, pilotSink{NewAnswers(s, time.Minute)})
		for i := range s.Users {
			p.arrive(&s.Users[i])
		}
		p.clock.until(120e9)
		fmt.Println(seed, len(s.Services), s.Hosts, s.Users, p.counted.Requests, p.counted.Answered, p.counted.Failed)
		for _, svc := range p.order {
			for _, r := range svc.replicas {
				for _, n := range p.storeNames {
					if g := r.pools[n]; g != nil && len(g.line) > 5 {
						fmt.Println("  pool", svc.Name, n, g.in, g.room, len(g.line))
					}
				}
				if len(r.workers.line) > 5 {
					fmt.Println("  workers", r.name, r.workers.in, r.workers.room, len(r.workers.line))
				}
				if len(r.group.ready) > 5 {
					fmt.Println("  cpu", r.name, len(r.group.ready), float64(r.group.cpuTime)/120e9)
				}
				if g := r.locks["state"]; g != nil && len(g.line) > 5 {
					fmt.Println("  lock", r.name, g.in, len(g.line))
				}
			}
		}
		for _, h := range p.hosts {
			if len(h.disk.line) > 5 || float64(h.cpuTime) > 0.8*120e9*float64(h.cores) {
				fmt.Println("  host", h.name, float64(h.cpuTime)/120e9, len(h.disk.line), float64(h.diskTime)/120e9)
			}
		}
		for _, n := range p.storeNames {
			if st := p.stores[n]; len(st.threads.line) > 5 {
				fmt.Println("  store", n, st.Threads, len(st.threads.line))
			}
		}
	}
}
