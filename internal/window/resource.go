package window

import (
	"cmp"
	"math"
	"slices"
)

// folding combines the streams of a window into metrics of replicas, and those
// into metrics of services. What it holds is memory for the next time.
type folding struct {
	live    []*stream // with a reading of the window, by key
	metrics map[string]int
	totals  []total
}

// total is a metric while it is added up over the replicas of a service.
type total struct {
	metric string
	sum    float64
	n      int
}

// resources returns the resources of the window at start, of streams by key.
func (f *folding) resources(streams []*stream, start int64) []Resource {
	f.live = f.live[:0]
	for _, s := range streams {
		for k := range s.readings {
			if s.readings[k].start == start {
				s.readings[0], s.readings[k] = s.readings[k], s.readings[0] // where fold looks
				f.live = append(f.live, s)
				break
			}
		}
	}
	defer clear(f.live)
	var out []Resource
	for left := f.live; len(left) > 0; {
		service := left[0].key.instance.Service
		n := runLength(left, func(s *stream) bool { return s.key.instance.Service == service })
		if r := f.resource(left[:n]); len(r.Values) > 0 {
			out = append(out, r)
		}
		left = left[n:]
	}
	return out
}

// resource combines the streams of one service.
func (f *folding) resource(of []*stream) Resource {
	r := Resource{Service: of[0].key.instance.Service}
	if f.metrics == nil {
		f.metrics = make(map[string]int)
	}
	clear(f.metrics)
	f.totals = f.totals[:0]
	for len(of) > 0 {
		id := of[0].key.instance.ID
		n := runLength(of, func(s *stream) bool { return s.key.instance.ID == id })
		in := InstanceValues{ID: id, Host: hostOf(of[:n]), Values: values(of[:n])}
		for _, v := range in.Values {
			at, known := f.metrics[v.Metric]
			if !known {
				at = len(f.totals)
				f.metrics[v.Metric] = at
				f.totals = append(f.totals, total{metric: v.Metric})
			}
			f.totals[at].sum += v.Value
			f.totals[at].n++
		}
		if len(in.Values) > 0 {
			r.Instances = append(r.Instances, in)
		}
		of = of[n:]
	}
	slices.SortFunc(f.totals, func(a, b total) int { return cmp.Compare(a.metric, b.metric) })
	r.Values = make([]Value, 0, len(f.totals))
	for _, t := range f.totals {
		if v := t.sum / float64(t.n); finite(v) {
			r.Values = append(r.Values, Value{t.metric, v})
		}
	}
	return r
}

// hostOf returns the host that the streams of one replica name: the latest, the greatest
// among equals.
func hostOf(of []*stream) string {
	host, at := "", int64(math.MinInt64)
	for _, s := range of {
		if s.host != "" && (s.last.time > at || s.last.time == at && s.host > host) {
			host, at = s.host, s.last.time
		}
	}
	return host
}

// values folds the streams of one replica into its metrics.
func values(of []*stream) []Value {
	metrics := 0
	for k := range of {
		if k == 0 || of[k].key.metric != of[k-1].key.metric {
			metrics++
		}
	}
	out := make([]Value, 0, metrics)
	for len(of) > 0 {
		metric := of[0].key.metric
		n := runLength(of, func(s *stream) bool { return s.key.metric == metric })
		if v := fold(of[:n]); finite(v) { // finite numbers may overflow
			out = append(out, Value{metric, v})
		}
		of = of[n:]
	}
	return out
}

// fold combines the first readings of streams, NaN where none says anything.
func fold(of []*stream) float64 {
	sum, most, n := 0.0, math.Inf(-1), 0
	for _, s := range of {
		v := s.value()
		if math.IsNaN(v) {
			continue
		}
		sum += v
		most = max(most, v)
		n++
	}
	if n == 0 {
		return math.NaN()
	}
	switch of[0].readings[0].fold {
	case FoldMean:
		return sum / float64(n)
	case FoldMax:
		return most
	default:
		return sum
	}
}

// runLength returns how many of the first streams satisfy same.
func runLength(of []*stream, same func(*stream) bool) int {
	n := 0
	for n < len(of) && same(of[n]) {
		n++
	}
	return n
}

func compareStreams(x, y *stream) int {
	a, b := &x.key, &y.key
	return cmp.Or(a.instance.Service.Compare(b.instance.Service), cmp.Compare(a.instance.ID, b.instance.ID),
		cmp.Compare(a.metric, b.metric), cmp.Compare(a.stream, b.stream))
}
