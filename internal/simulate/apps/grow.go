package apps

import (
	"fmt"
	"math/rand/v2"

	"github.com/sage-rca/sage/internal/simulate"
)

// Grow returns a copy of app into whose call trees so many services of four RPCs
// each have been added, drawn from seed: the first RPC of each is called by one on
// the path of the watched entry, the others by any. Services that were there keep
// their index and what they do besides.
func Grow(app *simulate.App, services int, seed uint64) *simulate.App {
	b := &builder{app: clone(app), rng: rand.New(rand.NewPCG(seed, 0x6772_6f77))}
	makes := []kit{jvm, golang, node}
	for k := range services {
		s := b.service(b.unused("added", k+1), makes[b.rng.IntN(len(makes))], 1)
		b.app.Services[s].Hosts = []int{b.rng.IntN(len(b.app.Hosts))}
		onPath := newReach(b.app).rpcs
		for i := range perService {
			callers := b.callersFor(i == 0, onPath)
			rpc := b.rpc(s, fmt.Sprintf("syn.%s/Do%d", b.app.Services[s].Name, i), simulate.GRPC,
				cost{cpu: 0.8 + 2.4*b.rng.Float64(), alloc: 0.2 + 0.8*b.rng.Float64()})
			caller := &b.app.RPCs[callers[b.rng.IntN(len(callers))]]
			caller.Steps = append(caller.Steps, then(call(rpc)))
		}
	}
	return b.app
}

// callersFor returns the RPCs of instrumented services, without those that were
// added in this step; of the watched path only if so asked.
func (b *builder) callersFor(watched bool, onPath []float64) []int {
	var out []int
	for rpc := range onPath {
		if b.app.Services[b.app.RPCs[rpc].Service].Uninstrumented || watched && onPath[rpc] < 0.9 {
			continue
		}
		out = append(out, rpc)
	}
	return out
}

// unused returns the n-th name with a prefix, or the first after it that no service has.
func (b *builder) unused(prefix string, n int) string {
	for ; ; n++ {
		name, free := fmt.Sprintf("%s-%03d", prefix, n), true
		for s := range b.app.Services {
			free = free && b.app.Services[s].Name != name
		}
		if free {
			return name
		}
	}
}
