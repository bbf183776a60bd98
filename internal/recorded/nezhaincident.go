package recorded

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sage-rca/sage/internal/identity"
)

// set makes windows of the frames.
func (d *day) set(name string, causes rootCauses) *Set {
	s := &Set{Name: name, Window: time.Duration(d.grid.step), Entry: rpc(d.entry), Quantile: nezhaQuantile, Reported: nezhaReported}
	var unknown []string
	for _, f := range d.faults {
		in := f.incident(causes)
		in.Entry, in.Quantile = s.Entry, s.Quantile
		service, ok := d.serviceOf(f.pod)
		if !ok {
			unknown = append(unknown, f.pod)
		}
		in.Services = []identity.Service{service}
		s.Incidents = append(s.Incidents, in)
	}
	d.notes.named("faults of services without metrics, which nothing can name", unknown)
	for _, f := range d.frames {
		if len(f.served) == 0 {
			d.notes.add("windows without rows", 1)
			continue
		}
		var acting []int
		for i, fault := range d.faults {
			if fault.acts(f.end) {
				acting = append(acting, i)
			}
		}
		ok := outside(d.faults, f.end)
		if !ok && len(acting) == 0 {
			d.notes.add("windows that are neither normal nor faulty", 1)
			continue
		}
		snap := d.snapshot(f)
		if ok {
			s.Normal = append(s.Normal, snap)
		}
		if len(acting) > 1 {
			d.notes.add("windows in which several faults act, and each has", 1)
		}
		for _, i := range acting {
			s.Incidents[i].Windows = append(s.Incidents[i].Windows, snap)
		}
	}
	d.askable(s)
	s.Notes = d.notes.list()
	return s
}

// askable leaves out the incidents without a window in which they act.
func (d *day) askable(s *Set) {
	s.Incidents = slices.DeleteFunc(s.Incidents, func(in Incident) bool {
		if len(in.Windows) > 0 {
			return false
		}
		d.notes.at("faults left out, since no window is recorded in which they act (are their times UTC?)",
			fmt.Sprintf("%s, windows from %s to %s", in.Name, clock(d.grid.end(0)), clock(d.grid.end(d.grid.windows-1))))
		return true
	})
}

// clock writes a time for notes.
func clock(ns int64) string { return time.Unix(0, ns).UTC().Format(time.DateTime) }

// serviceOf returns the service that a pod of the fault list is of: by its name, or
// the longest known one that its name begins with; ok is false where it is none of
// those with metrics.
func (d *day) serviceOf(pod string) (s identity.Service, ok bool) {
	s = identity.Service{Name: workload(pod)}
	if d.known[s] {
		return s, true
	}
	var best identity.Service
	for k := range d.known {
		if (pod == k.Name || strings.HasPrefix(pod, k.Name+"-")) && len(k.Name) > len(best.Name) {
			best = k
		}
	}
	if best.IsZero() {
		return s, false
	}
	return best, true
}
