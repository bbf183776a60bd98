package method

import (
	"cmp"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/rca"
)

// Thresholds blames every service of which a utilisation metric exceeds a
// threshold, one per metric, the same for all services. With thresholds that are
// chosen in hindsight (FitThresholds) it is the strongest baseline of Gan et al.
// (ASPLOS 2021): no operator could have chosen them better. The zero value has no
// thresholds and abstains.
type Thresholds struct {
	of map[string]float64
}

// Name implements Method.
func (*Thresholds) Name() string { return "thresholds" }

// Diagnose implements Method.
func (t *Thresholds) Diagnose(in rca.Input) Answer { return t.Answer(Observe(in)) }

// Of returns the threshold of a metric, above which a service is blamed; +Inf where
// it has none.
func (t *Thresholds) Of(metric string) float64 {
	if v, ok := t.of[metric]; ok {
		return v
	}
	return math.Inf(1)
}

// reasonBelow is why Thresholds abstains.
const reasonBelow = "no metric exceeds its threshold"

// Answer blames services by what was observed. Those that exceed a threshold come
// first, by how far the metric that exceeds its own most does, relative to it; its
// metric tells the resource. The others follow by the growth of their latency.
func (t *Thresholds) Answer(o Observation) Answer {
	if o.Reason != "" {
		return abstain(o.Reason)
	}
	var blamed, others []Candidate
	for i := range o.Services {
		u := &o.Services[i]
		if by, metric := t.exceeded(u); metric != "" {
			blamed = append(blamed, Candidate{Service: u.Service, Mechanism: rca.MechanismOf(metric), Score: by})
		} else if u.Growth > 0 {
			others = append(others, Candidate{Service: u.Service, Score: u.Growth})
		}
	}
	if len(blamed) == 0 {
		return abstain(reasonBelow)
	}
	byScore := func(a, b Candidate) int { return -cmp.Compare(a.Score, b.Score) }
	slices.SortStableFunc(blamed, byScore)
	slices.SortStableFunc(others, byScore)
	// Scores of both come on one scale: of those blamed above one, of others below.
	for i := range blamed {
		blamed[i].Score++
	}
	for i := range others {
		others[i].Score /= 1 + others[i].Score
	}
	out := abstain("")
	out.Culprits, out.Ranking = blamed, slices.Concat(blamed, others)
	return out
}

// exceeded returns the metric of a service that exceeds its threshold most, and by
// how much relative to it, at most a thousand times; "" where none does.
func (t *Thresholds) exceeded(u *Utilisation) (by float64, metric string) {
	for _, v := range u.Values {
		limit := t.Of(v.Metric)
		if !(v.Value > limit) {
			continue
		}
		if r := math.Min(1e3, (v.Value-limit)/math.Max(math.Abs(limit), 1e-9)); metric == "" || r > by {
			by, metric = r, v.Metric
		}
	}
	return by, metric
}

// Labelled is an incident that is over: what was observed, and who was to blame.
type Labelled struct {
	Observation Observation
	Services    []identity.Service // culprits, each once
}
