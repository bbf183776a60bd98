package apps

import (
	"slices"

	"github.com/sage-rca/sage/internal/simulate"
)

// clone returns a copy of app that shares nothing with it.
func clone(app *simulate.App) *simulate.App {
	out := *app
	out.Hosts = slices.Clone(app.Hosts)
	out.Entries = slices.Clone(app.Entries)
	out.Services = slices.Clone(app.Services)
	for s := range out.Services {
		svc := &out.Services[s]
		svc.Hosts, svc.Pools = slices.Clone(svc.Hosts), slices.Clone(svc.Pools)
	}
	out.RPCs = slices.Clone(app.RPCs)
	for i := range out.RPCs {
		steps := slices.Clone(out.RPCs[i].Steps)
		for k := range steps {
			steps[k].Calls = slices.Clone(steps[k].Calls)
			for c := range steps[k].Calls {
				steps[k].Calls[c].Cache = cloneCache(steps[k].Calls[c].Cache)
			}
		}
		out.RPCs[i].Steps = steps
	}
	return &out
}

func cloneCache(c *simulate.Cache) *simulate.Cache {
	if c == nil {
		return nil
	}
	out := *c
	if c.Miss != nil {
		miss := *c.Miss
		miss.Cache = cloneCache(miss.Cache)
		out.Miss = &miss
	}
	return &out
}

// collapsed returns app with the hits of its caches as the faults leave them: app
// itself where none concerns a cache.
func collapsed(app *simulate.App, faults []simulate.Fault) *simulate.App {
	out := app
	for i := range faults {
		f := &faults[i]
		if f.Kind != simulate.CacheCollapse {
			continue
		}
		if out == app {
			out = clone(app)
		}
		for r := range out.RPCs {
			for k := range out.RPCs[r].Steps {
				for c := range out.RPCs[r].Steps[k].Calls {
					call := &out.RPCs[r].Steps[k].Calls[c]
					if call.Cache != nil && out.RPCs[call.RPC].Service == f.Service {
						call.Cache.Hit *= f.Size
					}
				}
			}
		}
	}
	return out
}
