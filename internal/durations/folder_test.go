package durations

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
)

const second = int64(1e9)

// at is a time in seconds since the start of a window.
func at(s int64) int64 { return 1_700_000_040*second + s*second }

var web = Series{Key: Key{Service: identity.Service{Name: "web"}, Operation: "GET /"}, Instance: "a"}

var ms10 = []float64{10e6, 100e6} // ns

// pt is a point in short: seconds, counts of the buckets up to 10 ms, 100 ms and above, sum in ms.
type pt struct {
	at, start  int64
	low, mid   float64
	high       float64
	sum        float64
	delta      bool
	noBuckets  bool
	want       Reason
	otherBound bool
}

func (p pt) point() *Point {
	out := &Point{
		Stream: 1, Time: at(p.at), Delta: p.delta, Count: p.low + p.mid + p.high, Sum: p.sum * 1e6,
		Bounds: ms10, Counts: []float64{p.low, p.mid, p.high},
	}
	if p.start != none {
		out.Start = at(p.start)
	}
	if p.otherBound {
		out.Bounds = []float64{20e6, 100e6}
	}
	if p.noBuckets {
		out.Bounds, out.Counts = nil, nil
	}
	return out
}

const none = -1_000_000 // no start

// What a stream says of windows of 10 s: how many, and how long in all, in ms.
func TestFolder_Add(t *testing.T) {
	type told struct{ n, sum float64 }
	for name, c := range map[string]struct {
		points []pt
		want   map[int64]told
	}{
		"the first point of a running total says where it stands": {
			[]pt{{at: 5, start: none, low: 3, sum: 9}}, map[int64]told{},
		},
		"a running total": {
			[]pt{{at: 5, start: none, low: 3, sum: 9}, {at: 8, start: none, low: 5, mid: 1, sum: 50}, {at: 15, start: none, low: 5, mid: 1, high: 2, sum: 950}},
			map[int64]told{0: {3, 41}, 10: {2, 900}},
		},
		"an interval is of the window of its middle": {
			[]pt{{at: 5, start: none}, {at: 12, start: none, low: 2, sum: 4}}, map[int64]told{0: {2, 4}},
		},
		"a reset at a known time": {
			[]pt{{at: 2, start: -100, low: 90, sum: 900}, {at: 8, start: 4, low: 2, sum: 10}}, map[int64]told{0: {2, 10}},
		},
		"a reset at an unknown time": {
			[]pt{{at: 2, start: none, low: 90, sum: 900}, {at: 5, start: none, low: 2, sum: 10}, {at: 8, start: none, low: 3, sum: 16}},
			map[int64]told{0: {1, 6}},
		},
		"other buckets begin anew": {
			[]pt{{at: 2, start: none, low: 1, sum: 9}, {at: 5, start: none, low: 2, sum: 12, otherBound: true}, {at: 8, start: none, low: 3, sum: 16, otherBound: true}},
			map[int64]told{0: {1, 4}},
		},
		"increases": {
			[]pt{{at: 5, start: 0, low: 3, sum: 9, delta: true}, {at: 9, start: 5, mid: 1, sum: 50, delta: true}}, map[int64]told{0: {4, 59}},
		},
		"increases with a gap": {
			[]pt{{at: 5, start: 0, low: 3, sum: 9, delta: true}, {at: 29, start: 25, mid: 1, sum: 50, delta: true}}, map[int64]told{0: {3, 9}, 20: {1, 50}},
		},
		"nothing but count and sum": {
			[]pt{{at: 5, start: 0, low: 3, sum: 9, delta: true, noBuckets: true}}, map[int64]told{0: {3, 9}},
		},
		"an interval longer than windows is shared by them": {
			[]pt{{at: 0, start: none}, {at: 40, start: none, low: 40, sum: 80}}, map[int64]told{20: {10, 20}, 30: {10, 20}, 40: {10, 20}},
		},
		"out of order, and what cannot be": {
			[]pt{
				{at: 5, start: 0, low: 3, sum: 9, delta: true},
				{at: 5, start: 0, low: 3, sum: 9, delta: true, want: OutOfOrder},
				{at: 6, start: 5, low: 3, sum: -9, delta: true, want: Invalid},
				{at: 6, start: 5, low: -3, sum: 9, delta: true, want: Invalid},
			},
			map[int64]told{0: {3, 9}},
		},
	} {
		f := NewFolder(10*second, 10)
		f.Know(1, 7, web)
		for _, p := range c.points {
			assert.Equal(t, p.want, f.Add(p.point()), name)
		}
		got := map[int64]told{}
		for _, start := range []int64{0, 10, 20, 30, 40} {
			for _, x := range f.Close(at(start)) {
				assert.Equal(t, web.Key, x.Key)
				got[start] = told{x.Count, x.hist.sum / 1e6}
			}
		}
		assert.Equal(t, c.want, got, name)
		assert.Equal(t, Late, f.Add(pt{at: 45, start: 44, low: 1, sum: 1, delta: true}.point()), name)
	}
}

// A stream that comes later than others of the same source had counted nothing before.
func TestFolder_lateStream(t *testing.T) {
	f := NewFolder(10*second, 10)
	failed := web
	failed.Failed, failed.ErrorType = true, "500"
	f.Know(1, 7, web)
	f.Add(pt{at: 2, start: -100, low: 1, sum: 1}.point())
	f.Add(pt{at: 4, start: -100, low: 2, sum: 2}.point())
	f.Know(2, 7, failed)
	p := pt{at: 4, start: -100, mid: 3, sum: 60}.point()
	p.Stream = 2
	assert.Equal(t, Used, f.Add(p))
	told := f.Close(at(0))
	if assert.Len(t, told, 1) {
		assert.Equal(t, 4.0, told[0].Count)
		assert.Equal(t, 3.0, told[0].Errors)
		assert.Equal(t, "500", told[0].ErrorType)
	}
}

// Of two metrics of the same requests the one of lower rank counts.
func TestFolder_rank(t *testing.T) {
	f := NewFolder(10*second, 10)
	old := web
	old.Rank = 1
	for id, s := range []Series{old, web, old} {
		f.Know(uint64(id), uint64(id), s)
		p := pt{at: 4, start: 0, low: float64(id + 1), sum: 5, delta: true}.point()
		p.Stream = uint64(id)
		f.Add(p)
	}
	if told := f.Close(at(0)); assert.Len(t, told, 1) {
		assert.Equal(t, 2.0, told[0].Count)
	}
}

func TestFolder_bounds(t *testing.T) {
	f := NewFolder(10*second, 2)
	for id := range uint64(3) {
		assert.Equal(t, id < 2, f.Know(id, id, web))
	}
	assert.Equal(t, 2, f.Streams())
	assert.Equal(t, StreamLimit, f.Add(&Point{Stream: 2, Time: at(1)}))
	f.Add(&Point{Stream: 0, Time: at(1)})
	f.Add(&Point{Stream: 1, Time: at(150)})
	f.Close(at(190))
	assert.Equal(t, 2, f.Streams())
	f.Close(at(200))
	assert.Equal(t, 1, f.Streams(), "silent streams are forgotten")
}

// Buckets of exponential histograms, by their scale.
func TestPoint_cells(t *testing.T) {
	for name, p := range map[string]*Point{
		"scale 0, seconds":       {Scale: 0, Offset: -4, Unit: 1e9},           // (1/16, 1/8] s
		"scale 3, seconds":       {Scale: 3, Offset: -4*8 + 7, Unit: 1e9},     // the last eighth of it
		"scale 10, milliseconds": {Scale: 10, Offset: 7*1024 - 30, Unit: 1e6}, // just below 128 ms
	} {
		p.Exponential, p.Counts, p.Count, p.Sum = true, []float64{8}, 8, 1
		assert.True(t, p.valid(), name)
		var d dist
		p.cells(&d)
		assert.InDelta(t, 8, d.total(), 1e-9, name)
		assert.Less(t, d.mean(), 130e6, name)
		assert.Greater(t, d.mean(), 60e6, name)
		assert.InDelta(t, 0, d.above(130e6), 1e-9, name)
		assert.InDelta(t, 1, d.above(60e6), 1e-9, name)
	}
}

// A running total of an exponential histogram may change its scale.
func TestFolder_rescaled(t *testing.T) {
	f := NewFolder(10*second, 2)
	f.Know(1, 7, web)
	add := func(s int64, scale, offset int, counts []float64, sum float64) {
		n := 0.0
		for _, c := range counts {
			n += c
		}
		assert.Equal(t, Used, f.Add(&Point{Stream: 1, Time: at(s), Exponential: true, Scale: scale, Offset: offset, Counts: counts, Count: n, Sum: sum * 1e6, Unit: 1e9}))
	}
	add(2, 6, -4*64, []float64{5}, 310)          // just above 62.5 ms
	add(4, 5, -4*32, []float64{5, 0, 2}, 443)    // two more, just above that
	add(6, 5, -4*32, []float64{5, 0, 2, 1}, 510) // and one
	if told := f.Close(at(0)); assert.Len(t, told, 1) {
		assert.Equal(t, 3.0, told[0].Count)
		assert.InDelta(t, 200, told[0].hist.sum/1e6, 1e-6)
		assert.InDelta(t, 3, told[0].hist.cells.total(), 1e-9)
		assert.InDelta(t, 66.5e6, told[0].hist.cells.mean(), 2.5e6, "one at the edge of a bucket has moved with the scale")
	}
}

// In the steady state points allocate nothing, but for windows that they open.
func TestFolder_allocations(t *testing.T) {
	f := NewFolder(1000*second, 2)
	f.Know(1, 7, web)
	p := pt{at: 1, start: none, low: 1, sum: 1}.point()
	f.Add(p)
	step := func() {
		p.Time += second / 10
		p.Count++
		p.Counts[0]++
		p.Sum += 1e6
		f.Add(p)
	}
	step()
	assert.Zero(t, testing.AllocsPerRun(100, step))
}

// A source that nobody hears of is as good as any other: what comes is never negative.
func FuzzFolder(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
	f.Fuzz(func(t *testing.T, b []byte) {
		x := NewFolder(10*second, 3)
		for i := uint64(0); i < 2; i++ {
			x.Know(i, 7, web)
		}
		now := int64(0)
		for ; len(b) >= 8; b = b[8:] {
			now += int64(b[0]) - 10
			p := &Point{
				Stream: uint64(b[1] % 3), Time: at(now), Delta: b[2]&1 > 0, Exponential: b[2]&2 > 0, Count: float64(b[3]), Sum: float64(b[4]) * 1e6,
				Scale: int(b[5]%31) - 10, Offset: int(b[6]) - 128, Unit: 1e9, Counts: []float64{float64(b[3]), float64(b[7])},
			}
			if b[2]&4 > 0 {
				p.Start = at(now - int64(b[7]))
			}
			if !p.Exponential && b[2]&8 > 0 {
				p.Bounds, p.Counts = ms10, []float64{float64(b[3]), 0, float64(b[7])}
			}
			x.Add(p)
		}
		for s := now - now%10 - 100; s <= now+10; s += 10 {
			for _, told := range x.Close(at(s)) {
				if !(told.Count >= 0) || !(told.hist.sum >= 0) || !(told.hist.refine(dist{}, true).total() >= 0) {
					t.Fatalf("%+v", told)
				}
			}
		}
	})
}
