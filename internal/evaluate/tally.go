package evaluate

import (
	"math"
	"slices"
)

// tally counts what a method answered.
func tally(name string, incidents []*Incident) MethodResult {
	r := MethodResult{Name: name, Incidents: len(incidents)}
	var exact, missed, wrong, abstained, resources, known int
	var top [deepest]float64
	var windows, took []float64
	named := false
	for _, in := range incidents {
		rep := in.replies[name]
		if rep == nil {
			rep = &replies{}
		}
		answer, _ := vote(rep.answers)
		o := judge(&in.Truth, &answer)
		exact += count(o.exact)
		missed += count(o.missed)
		wrong += count(o.wrong)
		abstained += count(o.abstained)
		resources += o.resources
		known += o.known
		named = named || o.named
		r.F1 += o.f1
		for k := range top {
			top[k] += o.top[k]
		}
		if w := firstRight(in, rep); w > 0 {
			windows = append(windows, float64(w))
		}
		for _, d := range rep.took {
			took = append(took, d.Seconds()*1e3)
		}
	}
	n := float64(max(1, len(incidents)))
	share := func(k float64) (float64, Interval) { return k / n, wilson(k, float64(len(incidents))) }
	r.Exact, r.ExactCI = share(float64(exact))
	r.Missed, r.MissedCI = share(float64(missed))
	r.Wrong, r.WrongCI = share(float64(wrong))
	r.Abstained, _ = share(float64(abstained))
	r.Top1, r.Top1CI = share(top[0])
	r.Top3, r.Top3CI = share(top[2])
	for _, t := range top {
		r.Avg5 += t / n / deepest
	}
	r.F1 /= n
	if named && known > 0 {
		v := float64(resources) / float64(known)
		r.Resource = &v
	}
	if len(windows) > 0 {
		v := middle(windows)
		r.WindowsToVerdict = &v
	}
	if len(took) > 0 {
		r.VerdictMS = middle(took)
	}
	return r
}

// firstRight returns after how many windows since the onset the method's answer
// was exactly right first, 0 where it never was.
func firstRight(in *Incident, rep *replies) int {
	for i := range rep.answers {
		if judge(&in.Truth, &rep.answers[i]).exact {
			return rep.window[i]
		}
	}
	return 0
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// normal95 is the 0.975 quantile of the standard normal distribution.
const normal95 = 1.959963984540054

// wilson returns the 95 % interval of a share k/n (E. B. Wilson, JASA 22, 1927):
//
//	(p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)
//
// where k need not be whole: a mean of n values in [0, 1] varies at most as much as
// a share does. Without trials it is [0, 1].
func wilson(k, n float64) Interval {
	if n <= 0 {
		return Interval{0, 1}
	}
	const z = normal95
	p := k / n
	half := z * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	scale := 1 + z*z/n
	center := p + z*z/(2*n)
	return Interval{math.Max(0, (center-half)/scale), math.Min(1, (center+half)/scale)}
}

// middle returns the median, of an even number the mean of the two in the middle.
func middle(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	n := len(v)
	return (v[(n-1)/2] + v[n/2]) / 2
}
