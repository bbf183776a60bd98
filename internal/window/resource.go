package window

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// resources combines the streams of a window into metrics of replicas, and
// those into metrics of services.
func resources(w map[streamKey]*reading) []Resource {
	keys := slices.SortedFunc(maps.Keys(w), compareStreams)
	var out []Resource
	for len(keys) > 0 {
		service := keys[0].instance.Service
		n := runLength(keys, func(k streamKey) bool { return k.instance.Service == service })
		if r := resource(service, keys[:n], w); len(r.Values) > 0 {
			out = append(out, r)
		}
		keys = keys[n:]
	}
	return out
}

func resource(service identity.Service, keys []streamKey, w map[streamKey]*reading) Resource {
	r := Resource{Service: service}
	sums := make(map[string]float64)
	counts := make(map[string]int)
	for len(keys) > 0 {
		id := keys[0].instance.ID
		n := runLength(keys, func(k streamKey) bool { return k.instance.ID == id })
		in := InstanceValues{ID: id, Values: values(keys[:n], w)}
		for _, v := range in.Values {
			sums[v.Metric] += v.Value
			counts[v.Metric]++
		}
		if len(in.Values) > 0 {
			r.Instances = append(r.Instances, in)
		}
		keys = keys[n:]
	}
	for _, metric := range slices.Sorted(maps.Keys(sums)) {
		if v := sums[metric] / float64(counts[metric]); finite(v) {
			r.Values = append(r.Values, Value{metric, v})
		}
	}
	return r
}

// values folds the streams of one replica, sorted, into its metrics.
func values(keys []streamKey, w map[streamKey]*reading) []Value {
	var out []Value
	for len(keys) > 0 {
		metric := keys[0].metric
		n := runLength(keys, func(k streamKey) bool { return k.metric == metric })
		if v := fold(keys[:n], w); finite(v) { // finite numbers may overflow
			out = append(out, Value{metric, v})
		}
		keys = keys[n:]
	}
	return out
}

func fold(keys []streamKey, w map[streamKey]*reading) float64 {
	sum, most := 0.0, math.Inf(-1)
	for _, k := range keys {
		v := w[k].value / w[k].weight
		sum += v
		most = max(most, v)
	}
	switch w[keys[0]].fold {
	case FoldMean:
		return sum / float64(len(keys))
	case FoldMax:
		return most
	default:
		return sum
	}
}

// runLength returns how many of the first keys satisfy same.
func runLength(keys []streamKey, same func(streamKey) bool) int {
	n := 0
	for n < len(keys) && same(keys[n]) {
		n++
	}
	return n
}

func compareStreams(a, b streamKey) int {
	return cmp.Or(a.instance.Service.Compare(b.instance.Service), cmp.Compare(a.instance.ID, b.instance.ID),
		cmp.Compare(a.metric, b.metric), cmp.Compare(a.stream, b.stream))
}
