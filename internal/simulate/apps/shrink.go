package apps

import (
	"math/rand/v2"
	"slices"

	"github.com/sage-rca/sage/internal/simulate"
)

// Shrink returns a copy of app without so many services, drawn from seed, that
// call nobody and are no entry, one after the other: once it calls nobody any
// more, a service may go as well. Calls of what is gone are gone too. It stops
// where there is no such service.
func Shrink(app *simulate.App, services int, seed uint64) *simulate.App {
	rng := rand.New(rand.NewPCG(seed, 0x7368_726b))
	out := clone(app)
	for range services {
		leaves := leavesOf(out)
		if len(leaves) == 0 {
			break
		}
		remove(out, leaves[rng.IntN(len(leaves))])
	}
	return out
}

// leavesOf returns the services that call nobody and are no entry.
func leavesOf(app *simulate.App) []int {
	calls := make([]bool, len(app.Services))
	for i := range app.RPCs {
		if len(app.RPCs[i].Steps) > 0 {
			calls[app.RPCs[i].Service] = true
		}
	}
	for _, e := range app.Entries {
		calls[app.RPCs[e.RPC].Service] = true
	}
	var out []int
	for s := range app.Services {
		if !calls[s] {
			out = append(out, s)
		}
	}
	return out
}

// remove takes service s, its RPCs and all calls of them out of app.
func remove(app *simulate.App, s int) {
	to := make([]int, len(app.RPCs)) // new index of each RPC, -1: gone
	var rpcs []simulate.RPC
	for i := range app.RPCs {
		to[i] = -1
		if app.RPCs[i].Service != s {
			to[i] = len(rpcs)
			rpcs = append(rpcs, app.RPCs[i])
		}
	}
	for i := range rpcs {
		r := &rpcs[i]
		if r.Service > s {
			r.Service--
		}
		for k := range r.Steps {
			r.Steps[k].Calls = slices.DeleteFunc(r.Steps[k].Calls, func(c simulate.Call) bool { return to[c.RPC] < 0 })
			for c := range r.Steps[k].Calls {
				renumber(&r.Steps[k].Calls[c], to)
			}
		}
		r.Steps = slices.DeleteFunc(r.Steps, func(step simulate.Step) bool { return len(step.Calls) == 0 })
	}
	for i := range app.Entries {
		app.Entries[i].RPC = to[app.Entries[i].RPC]
	}
	app.RPCs = rpcs
	app.Services = slices.Delete(app.Services, s, s+1)
}

// renumber gives a call that stays its new index, and drops what it would call
// after a miss where that is gone.
func renumber(c *simulate.Call, to []int) {
	c.RPC = to[c.RPC]
	if c.Cache == nil || c.Cache.Miss == nil {
		return
	}
	if to[c.Cache.Miss.RPC] < 0 {
		c.Cache.Miss = nil
		return
	}
	renumber(c.Cache.Miss, to)
}
