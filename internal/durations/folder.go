package durations

import (
	"math"
	"slices"
)

// Reason says why a point was not used.
type Reason uint8

// The reasons.
const (
	Used Reason = iota
	Invalid
	Late
	OutOfOrder
	StreamLimit
)

// Folder folds points into windows of event time. It is not safe for concurrent use. What an
// interval holds belongs to the window of its middle or, where that is closed, of its end. Where
// intervals are longer than windows, each window in one has the same.
type Folder struct {
	size, closed int64
	most         int
	streams      map[uint64]*stream
	sources      map[uint64]*source
	open         map[int64]bool // windows that hold anything
	left         bool           // some streams were not followed: one that is new may be old
	cells, more  dist           // scratch
}

// source is who sends streams together: what it did not send before had counted nothing.
type source struct{ before, last int64 }

// stream is one stream with what it says in open windows.
type stream struct {
	of       Series
	source   uint64
	bounds   []float64
	counts   []float64 // running total of buckets, or cells
	cells    dist
	count    float64
	sum      float64
	start    int64 // of the running total
	time     int64 // of the last point, 0: none
	every    int64 // length of its interval
	readings []reading
}

// reading is what a stream says in a window.
type reading struct {
	start        int64
	hist, ending hist
}

// NewFolder returns a Folder of windows of size nanoseconds and at most so many streams.
func NewFolder(size int64, streams int) *Folder {
	return &Folder{size: size, closed: math.MinInt64, most: streams, streams: make(map[uint64]*stream), sources: make(map[uint64]*source), open: make(map[int64]bool)}
}

// Knows reports whether the stream is known.
func (f *Folder) Knows(stream uint64) bool { return f.streams[stream] != nil }

// Know says what a stream is of, and who sends it together with others. It reports false where
// there is no room for another.
func (f *Folder) Know(id, source uint64, of Series) bool {
	if len(f.streams) >= f.most {
		f.left = true
		return false
	}
	f.streams[id] = &stream{of: of, source: source}
	return true
}

// Streams returns how many streams are followed.
func (f *Folder) Streams() int { return len(f.streams) }

// Add takes in one point of a stream that is known. Of a running total the first point says
// nothing but where it stands, unless it began after who sends it was last heard.
func (f *Folder) Add(p *Point) Reason {
	s := f.streams[p.Stream]
	switch {
	case s == nil:
		return StreamLimit
	case !p.valid():
		return Invalid
	case p.Time <= s.time:
		return OutOfOrder
	case f.align(p.Time) <= f.closed:
		return Late
	}
	f.heard(s, p)
	from := s.time
	if p.Start > 0 && p.Start < p.Time && (p.Delta || p.Start > from) {
		from = p.Start
	}
	cells := &f.cells
	if p.Exponential {
		p.cells(cells)
	} else {
		clear(cells.w)
	}
	if p.Delta {
		if p.Count > 0 {
			f.put(s, p, from, p.Count, p.Sum, p.Counts, *cells)
		}
		s.time = p.Time
		return Used
	}
	f.total(s, p, from, cells)
	return Used
}

// heard notes that the source of s has sent p. A running total that comes after others of its
// source, which came without it before, has begun since.
func (f *Folder) heard(s *stream, p *Point) {
	by := f.sources[s.source]
	if by == nil {
		by = new(source)
		f.sources[s.source] = by
	}
	if p.Time > by.last {
		by.before, by.last = by.last, p.Time
	}
	if s.time > 0 || by.before == 0 || p.Delta || f.left {
		return
	}
	s.time, s.start = by.before, p.Start
	if !p.Exponential {
		s.bounds, s.counts = slices.Clone(p.Bounds), make([]float64, len(p.Counts))
	}
}

// total takes in a point of a running total.
func (f *Folder) total(s *stream, p *Point, from int64, cells *dist) {
	same := slices.Equal(s.bounds, p.Bounds) && len(s.counts) == len(p.Counts)
	if p.Exponential {
		same = len(s.counts) == 0
	}
	known := s.time > 0
	reset := known && (p.Start != s.start || p.Count < s.count)
	switch {
	case reset && p.Start > s.time: // all of it is new
		f.put(s, p, p.Start, p.Count, p.Sum, p.Counts, *cells)
	case known && !reset && same && p.Count > s.count:
		n := p.Count - s.count
		if !p.Exponential {
			for i := range s.counts {
				s.counts[i] = max(0, p.Counts[i]-s.counts[i])
			}
			f.put(s, p, from, n, max(0, p.Sum-s.sum), s.counts, dist{})
			break
		}
		d := &f.more
		clear(d.w)
		d.addDist(*cells, 1)
		d.addDist(s.cells, -1)
		for i := range d.w {
			d.w[i] = max(0, d.w[i])
		}
		if all := d.total(); all > 0 { // where the scale has changed, edges have moved
			d.scale(n / all)
		}
		f.put(s, p, from, n, max(0, p.Sum-s.sum), nil, *d)
	}
	s.time, s.start, s.count, s.sum = p.Time, p.Start, p.Count, p.Sum
	if p.Exponential {
		s.bounds, s.counts = nil, nil
		clear(s.cells.w)
		s.cells.addDist(*cells, 1)
		return
	}
	if !slices.Equal(s.bounds, p.Bounds) {
		s.bounds = slices.Clone(p.Bounds) // readings refer to the old ones
	}
	s.counts = append(s.counts[:0], p.Counts...)
}

// put adds what an interval holds to its window.
func (f *Folder) put(s *stream, p *Point, from int64, count, sum float64, counts []float64, cells dist) {
	start, factor := f.align(p.Time), 1.0
	if from > 0 {
		if s.every = p.Time - from; s.every > f.size {
			factor = float64(f.size) / float64(s.every)
		}
		if middle := f.align(p.Time - (p.Time-from)/2); middle > f.closed {
			start = middle
		}
	}
	r := f.reading(s, start)
	if !p.Exponential && !slices.Equal(s.bounds, p.Bounds) {
		s.bounds = slices.Clone(p.Bounds)
	}
	h := hist{n: count, sum: sum}
	if p.Exponential {
		h.cells = cells
	} else {
		h.bounds, h.counts = s.bounds, counts
	}
	r.hist.add(&h, factor)
	if third := f.size / 3; from > 0 && p.Time-from <= third && p.Time-(p.Time-from)/2 >= start+2*third {
		r.ending.add(&h, factor)
	}
}

func (f *Folder) reading(s *stream, start int64) *reading {
	for i := range s.readings {
		if s.readings[i].start == start {
			return &s.readings[i]
		}
	}
	f.open[start] = true
	s.readings = append(s.readings, reading{start: start})
	return &s.readings[len(s.readings)-1]
}

func (f *Folder) align(t int64) int64 { return t - t%f.size }
