package rca

import (
	"math"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// ofNames maps the aspects of named metrics, see feature.NamedMetric, to what they say.
// Nobody knows their units, so that a share of what is usual is all that a rise is measured by.
var ofNames = map[string]meaning{
	"cpu":                  {CPU, direct, perLoad, false, 0},
	"cpu_wait":             {CPU, direct, perNothing, false, 0},
	"cpu_throttled":        {CPU, direct, perNothing, false, 0},
	"cpu_eventloop":        {CPU, direct, perLoad, false, 0},
	"cpu_load":             {CPU, indirect, perLoad, false, 0},
	"cpu_context_switches": {CPU, indirect, perLoad, false, 0},
	"cpu_idle":             {CPU, indirect, perNothing, true, 0},
	"memory":               {Memory, indirect, perNothing, false, 0},
	"memory_share":         {Memory, indirect, perNothing, false, 0},
	"memory_percent":       {Memory, indirect, perNothing, false, 0},
	"memory_free":          {Memory, indirect, perNothing, true, 0},
	"memory_alloc":         {Memory, indirect, perLoad, false, 0},
	"memory_faults":        {Memory, indirect, perLoad, false, 0},
	"memory_wait":          {Memory, direct, perNothing, false, 0},
	"memory_major_faults":  {Memory, direct, perLoad, false, 0},
	"memory_swap":          {Memory, direct, perNothing, false, 0},
	"memory_oom":           {Memory, direct, perNothing, false, 0},
	"gc":                   {GC, direct, perLoad, false, 0},
	"disk":                 {Disk, indirect, perLoad, false, 0},
	"disk_wait":            {Disk, direct, perLoad, false, 0},
	"disk_space":           {Disk, indirect, perNothing, false, 0},
	"disk_free":            {Disk, indirect, perNothing, true, 0},
	"network":              {Network, indirect, perLoad, false, 0},
	"network_loss":         {Network, direct, perLoad, false, 0},
	"network_sockets":      {Network, indirect, perRunning, false, 0},
	"pool":                 {Pool, indirect, perRunning, false, 0},
	"pool_wait":            {Pool, direct, perNothing, false, 0},
	"queue_wait":           {QueueWait, direct, perNothing, false, 0},
}

// sense returns the part of the name of a metric that says what it is: all of it, or, where it
// is named by its user, the aspect that was read in that name.
func sense(metric string) string {
	if aspect, _, ok := feature.SplitNamed(metric); ok {
		return aspect
	}
	return metric
}

// isNamed reports whether what a metric is was read in the name that its user gave it.
func isNamed(metric string) bool {
	_, _, ok := feature.SplitNamed(metric)
	return ok
}

// side is a mechanism, of a service itself or of its host.
type side struct {
	mechanism Mechanism
	host      bool
}

// catalogued returns how much the metrics of s that are no guess tell of each mechanism.
// One that is a guess does not count beside one of them that tells as much. Pools are
// another matter: there are many of them.
func (m metrics) catalogued(v *view, s identity.Service) map[side]grade {
	out := make(map[side]grade)
	for _, k := range m[s] {
		mean, host := meaningOf(k.Name)
		if isNamed(k.Name) || mean.mechanism == Pool || mean.mechanism == QueueWait {
			continue
		}
		if l := v.at(k); !math.IsNaN(l.now) && l.n >= minBaseline {
			at := side{mean.mechanism, host}
			out[at] = max(out[at], mean.grade)
		}
	}
	return out
}

// minExceeds is how many times as far as ever while all was well a named metric must go that
// is usually zero, and has no other measure.
const minExceeds = 2

// leastRise returns the smallest rise of a metric that can hurt.
func (v *view) leastRise(k feature.Key, mean meaning, usual float64) float64 {
	if isNamed(k.Name) && usual == 0 {
		return minExceeds * v.rec.Normal(k, v.before, 1)
	}
	return mean.least
}
