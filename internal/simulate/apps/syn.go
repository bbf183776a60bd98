package apps

import (
	"fmt"

	"github.com/sage-rca/sage/internal/simulate"
)

// perService is the number of RPCs of each service of the synthetic
// applications, and of those that Grow adds.
const perService = 4

// layerShares are the shares of the services in layers 1 to 5; layer 0 are those
// that requests arrive at.
var layerShares = [...]float64{0.2, 0.25, 0.25, 0.18, 0.12}

// callsPerEntry is the number of RPCs that each entry of a synthetic application
// calls for itself, before further calls are added up to maxCalls.
const (
	callsPerEntry = 22
	maxCalls      = 38
)

// synthetic is an application of n RPCs, drawn from seed: services in layers of
// which each calls the ones below, in sequence and in parallel, once or twice,
// always or now and then. Every RPC but those of the entries has one caller that
// makes it part of one entry; further calls make services shared. A part of the
// services of the last layers are uninstrumented databases.
func synthetic(n int, seed uint64) *simulate.App {
	g := &generator{builder: newBuilder(fmt.Sprintf("syn-%d", n), seed)}
	g.services(n / perService)
	g.trees()
	g.shares()
	g.entries()
	return g.place(6)
}

// generator draws a synthetic application.
type generator struct {
	*builder
	layer []int // of each service
	above []int // of each RPC: the entry RPC that it is called for
	calls []int // of each entry RPC: how many RPCs are called for it
}

func (g *generator) services(n int) {
	fronts := max(1, (n*perService/callsPerEntry+perService-1)/perService)
	makes := []kit{jvm, golang, node}
	var bounds [len(layerShares)]int // services up to and with each layer
	sum := 0.0
	for l, share := range layerShares {
		sum += share
		bounds[l] = fronts + int(sum*float64(n-fronts)+0.5)
	}
	for s := range n {
		layer := 0
		if s >= fronts {
			for layer = 1; s >= bounds[layer-1]; layer++ {
				continue
			}
		}
		replicas := 1
		if g.rng.Float64() < 0.3 && s > 0 {
			replicas = 2
		}
		// Databases only in the last layer, and in the one before now and then.
		isStore := layer == len(layerShares) || layer == len(layerShares)-1 && g.rng.Float64() < 0.35
		if isStore && s != fronts {
			g.store(fmt.Sprintf("db-%03d", s), []string{"postgresql", "mongodb", "redis", "mysql"}[g.rng.IntN(4)])
		} else {
			g.service(fmt.Sprintf("svc-%03d", s), makes[g.rng.IntN(len(makes))], replicas)
		}
		g.layer = append(g.layer, layer)
	}
}

// trees adds the RPCs, top down, and one call to each of those below the first
// layer: by the one of a few candidates of the layer above whose entry has the
// fewest calls so far.
func (g *generator) trees() {
	var byLayer [len(layerShares) + 1][]int
	for s, layer := range g.layer {
		for k := range perService {
			rpc := g.draw(s, k, layer)
			byLayer[layer] = append(byLayer[layer], rpc)
			g.above = append(g.above, rpc)
			g.calls = append(g.calls, 1)
		}
	}
	for layer := 1; layer < len(byLayer); layer++ {
		callers := g.callers(byLayer[:layer])
		for _, rpc := range byLayer[layer] {
			best := callers[g.rng.IntN(len(callers))]
			for range 3 {
				c := callers[g.rng.IntN(len(callers))]
				if g.calls[g.above[c]] < g.calls[g.above[best]] {
					best = c
				}
			}
			g.above[rpc] = g.above[best]
			g.calls[g.above[best]]++
			g.connect(best, rpc)
		}
	}
}

// callers returns the RPCs of instrumented services of the lowest of the layers
// that has any.
func (g *generator) callers(layers [][]int) []int {
	for l := len(layers) - 1; l >= 0; l-- {
		var out []int
		for _, rpc := range layers[l] {
			if !g.app.Services[g.app.RPCs[rpc].Service].Uninstrumented {
				out = append(out, rpc)
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return layers[0]
}

// draw adds RPC k of service s with work that is drawn.
func (g *generator) draw(s, k, layer int) int {
	c := cost{cpu: 0.8 + 2.4*g.rng.Float64(), alloc: 0.2 + 1.2*g.rng.Float64()}
	if layer == 0 {
		c.cpu += 4
	}
	service := &g.app.Services[s]
	if service.Uninstrumented {
		c = cost{cpu: 0.5 + g.rng.Float64()}
		if service.System != "redis" {
			c.disk = 0.4 + 1.2*g.rng.Float64()
		}
		return g.rpc(s, []string{"SELECT", "INSERT", "UPDATE", "DELETE"}[k], simulate.DB, c)
	}
	if layer > 0 && g.rng.Float64() < 0.3 {
		c.disk = 0.4 + 1.6*g.rng.Float64()
	}
	if layer == 0 {
		return g.rpc(s, fmt.Sprintf("%s /%s/%d", []string{"POST", "GET"}[k%2], service.Name, k), simulate.HTTP, c)
	}
	return g.rpc(s, fmt.Sprintf("syn.%s/Do%d", service.Name, k), simulate.GRPC, c)
}

// connect makes caller call rpc: in a step of its own or at the same time as the
// last.
func (g *generator) connect(caller, rpc int) {
	c := call(rpc)
	if g.rng.Float64() < 0.2 {
		c.Probability = 0.4 + 0.5*g.rng.Float64()
	}
	steps := &g.app.RPCs[caller].Steps
	from := &g.app.Services[g.app.RPCs[caller].Service]
	to := g.app.RPCs[rpc].Service
	if len(from.Pools) == 0 && g.rng.Float64() < 0.3 {
		c.Pool = g.pool(g.app.RPCs[caller].Service, g.app.Services[to].Name, 16)
	}
	if n := len(*steps); n > 0 && g.rng.Float64() < 0.45 {
		(*steps)[n-1].Calls = append((*steps)[n-1].Calls, c)
		return
	}
	*steps = append(*steps, then(c))
}

// shares adds calls across entries, to services that others call already, as
// long as no entry gets too many.
func (g *generator) shares() {
	size := make([]float64, len(g.app.RPCs)) // calls of one request of each entry RPC
	count := func() bool {
		for rpc := range g.app.RPCs {
			if g.above[rpc] != rpc {
				continue
			}
			size[rpc] = 0
			for _, n := range visitsOf(g.app, rpc, true) {
				size[rpc] += n
			}
			if size[rpc] > maxCalls {
				return false
			}
		}
		return true
	}
	for range len(g.app.RPCs) / 8 {
		caller, rpc := g.rng.IntN(len(g.app.RPCs)), g.rng.IntN(len(g.app.RPCs))
		from, to := g.app.RPCs[caller].Service, g.app.RPCs[rpc].Service
		if g.layer[from] >= g.layer[to] || g.app.Services[from].Uninstrumented {
			continue
		}
		steps := g.app.RPCs[caller].Steps
		g.app.RPCs[caller].Steps = append(steps[:len(steps):len(steps)], then(often(rpc, 0.5, 1)))
		if !count() {
			g.app.RPCs[caller].Steps = steps
		}
	}
}

// entries makes every RPC of the first layer an entry. The first is the one that
// calls the most; it has half of the load, and a good deal of work of its own,
// on a single replica, so that a surge of it matters.
func (g *generator) entries() {
	var roots []int
	first := 0
	for rpc := range g.app.RPCs {
		if g.above[rpc] == rpc {
			if g.app.RPCs[rpc].Service == 0 && g.calls[rpc] > g.calls[first] {
				first = rpc
			}
			roots = append(roots, rpc)
		}
	}
	g.app.RPCs[first].CPU.Mean = 10e-3
	if own := g.app.RPCs[first].Service; len(g.app.RPCs[first].Steps) > 0 {
		g.app.RPCs[first].Steps[0].Calls[0].Pool = g.pool(own, "upstream", 32)
	}
	g.entry(first, 18)
	for _, rpc := range roots {
		if rpc != first {
			g.entry(rpc, 16/float64(len(roots)-1))
		}
	}
}
