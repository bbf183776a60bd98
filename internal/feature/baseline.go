package feature

import (
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/nn"
)

// Robust describes what is normal for a column.
// See docs/math.md, 3.
type Robust struct {
	Median float64 // NaN where N is 0
	// Spread is IQR/1.349, which is the standard deviation of a normal
	// distribution, but never less than what MinSpread says.
	Spread float64
	N      int // values
}

// Z returns how many spreads v lies above the median.
func (r Robust) Z(v float64) float64 { return (v - r.Median) / r.Spread }

// MinSpread returns the least spread of a column: 0.02 for latencies, which is
// 2 % of the latency, 2 % of the median for others. A column that hardly moved
// in few windows says little about how much it may.
func MinSpread(k Kind, median float64) float64 {
	switch k {
	case Latency, Exclusive, Load, Overlap, Calls: // logarithms
		return 0.02
	default:
		return max(1e-9, 0.02*math.Abs(median))
	}
}

// Baseline describes the values of a column over the rows that start before
// before and are not Violated. See Renew for those since a change.
func (h *History) Baseline(k Key, before int64) Robust {
	c := h.columns[k]
	all := h.usual(c, k.Kind, before)
	if since, ok := h.moved(c, k.Kind, before, all); ok {
		return since
	}
	return all
}

// Renew says that a part of the system is another one since a time, as after a
// redeploy. A column that moved then, by more than a spread of what it was, is normal
// where it is since; all others are as they were, and so is how much is asked of it, which
// is no doing of a redeploy. It is no part of what is persisted:
// who knows of the change says it again.
func (h *History) Renew(since int64) { h.renewed = max(h.renewed, since) }

// minRenewed is the number of values since a change from which on they can say what is
// normal.
const minRenewed = 8

// moved describes the values of a column since the last change, where it moved then.
func (h *History) moved(c *column, k Kind, before int64, all Robust) (Robust, bool) {
	if h.renewed == 0 || k == Load || all.N == 0 || h.renewed >= before {
		return Robust{}, false
	}
	after := h.describe(c, k, h.renewed, before)
	if after.N < minRenewed || after.N == all.N {
		return Robust{}, false
	}
	was := h.describe(c, k, 0, h.renewed)
	return after, math.Abs(after.Median-was.Median) > was.Spread
}

// Normal returns quantile q, in [0, 1], of the values that Baseline describes, NaN
// where there are none: how far a column went, every so often, while all was well.
func (h *History) Normal(k Key, before int64, q float64) float64 {
	c, since := h.columns[k], int64(0)
	if h.renewed != 0 {
		if _, ok := h.moved(c, k.Kind, before, h.describe(c, k.Kind, 0, before)); ok {
			since = h.renewed
		}
	}
	if h.normal(c, since, before); len(h.order.keys) == 0 {
		return math.NaN()
	}
	h.order.want(q)
	return h.order.quantile(q)
}

// usual is describe of the rows that start before before: the description that is asked for
// again and again.
func (h *History) usual(c *column, k Kind, before int64) Robust {
	if c == nil || !nn.Vectorised() {
		return h.describe(c, k, 0, before)
	}
	return h.order.quick(k, &c.quartiles, c.ring, h.runs(0, before))
}

// describe describes the normal values of a column, which may be nil.
func (h *History) describe(c *column, k Kind, since, before int64) Robust {
	h.normal(c, since, before)
	return h.order.describe(k)
}

// normal takes the values of a column, which may be nil, over the rows from the first one
// on that starts at since or later (0: from the first) to the last one before before that
// are not Violated.
func (h *History) normal(c *column, since, before int64) {
	if c == nil {
		h.order.take(nil, nil)
		return
	}
	h.order.take(c.ring, h.runs(since, before))
}

// Describe returns the median and the spread of values of a kind of column. It
// reorders values, none of which may be NaN.
func Describe(k Kind, values []float64) Robust {
	if len(values) == 0 {
		return Robust{Median: math.NaN(), Spread: math.NaN()}
	}
	return robust(k, quantile(values, 0.25), quantile(values, 0.5), quantile(values, 0.75), len(values))
}

// robust describes n values of these quartiles.
func robust(k Kind, lower, median, upper float64, n int) Robust {
	return Robust{Median: median, Spread: max((upper-lower)/1.349, MinSpread(k, median)), N: n}
}

// quantile interpolates linearly between the order statistics of v, which it
// reorders.
func quantile(v []float64, q float64) float64 {
	at := q * float64(len(v)-1)
	i := int(at)
	low := nth(v, i)
	if i+1 == len(v) {
		return low
	}
	return low + (at-float64(i))*(slices.Min(v[i+1:])-low)
}

// nth moves the element of rank n to v[n], none greater before and none smaller
// behind it, and returns it: Hoare's selection ("Algorithm 65: find", CACM 1961)
// around the median of the first, middle and last element. It takes linear time
// where those are not chosen by an enemy.
func nth[T uint32 | float32 | float64](v []T, n int) T {
	for low, high := 0, len(v)-1; low < high; {
		pivot := middle(v[low], v[low+(high-low)/2], v[high])
		i, j := low, high
		for i <= j {
			for v[i] < pivot {
				i++
			}
			for v[j] > pivot {
				j--
			}
			if i <= j {
				v[i], v[j] = v[j], v[i]
				i++
				j--
			}
		}
		switch {
		case n <= j:
			high = j
		case n >= i:
			low = i
		default:
			return v[n]
		}
	}
	return v[n]
}

func middle[T uint32 | float32 | float64](a, b, c T) T { return max(min(a, b), min(max(a, b), c)) }
