package recorded

import (
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// ownShare is the least share of its usual latency that a service is taken to
// need for itself. It only keeps own time positive: what moves is what counts.
const ownShare = 0.05

// usual are the medians over the normal windows of a recording, in ns by the
// index of feature.Quantiles; missing where there were none.
type usual struct {
	served map[identity.Service][feature.D]float64
	called map[link][feature.D]float64
}

// newUsual takes the medians over frames.
func (y *system) newUsual(frames []*frame) usual {
	u := usual{served: map[identity.Service][feature.D]float64{}, called: map[link][feature.D]float64{}}
	served := make(map[identity.Service]*[feature.D][]float64)
	called := make(map[link]*[feature.D][]float64)
	for _, f := range frames {
		for s, v := range f.served {
			gather(served, s, v.latency)
		}
		for _, l := range y.links {
			gather(called, l, f.call(l))
		}
	}
	for s, v := range served {
		u.served[s] = medians(v)
	}
	for l, v := range called {
		u.called[l] = medians(v)
	}
	return u
}

func gather[K comparable](all map[K]*[feature.D][]float64, key K, k quantiles) {
	if len(k) == 0 {
		return
	}
	v := all[key]
	if v == nil {
		v = new([feature.D][]float64)
		all[key] = v
	}
	for d, q := range feature.Quantiles {
		v[d] = append(v[d], k.at(q))
	}
}

func medians(v *[feature.D][]float64) (m [feature.D]float64) {
	for d := range v {
		m[d] = median(v[d])
	}
	return m
}

// median sorts v and returns its middle element, NaN where v is empty.
func median(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	slices.Sort(v)
	return v[len(v)/2]
}

// call returns how long a call takes its caller: as the caller sees it where that
// is recorded, else as the callee's requests go.
func (f *frame) call(l link) quantiles {
	if c := f.called[l]; c != nil && len(c.client) > 0 {
		return c.client
	}
	if s := f.served[l.callee]; s != nil {
		return s.latency
	}
	return nil
}

// exclusive derives the own time of a service, which no recording holds: for each
// quantile q
//
//	own_q = max(floor, own⁰_q + beyond(server_q - server⁰_q, Σ_calls rise_q))
//
// where ⁰ marks the medians over normal windows, own⁰ = max(floor, server⁰ -
// Σ share_q call⁰_q), and floor = ownShare server⁰. The calls' rise is
//
//	rise_q = max(n, share_q) m + share_q max(0, δ_q - m),  m = min(δ_½, δ_q)
//
// of δ = max(0, call - call⁰), the n calls per request and share_q = min(1, n /
// (1-q)), with δ_q at 1 - (1-q)/n where n > 1, as the slowest of several calls decides: what all
// calls take longer counts n times, what the tail takes longer a single time, and a call that few requests make shows in the quantiles above
// them in full. Of calls of which only the median is recorded nobody knows by how much their tails
// rose: of what the caller's tail rose by they have the share at least that they have of
// what its median rose by. So a service that waits for a slow one has the own time that it
// always had. Differences of quantiles are no quantiles of differences: where
// services and their callees move at the same time this is an estimate, which beyond takes to be
// off by as much as the callees move.
func (y *system) exclusive(f *frame, s identity.Service) quantiles {
	v := f.served[s]
	if v == nil || len(v.latency) == 0 {
		return nil
	}
	before, known := y.usual.served[s]
	out := make(quantiles, 0, feature.D)
	share := 0.0 // of the rise of the median that is that of calls with no known tail
	for d, q := range feature.Quantiles {
		server := v.latency.at(q)
		own := server
		if known {
			floor := ownShare * before[d]
			usualOwn, rise, loose := before[d], 0.0, 0.0
			for _, l := range y.links {
				if l.caller == s && !y.detached[l] {
					usualOwn -= y.part(l, q) * orZero(y.usual.called[l][d])
					r := y.rise(f, l, d)
					rise += r
					if c := f.called[l]; c != nil && c.loose {
						loose += r
					}
				}
			}
			if rose := server - before[d]; rose > 0 {
				if d == 0 {
					share = math.Min(1, loose/rose)
				}
				rise = math.Max(rise, share*rose)
			}
			own = math.Max(floor, math.Max(floor, usualOwn)+beyond(server-before[d], rise))
		}
		out = append(out, quantile{q, own})
	}
	return newQuantiles(out...)
}

// beyond is by how much a service rose of which the latency rose, and its calls made it rise: what
// is left, and nothing where that is no more than what they did, which is known no better.
func beyond(rose, calls float64) float64 {
	if left := rose - calls; left <= 0 {
		return left
	}
	return math.Max(0, rose-2*calls)
}

// part is the share of a call in quantile q of its caller.
func (y *system) part(l link, q float64) float64 { return math.Min(1, y.perRequest[l]/(1-q)) }

// rise is by how much the calls along l made quantile d of their caller rise.
func (y *system) rise(f *frame, l link, d int) float64 {
	now := f.call(l)
	if len(now) == 0 {
		return 0
	}
	var before quantiles // none where the call is new: all of it is rise
	if m, ok := y.usual.called[l]; ok {
		for d, q := range feature.Quantiles {
			before = append(before, quantile{q, m[d]})
		}
		before = newQuantiles(before...)
	}
	delta := func(q float64) float64 { return math.Max(0, now.at(q)-orZero(before.at(q))) }
	n, q := y.perRequest[l], feature.Quantiles[d]
	share, slowest := y.part(l, q), delta(1-(1-q)/math.Max(1, n))
	all := math.Min(delta(feature.Quantiles[0]), slowest)
	return math.Max(n, share)*all + share*math.Max(0, slowest-all)
}

func orZero(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return v
}
