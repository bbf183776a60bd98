package durations

import (
	"cmp"
	"slices"
)

// Told is what histograms say of one kind of request or call of a replica in a window.
type Told struct {
	Key
	Instance  string
	Count     float64
	Errors    float64
	ErrorType string
	rank      uint8
	hist      hist
	ending    hist // of what ended in the last third of the window, where intervals are that short
}

// forgetAfter is the number of windows after which a silent stream is forgotten.
const forgetAfter = 20

// Close returns what was told of the window at start, sorted by key and replica, and refuses what
// comes for it or earlier ones later.
func (f *Folder) Close(start int64) []Told {
	f.closed = max(f.closed, start)
	if len(f.streams) == 0 {
		return nil
	}
	type cell struct {
		key      Key
		instance string
	}
	by := make(map[cell]*Told)
	for _, id := range f.sorted() {
		s := f.streams[id]
		r := s.says(start, f.size)
		if r == nil {
			continue
		}
		h := &r.hist
		at := cell{s.of.Key, s.of.Instance}
		t := by[at]
		if t == nil || s.of.Rank < t.rank {
			t = &Told{Key: s.of.Key, Instance: s.of.Instance, rank: s.of.Rank}
			by[at] = t
		}
		if s.of.Rank > t.rank {
			continue
		}
		t.Count += h.n
		if s.of.Failed {
			t.Errors += h.n
			t.ErrorType = s.of.ErrorType
		}
		t.hist.add(h, 1)
		t.ending.add(&r.ending, 1)
	}
	out := make([]Told, 0, len(by))
	for _, t := range by { // sorted below
		out = append(out, *t)
	}
	slices.SortFunc(out, func(a, b Told) int { return cmp.Or(a.compare(b.Key), cmp.Compare(a.Instance, b.Instance)) })
	f.forget()
	return out
}

// says returns what s says of the window at start; where its intervals are longer than windows,
// the last one that began before the window is over.
func (s *stream) says(start, size int64) *reading {
	var last *reading
	for i := range s.readings {
		r := &s.readings[i]
		if r.start == start {
			return r
		}
		if r.start < start && (last == nil || r.start > last.start) {
			last = r
		}
	}
	if last != nil && s.every > size && start-last.start < s.every+size {
		return last
	}
	return nil
}

// sorted returns the streams in the order of their identities, the same in every run.
func (f *Folder) sorted() []uint64 {
	out := make([]uint64, 0, len(f.streams))
	for id := range f.streams { // sorted below
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

// forget drops what is over.
func (f *Folder) forget() {
	for id, s := range f.streams { // each on its own: the order does not matter
		keep := f.closed
		if s.every > f.size {
			keep -= s.every + f.size
		}
		s.readings = slices.DeleteFunc(s.readings, func(r reading) bool { return r.start <= keep })
		if f.align(s.time) <= f.closed-forgetAfter*f.size-s.every {
			delete(f.streams, id)
		}
	}
	for id, by := range f.sources {
		if f.align(by.last) <= f.closed-forgetAfter*f.size {
			delete(f.sources, id)
		}
	}
	for start := range f.open {
		if start <= f.closed {
			delete(f.open, start)
		}
	}
}

// CloseUpTo closes the windows up to the one that starts at last, and those of others besides.
// It returns what was told of them by their start.
func (f *Folder) CloseUpTo(last int64, others []int64) map[int64][]Told {
	if len(f.streams) == 0 {
		f.closed = max(f.closed, last)
		return nil
	}
	starts := slices.Clone(others)
	for start := range f.open { // sorted below
		if start <= last {
			starts = append(starts, start)
		}
	}
	slices.Sort(starts)
	out := make(map[int64][]Told)
	for _, start := range slices.Compact(starts) {
		if told := f.Close(start); len(told) > 0 {
			out[start] = told
		}
	}
	f.closed = max(f.closed, last)
	return out
}
