package window_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

const (
	second = int64(1e9)
	minute = 60 * second // the length of windows in these tests
)

var pod = identity.Instance{Service: identity.Service{Name: "cart"}, ID: "a"}

// point is one of the metric "m" of pod, at a time in seconds.
func point(kind window.Temporality, at int64, value float64) window.Point {
	return window.Point{Instance: pod, Metric: "m", Kind: kind, Time: at * second, Value: value}
}

// closed closes the first windows and returns the values of "m" of the only
// service in each, NaN where missing.
func closed(t *testing.T, m *window.Metrics, windows int64) (out []float64) {
	t.Helper()
	for i := range windows {
		v := math.NaN()
		for _, r := range m.Close(i * minute) {
			require.Len(t, r.Values, 1)
			v = r.Values[0].Value
		}
		out = append(out, v)
	}
	return out
}

// Three windows of a minute. A point is {time, start, value, weight}, times in
// seconds.
func TestMetrics_temporalities(t *testing.T) {
	none := math.NaN()
	tests := map[string]struct {
		kind   window.Temporality
		points [][4]float64
		want   []float64
	}{
		"gauge is the mean": {
			window.Gauge, [][4]float64{{0, 0, 1}, {30, 0, 2}, {59, 0, 6}, {60, 0, -4}}, []float64{3, -4, none},
		},
		"cumulative is a rate, the first point is of no window": {
			window.Cumulative, [][4]float64{{10, 0, 500}, {20, 0, 510}, {50, 0, 600}, {170, 0, 720}}, []float64{2.5, none, 1},
		},
		"a counter reset at a known time": {
			window.Cumulative, [][4]float64{{10, 5, 500}, {50, 30, 600}, {80, 70, 40}}, []float64{600. / 20, 4, none},
		},
		"a counter reset at an unknown time": {
			window.Cumulative, [][4]float64{{10, 0, 500}, {50, 0, 40}, {80, 0, 100}}, []float64{none, 2, none},
		},
		"a reset that came between scrapes but kept its start": {
			window.Cumulative, [][4]float64{{10, 5, 500}, {50, 5, 40}, {80, 5, 100}}, []float64{none, 2, none},
		},
		"another start before the last point tells nothing": {
			window.Cumulative, [][4]float64{{10, 5, 500}, {50, 6, 600}, {80, 6, 630}}, []float64{none, 1, none},
		},
		"a start in the future of its point": {
			window.Cumulative, [][4]float64{{10, 5, 500}, {50, 55, 600}, {80, 55, 630}}, []float64{none, 1, none},
		},
		"a counter that stands still": {
			window.Cumulative, [][4]float64{{10, 0, 5}, {70, 0, 5}, {130, 0, 5}}, []float64{none, 0, 0},
		},
		"delta is a rate over its own interval": {
			window.Delta, [][4]float64{{20, 10, 50}, {50, 40, 150}, {80, 50, 60}}, []float64{10, 2, none},
		},
		"delta without a start since the point before": {
			window.Delta, [][4]float64{{20, 0, 50}, {50, 0, 150}, {80, 90, 60}}, []float64{5, 2, none},
		},
		"a negative delta tells nothing": {
			window.Delta, [][4]float64{{20, 10, -50}, {80, 70, -1}}, []float64{none, none, none},
		},
		"ratio is the mean of the interval": {
			window.Ratio, [][4]float64{{10, 1, 100, 10}, {20, 1, 106, 12}, {50, 1, 115, 13}, {80, 1, 115, 13}}, []float64{5, none, none},
		},
		"ratio after a reset at a known time": {
			window.Ratio, [][4]float64{{10, 1, 100, 10}, {50, 20, 600, 100}}, []float64{6, none, none},
		},
		"ratio after a reset at an unknown time": {
			window.Ratio, [][4]float64{{10, 0, 100, 10}, {50, 0, 600, 5}, {80, 0, 700, 7}}, []float64{none, 50, none},
		},
		"the sum of a ratio may fall": {
			window.Ratio, [][4]float64{{10, 0, 100, 10}, {50, 0, 90, 15}}, []float64{-2, none, none},
		},
		"delta ratio": {
			window.DeltaRatio, [][4]float64{{10, 0, 100, 10}, {50, 0, 10, 1}, {80, 0, 0, 0}}, []float64{10, none, none},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := window.NewMetrics(minute, 1)
			for _, p := range tt.points {
				in := point(tt.kind, int64(p[0]), p[2])
				in.Start, in.Weight = int64(p[1])*second, p[3]
				assert.Equal(t, window.MetricUsed, add(m, in))
			}
			got := closed(t, m, 3)
			for i := range tt.want {
				if math.IsNaN(tt.want[i]) {
					assert.True(t, math.IsNaN(got[i]), "window %d: %v", i, got[i])
				} else {
					assert.InDelta(t, tt.want[i], got[i], 1e-12, "window %d", i)
				}
			}
		})
	}
}

func TestMetrics_aStreamThatChangesItsKindStartsAnew(t *testing.T) {
	m := window.NewMetrics(minute, 1)
	add(m, point(window.Gauge, 10, 3))
	add(m, point(window.Cumulative, 70, 500))
	add(m, point(window.Cumulative, 130, 560))
	got := closed(t, m, 3)
	assert.Equal(t, 3.0, got[0])
	assert.True(t, math.IsNaN(got[1]), "%v", got[1])
	assert.Equal(t, 1.0, got[2])
}

func TestMetrics_refuses(t *testing.T) {
	m := window.NewMetrics(minute, 2)
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		assert.Equal(t, window.MetricNotFinite, add(m, point(window.Gauge, 1, v)))
		p := point(window.Ratio, 1, 1)
		p.Weight = v
		assert.Equal(t, window.MetricNotFinite, add(m, p))
	}
	assert.Equal(t, window.MetricUsed, add(m, point(window.Gauge, 20, 1)))
	assert.Equal(t, window.MetricOutOfOrder, add(m, point(window.Gauge, 19, 5)))
	assert.Equal(t, window.MetricOutOfOrder, add(m, point(window.Gauge, 20, 5)), "twice the same time")
	assert.Equal(t, window.MetricUsed, add(m, point(window.Gauge, 70, 2)))
	assert.Equal(t, []int64{0, minute}, m.Open())
	assert.Equal(t, []float64{1}, closed(t, m, 1))
	assert.Equal(t, []int64{minute}, m.Open())

	second := point(window.Gauge, 59, 5)
	second.Stream = 2
	assert.Equal(t, window.MetricLate, add(m, second))
	second.Time = minute
	assert.Equal(t, window.MetricUsed, add(m, second))
	third := point(window.Gauge, 80, 5)
	third.Metric = "n"
	assert.Equal(t, window.MetricStreamLimit, add(m, third))

	m.Close(10 * minute)
	assert.Equal(t, window.MetricLate, add(m, point(window.Gauge, 10*60, 1)))
	third.Time = 11 * minute
	assert.Equal(t, window.MetricStreamLimit, add(m, third), "both were seen in window 1")
	m.Close(11 * minute)
	third.Time = 12 * minute
	assert.Equal(t, window.MetricUsed, add(m, third), "not seen for 10 windows: forgotten")

	assert.Panics(t, func() { window.NewMetrics(0, 1) })
	assert.Panics(t, func() { window.NewMetrics(1, 0) })
}

// Two replicas of cart and one of back; streams 1 and 2 of each metric.
func TestMetrics_combinesStreamsThenReplicas(t *testing.T) {
	m := window.NewMetrics(minute, 100)
	add := func(service, id, metric string, fold window.Fold, values ...float64) {
		for i, v := range values {
			p := window.Point{
				Instance: identity.Instance{Service: identity.Service{Name: service}, ID: id},
				Metric:   metric, Stream: uint64(i), Time: second, Value: v, Fold: fold,
			}
			require.Equal(t, window.MetricUsed, add(m, p))
		}
	}
	add("cart", "b", "sum", window.FoldSum, 1, 2)
	add("cart", "b", "max", window.FoldMax, -1, -2)
	add("cart", "a", "sum", window.FoldSum, 10)
	add("cart", "a", "mean", window.FoldMean, 1, 2)
	add("back", "", "mean", window.FoldMean, 4)
	add("huge", "", "sum", window.FoldSum, math.MaxFloat64, math.MaxFloat64)

	assert.Equal(t, []window.Resource{
		{
			Service:   identity.Service{Name: "back"},
			Values:    []window.Value{{Metric: "mean", Value: 4}},
			Instances: []window.InstanceValues{{ID: "", Values: []window.Value{{Metric: "mean", Value: 4}}}},
		},
		{
			Service: identity.Service{Name: "cart"},
			Values:  []window.Value{{Metric: "max", Value: -1}, {Metric: "mean", Value: 1.5}, {Metric: "sum", Value: 6.5}},
			Instances: []window.InstanceValues{
				{ID: "a", Values: []window.Value{{Metric: "mean", Value: 1.5}, {Metric: "sum", Value: 10}}},
				{ID: "b", Values: []window.Value{{Metric: "max", Value: -1}, {Metric: "sum", Value: 3}}},
			},
		},
	}, m.Close(0), "what overflows is missing")
}

// The host of a replica is that which it named last.
func TestMetrics_hosts(t *testing.T) {
	m := window.NewMetrics(minute, 100)
	for i, host := range []string{"h1", "", "h3", "h2"} {
		p := window.Point{Instance: identity.Instance{ID: "a"}, Host: host, Metric: "m", Stream: uint64(i), Time: second * int64(1+min(i, 2)), Value: 1}
		require.Equal(t, window.MetricUsed, add(m, p))
	}
	nowhere := window.Point{Instance: identity.Instance{ID: "b"}, Metric: "m", Time: second, Value: 1}
	require.Equal(t, window.MetricUsed, add(m, nowhere))
	of := m.Close(0)[0].Instances
	require.Len(t, of, 2)
	assert.Equal(t, []string{"h3", ""}, []string{of[0].Host, of[1].Host}, "the greatest of two at once")
}

// FuzzMetrics: whatever comes, values are finite and sorted, states are bounded,
// and the order in which streams take turns does not matter.
func FuzzMetrics(f *testing.F) {
	f.Add(uint64(1), 1.0, int64(0))
	f.Add(uint64(2), math.MaxFloat64, int64(-5*60))
	f.Add(uint64(3), -1e300, int64(1_700_000_000))
	f.Fuzz(func(t *testing.T, seed uint64, scale float64, base int64) {
		rng := rand.New(rand.NewPCG(seed, 1))
		base %= 1 << 32
		var streams [][]window.Point
		for i := range 6 {
			p := window.Point{
				Instance: identity.Instance{Service: identity.Service{Name: string('a' + rune(i%2))}, ID: string('x' + rune(i%3))},
				Metric:   "m", Kind: window.Temporality(rng.IntN(6)), Time: base * second, Fold: window.Fold(i % 3),
			}
			if i < 2 {
				p.Stream = 7
			}
			var points []window.Point
			for range 20 {
				p.Time += rng.Int64N(30 * second)
				if rng.IntN(6) == 0 {
					p.Start = p.Time - rng.Int64N(40*second)
				}
				p.Value, p.Weight = scale*rng.NormFloat64(), 10*rng.Float64()-1
				points = append(points, p)
			}
			streams = append(streams, points)
		}
		run := func() (out [][]window.Resource) {
			m := window.NewMetrics(minute, 100)
			at := make([]int, len(streams))
			for range len(streams) * 20 {
				i := rng.IntN(len(streams))
				for at[i] == 20 {
					i = (i + 1) % len(streams)
				}
				reason := add(m, streams[i][at[i]])
				if at[i]++; reason == window.MetricLate || reason == window.MetricStreamLimit {
					t.Fatal("refused for", reason)
				}
			}
			for _, start := range m.Open() {
				out = append(out, m.Close(start))
			}
			require.Empty(t, m.Open())
			return out
		}
		got := run()
		require.Equal(t, got, run())
		for _, resources := range got {
			for _, r := range resources {
				require.True(t, slices.IsSortedFunc(r.Instances, func(a, b window.InstanceValues) int {
					if a.ID < b.ID {
						return -1
					}
					return 1
				}))
				for _, v := range r.Values {
					require.False(t, math.IsNaN(v.Value) || math.IsInf(v.Value, 0))
				}
			}
		}
	})
}

func BenchmarkMetrics_Add(b *testing.B) {
	m := window.NewMetrics(minute, 100)
	p := point(window.Cumulative, 0, 0)
	b.ReportAllocs()
	for b.Loop() {
		p.Time++
		p.Value++
		add(m, p)
	}
}

// add takes in a point. All of them have the hash 0: it must not matter.
func add(m *window.Metrics, p window.Point) window.MetricReason { return m.Add(&p) }
