package apps

import (
	"time"

	"github.com/sage-rca/sage/internal/simulate"
)

// decoy draws one thing that must raise nothing and lasts from start to end or
// less. Kinds that there is no place for are passed over; a deploy always has one.
func (d *drawer) decoy(kinds *cycle, start, end time.Duration) []simulate.Fault {
	for {
		f := blank(kinds.next())
		f.Start, f.End = start, end
		places := d.places(f.Kind)
		if len(places) == 0 {
			continue
		}
		f.Service = places[d.rng.IntN(len(places))]
		switch f.Kind {
		case simulate.OffPath:
			f.Size = float64(2 + d.rng.IntN(7))
		case simulate.Blip:
			f.Size = d.healthy * logUniform(d.rng, 0.5, 2)
			f.End = min(end, start+time.Duration(logUniform(d.rng, 2, 5)*float64(time.Second)))
		case simulate.Restart:
			f.Size = 3 + 5*d.rng.Float64()
		default:
		}
		return []simulate.Fault{f}
	}
}

// places are the services that a decoy may be in.
func (d *drawer) places(kind simulate.FaultKind) []int {
	var out []int
	least := -1
	for s := range d.app.Services {
		svc := &d.app.Services[s]
		if svc.Uninstrumented {
			continue
		}
		share := d.reach.services[s]
		fits := false
		switch kind {
		case simulate.OffPath:
			fits = share == 0
			if share < onPath && (least < 0 || share < d.reach.services[least]) {
				least = s
			}
		case simulate.Restart:
			fits = len(svc.Hosts) > 1
		case simulate.Blip, simulate.MetricGap:
			fits = d.reach.on(s)
		default:
			fits = true
		}
		if fits {
			out = append(out, s)
		}
	}
	if kind == simulate.OffPath && len(out) == 0 && least >= 0 { // what hardly matters
		out = append(out, least)
	}
	return out
}
