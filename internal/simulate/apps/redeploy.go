package apps

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/sage-rca/sage/internal/simulate"
)

// nextVersion is the service.version of what was redeployed.
const nextVersion = "2.0.0"

// busiest is the utilisation of its CPU limit that a redeploy leaves a service with
// at most, so that the new version copes with the load.
const busiest = 0.6

// Redeploy returns a copy of app in which so many services on the path of the watched
// entry, drawn from seed, have a new version: all that a service does itself takes
// half up to twice the time, and one of its RPCs makes one call more, or one fewer
// where what it called has other callers. Services and RPCs keep their index.
func Redeploy(app *simulate.App, services int, seed uint64) *simulate.App {
	b := &builder{app: clone(app), rng: rand.New(rand.NewPCG(seed, 0x7265_6465))}
	path := newReach(b.app)
	var candidates []int
	for s := range b.app.Services {
		if path.on(s) && !b.app.Services[s].Uninstrumented {
			candidates = append(candidates, s)
		}
	}
	b.rng.Shuffle(len(candidates), func(i, j int) { candidates[i], candidates[j] = candidates[j], candidates[i] })
	for _, s := range candidates[:min(services, len(candidates))] {
		if b.app.Services[s].Version != "" {
			b.app.Services[s].Version = nextVersion
		}
		b.rework(s, math.Exp2(2*b.rng.Float64()-1))
		rpcs := b.watchedOf(s, path.rpcs)
		rpc := rpcs[b.rng.IntN(len(rpcs))]
		if b.rng.IntN(2) == 0 || !b.callFewer(rpc) {
			b.callMore(rpc)
		}
	}
	return b.app
}

// watchedOf returns the RPCs of service s on the path.
func (b *builder) watchedOf(s int, visits []float64) []int {
	var out []int
	for i, n := range visits {
		if n > 0 && b.app.RPCs[i].Service == s {
			out = append(out, i)
		}
	}
	return out
}

// rework makes all that service s does itself take factor times as long, as far as
// its CPU limit allows.
func (b *builder) rework(s int, factor float64) {
	svc := &b.app.Services[s]
	if used := demandOf(b.app)[s].cpu / float64(len(svc.Hosts)) / svc.CPULimit; used*factor > busiest {
		factor = max(0.5, busiest/used)
	}
	for i := range b.app.RPCs {
		if r := &b.app.RPCs[i]; r.Service == s {
			r.CPU.Mean *= factor
			r.Disk.Mean *= factor
		}
	}
}

// callFewer drops a call of an RPC, drawn from those whose callee is still called
// without it, and reports whether there was one.
func (b *builder) callFewer(rpc int) bool {
	steps := b.app.RPCs[rpc].Steps
	var choices [][]simulate.Step
	for k := range steps {
		for c := range steps[k].Calls {
			less := slices.Clone(steps)
			less[k].Calls = slices.Delete(slices.Clone(steps[k].Calls), c, c+1)
			if len(less[k].Calls) == 0 {
				less = slices.Delete(less, k, k+1)
			}
			b.app.RPCs[rpc].Steps = less
			if b.allCalled() {
				choices = append(choices, less)
			}
		}
	}
	b.app.RPCs[rpc].Steps = steps
	if len(choices) == 0 {
		return false
	}
	b.app.RPCs[rpc].Steps = choices[b.rng.IntN(len(choices))]
	return true
}

// allCalled reports whether every RPC is reached from some entry.
func (b *builder) allCalled() bool {
	reached := make([]bool, len(b.app.RPCs))
	for _, e := range b.app.Entries {
		for i, n := range visitsOf(b.app, e.RPC, true) {
			reached[i] = reached[i] || n > 0
		}
	}
	return !slices.Contains(reached, false)
}

// callMore adds a call to an RPC of another service that does not call back, drawn
// from those that cope with it, if there is one.
func (b *builder) callMore(rpc int) {
	caller := &b.app.RPCs[rpc]
	entry := make(map[int]bool)
	for _, e := range b.app.Entries {
		entry[e.RPC] = true
	}
	var choices []int
	before := demandOf(b.app)
	for i := range b.app.RPCs {
		r := &b.app.RPCs[i]
		called := slices.ContainsFunc(caller.Steps, func(s simulate.Step) bool {
			return slices.ContainsFunc(s.Calls, func(c simulate.Call) bool { return c.RPC == i })
		})
		if called || entry[i] || r.Service == caller.Service || r.Protocol == simulate.Messaging || visitsOf(b.app, i, true)[rpc] > 0 {
			continue
		}
		steps := caller.Steps
		caller.Steps = append(steps[:len(steps):len(steps)], then(call(i)))
		if b.cope(before) {
			choices = append(choices, i)
		}
		caller.Steps = steps
	}
	if len(choices) > 0 {
		caller.Steps = append(caller.Steps, then(call(choices[b.rng.IntN(len(choices))])))
	}
}

// cope reports whether no service that has more to do than before is busier than a
// redeploy may leave it.
func (b *builder) cope(before []demand) bool {
	for s, d := range demandOf(b.app) {
		if svc := &b.app.Services[s]; d.cpu > before[s].cpu && d.cpu/float64(len(svc.Hosts))/svc.CPULimit > busiest {
			return false
		}
	}
	return true
}
