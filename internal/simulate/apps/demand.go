package apps

import "github.com/sage-rca/sage/internal/simulate"

// demand is what a service has to do in a second, over all of its replicas.
type demand struct {
	cpu   float64 // seconds of a core
	disk  float64 // seconds of a disk
	alloc float64 // MiB
}

// demandOf returns the demand of every service when all is well: the visits that
// the entries cause, by their means.
func demandOf(app *simulate.App) []demand {
	out := make([]demand, len(app.Services))
	for _, e := range app.Entries {
		addDemand(app, out, e)
	}
	return out
}

func addDemand(app *simulate.App, out []demand, e simulate.Entry) {
	for rpc, n := range visitsOf(app, e.RPC, true) {
		r := &app.RPCs[rpc]
		d := &out[r.Service]
		d.alloc += e.Rate * n * r.AllocMiB
		d.cpu += e.Rate * n * r.CPU.Mean
		d.disk += e.Rate * n * r.Disk.Mean
	}
}

// visitsOf returns, by RPC, how often one request of root calls it on average:
// the sum over all paths of the product of probabilities and repeats. Messages
// count where async is set.
func visitsOf(app *simulate.App, root int, async bool) []float64 {
	visits := make([]float64, len(app.RPCs))
	var visit func(rpc int, n float64)
	follow := func(c *simulate.Call, n float64) {
		if c.Async && !async {
			return
		}
		n *= c.Probability * float64(max(1, c.Times))
		visit(c.RPC, n)
		if c.Cache != nil && c.Cache.Miss != nil {
			m := c.Cache.Miss
			visit(m.RPC, n*(1-c.Cache.Hit)*m.Probability*float64(max(1, m.Times)))
		}
	}
	visit = func(rpc int, n float64) {
		visits[rpc] += n
		for _, step := range app.RPCs[rpc].Steps {
			for i := range step.Calls {
				follow(&step.Calls[i], n)
			}
		}
	}
	visit(root, 1)
	return visits
}
