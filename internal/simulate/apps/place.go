package apps

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/sage-rca/sage/internal/simulate"
)

// agentShare is the share of every host's cores that its own daemons use: log
// shippers, monitoring, the orchestrator. It is why hosts are busy to a fifth up
// to a half although requests are few.
const agentShare = 0.25

// agentWork is the CPU of one job of a daemon, in seconds.
const agentWork = 0.1

// place makes hosts for the replicas, about perHost on each, and puts every
// replica on the host with the least load, those of one service on different
// hosts. It adds the daemons that run on every host.
func (b *builder) place(perHost int) *simulate.App {
	total := 0
	for _, n := range b.replicas {
		total += n
	}
	hosts := max(3, (total+perHost-1)/perHost)
	var cores float64
	for h := range hosts {
		c := []float64{4, 4, 6, 8}[b.rng.IntN(4)]
		cores += c
		b.app.Hosts = append(b.app.Hosts, simulate.Host{
			Name: fmt.Sprintf("node-%02d", h+1), Cores: c, DiskRate: 1, MemoryMiB: 4096 * c,
		})
	}
	b.spread()
	agent := b.service("node-agent", plain, 0)
	s := &b.app.Services[agent]
	s.Uninstrumented, s.Workers, s.CPULimit, s.MemoryMiB = true, 0, 2, 512
	for h := range hosts {
		s.Hosts = append(s.Hosts, h)
	}
	job := b.rpc(agent, "collect", simulate.HTTP, cost{cpu: agentWork * 1e3})
	b.app.RPCs[job].CPU.CV = 0.5
	b.app.Entries = append(b.app.Entries, simulate.Entry{RPC: job, Rate: agentShare * cores / agentWork})
	return b.app
}

// spread assigns replicas to hosts, the most loaded services first.
func (b *builder) spread() {
	demand := demandOf(b.app)
	order := make([]int, len(b.app.Services))
	for s := range order {
		order[s] = s
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(demand[y].cpu, demand[x].cpu) })

	load := make([]float64, len(b.app.Hosts))
	held := make([]int, len(b.app.Hosts))
	for _, s := range order {
		n := min(b.replicas[s], len(b.app.Hosts))
		taken := make([]bool, len(b.app.Hosts))
		for range n {
			best := -1
			for h := range load {
				if !taken[h] && (best < 0 || lighter(load, held, b.app.Hosts, h, best)) {
					best = h
				}
			}
			taken[best] = true
			load[best] += demand[s].cpu / float64(n)
			held[best]++
			b.app.Services[s].Hosts = append(b.app.Services[s].Hosts, best)
		}
	}
}

// lighter reports whether host x has more room than y: fewer containers per core,
// then less load per core.
func lighter(load []float64, held []int, hosts []simulate.Host, x, y int) bool {
	return cmp.Or(
		cmp.Compare(float64(held[x])/hosts[x].Cores, float64(held[y])/hosts[y].Cores),
		cmp.Compare(load[x]/hosts[x].Cores, load[y]/hosts[y].Cores),
	) < 0
}
