package method

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/window"
)

// observed makes an incident of services a, b, c with CPU and memory each.
func observed(values [3][2]float64, culprits ...string) Labelled {
	var l Labelled
	for i, v := range values {
		l.Observation.Services = append(l.Observation.Services, Utilisation{
			Service: service(string(rune('a' + i))), Growth: float64(i),
			Values: []window.Value{{Metric: cpuMetric, Value: v[0]}, {Metric: memMetric, Value: v[1]}},
		})
	}
	for _, c := range culprits {
		l.Services = append(l.Services, service(c))
	}
	return l
}

// exactSets counts the incidents whose set thresholds name exactly.
func exactSets(t *Thresholds, incidents []Labelled) int {
	n := 0
	for _, in := range incidents {
		a := t.Answer(in.Observation)
		right := map[identity.Service]bool{}
		for _, s := range in.Services {
			right[s] = true
		}
		ok := len(a.Culprits) == len(right)
		for _, c := range a.Culprits {
			ok = ok && right[c.Service]
		}
		if ok {
			n++
		}
	}
	return n
}

// bruteForce tries all pairs of thresholds.
func bruteForce(incidents []Labelled) int {
	levels := [2][]float64{{math.Inf(1)}, {math.Inf(1)}}
	for _, in := range incidents {
		for _, u := range in.Observation.Services {
			for m := range levels {
				levels[m] = append(levels[m], math.Nextafter(u.Values[m].Value, math.Inf(-1)))
			}
		}
	}
	best := 0
	for _, cpu := range levels[0] {
		for _, mem := range levels[1] {
			best = max(best, exactSets(&Thresholds{of: map[string]float64{cpuMetric: cpu, memMetric: mem}}, incidents))
		}
	}
	return best
}

// Three of four can be had: a CPU of 0.9 is the cause twice, memory of 8 once, and
// in the last one the culprit is no busier than others.
func TestFitThresholds_table(t *testing.T) {
	incidents := []Labelled{
		observed([3][2]float64{{0.9, 1}, {0.3, 2}, {0.2, 1}}, "a"),
		observed([3][2]float64{{0.3, 1}, {0.95, 2}, {0.9, 1}}, "b", "c"),
		observed([3][2]float64{{0.6, 1}, {0.3, 2}, {0.2, 8}}, "c"),
		observed([3][2]float64{{0.3, 1}, {0.6, 2}, {0.2, 1}}, "a"),
	}
	fit := FitThresholds(incidents)
	assert.Equal(t, 3, bruteForce(incidents))
	assert.Equal(t, 3, exactSets(fit, incidents))
	assert.InDelta(t, 0.75, fit.Of(cpuMetric), 1e-12, "midway between 0.9 and 0.6")
	assert.InDelta(t, 5, fit.Of(memMetric), 1e-12, "midway between 8 and 2")
	assert.True(t, math.IsInf(fit.Of("another"), 1))

	a := fit.Answer(incidents[1].Observation)
	sound(t, a)
	assert.Equal(t, []string{"b", "c"}, named(a.Culprits), "b exceeds it by more")
	assert.Equal(t, rca.CPU, a.Culprits[0].Mechanism)
	a = fit.Answer(incidents[2].Observation)
	sound(t, a)
	assert.Equal(t, []string{"c", "b"}, named(a.Ranking), "then by growth of latency; a has none")
	assert.Equal(t, rca.Memory, a.Culprits[0].Mechanism)
	assert.Equal(t, reasonBelow, fit.Answer(incidents[3].Observation).Reason)
}

// On small random tables the ascent finds what trying all pairs finds.
func TestFitThresholds_bruteForce(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 8))
	total, found := 0, 0
	for range 50 {
		var incidents []Labelled
		for range 6 {
			var v [3][2]float64
			for i := range v {
				v[i] = [2]float64{float64(rng.IntN(10)), float64(rng.IntN(10))}
			}
			at := rng.IntN(3)
			v[at][rng.IntN(2)] += 5
			incidents = append(incidents, observed(v, string(rune('a'+at))))
		}
		best, got := bruteForce(incidents), exactSets(FitThresholds(incidents), incidents)
		assert.LessOrEqual(t, got, best)
		assert.GreaterOrEqual(t, got, best-1, "an ascent may stop at a ridge, but not far below")
		total, found = total+best, found+got
	}
	assert.GreaterOrEqual(t, float64(found), 0.97*float64(total))
}

// Nothing to fit, and culprits that were not observed.
func TestFitThresholds_empty(t *testing.T) {
	assert.Equal(t, reasonBelow, FitThresholds(nil).Answer(observed([3][2]float64{}).Observation).Reason)
	unseen := []Labelled{observed([3][2]float64{{1, 0}, {0, 0}, {0, 0}}, "a", "db")}
	assert.Zero(t, exactSets(FitThresholds(unseen), unseen))
	reason := Observation{Reason: reasonNotInGraph}
	assert.Equal(t, reasonNotInGraph, FitThresholds([]Labelled{{Observation: reason}}).Answer(reason).Reason)
}

func TestObserve(t *testing.T) {
	w := newWorld()
	w.metrics["back"]["process.uptime"] = 5 // tells of no resource
	w.metrics["batch"] = map[string]float64{cpuMetric: 1}
	in := incident(w, 1, slowBack)
	o := Observe(in)
	require.Empty(t, o.Reason)
	var names []string
	for _, u := range o.Services {
		names = append(names, u.Service.Name)
	}
	assert.Equal(t, []string{"back", "db", "front", "mid", "side"}, names)
	back := o.Services[0]
	require.Len(t, back.Values, 2)
	assert.InDelta(t, 0.95, back.Values[0].Value, 1e-12)
	assert.Greater(t, back.Growth, 2.0)
	assert.Empty(t, o.Services[1].Values)

	fit := FitThresholds([]Labelled{{Observation: o, Services: []identity.Service{service("back")}}})
	assert.Equal(t, []string{"back"}, named(fit.Diagnose(in).Culprits))
}
