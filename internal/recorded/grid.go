package recorded

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// grid are the windows of a recording whose files were written one after the
// other: rows of different files that belong to one window differ by seconds, and
// by more as the day goes on. Window k ends at origin + k step.
type grid struct {
	origin, step int64 // ns
	windows      int
}

// newGrid finds the windows that the rows of all files lie in: the step is the
// median distance of rows that follow each other, in whole seconds.
func newGrid(files [][]int64) grid {
	var gaps []int64
	g := grid{step: int64(time.Minute)}
	last := int64(0)
	for _, times := range files {
		for i, t := range times {
			if g.origin == 0 || t < g.origin {
				g.origin = t
			}
			last = max(last, t)
			if i > 0 && t > times[i-1] {
				gaps = append(gaps, t-times[i-1])
			}
		}
	}
	if len(gaps) > 0 {
		if step := time.Duration(middle(gaps)).Round(time.Second); step > 0 {
			g.step = int64(step)
		}
	}
	if last > 0 {
		g.windows = int((last-g.origin+g.step/2)/g.step) + 1
	}
	return g
}

// bins returns the window of each row of one file, at least 0. A file may be
// written so long after the others that its rows lie between two windows: what
// counts is by how much they are off from the rows of the same file.
func (g grid) bins(times []int64) []int {
	if len(times) == 0 {
		return nil
	}
	offs := make([]int64, len(times))
	for i, t := range times {
		offs[i] = g.wrap(t - times[0])
	}
	offset := g.wrap(times[0] - g.origin + middle(offs))
	out := make([]int, len(times))
	for i, t := range times {
		out[i] = max(0, int((t-g.origin-offset+g.step/2)/g.step))
	}
	return out
}

// wrap returns d less the nearest multiple of the step.
func (g grid) wrap(d int64) int64 {
	r := d % g.step
	switch {
	case r >= (g.step+1)/2:
		r -= g.step
	case r < -g.step/2:
		r += g.step
	}
	return r
}

// end returns the end of a window.
func (g grid) end(window int) int64 { return g.origin + int64(window)*g.step }

// middle sorts v, which must not be empty, and returns its middle element.
func middle[T cmp.Ordered](v []T) T {
	slices.Sort(v)
	return v[len(v)/2]
}

// maxWindows bounds the windows of a recording: 90 days of minutes.
const maxWindows = 130_000

// bounded reports what is wrong with the times of a recording whose windows would be
// too many.
func (d *day) bounded() error {
	if d.grid.windows <= maxWindows {
		return nil
	}
	var first, last string // file and line
	from, to := int64(math.MaxInt64), int64(0)
	for _, s := range d.files() {
		for i, t := range s.times { // sorted
			if t < from {
				from, first = t, s.table.where(i, -1)
			}
			if t >= to {
				to, last = t, s.table.where(i, -1)
			}
		}
	}
	return fmt.Errorf("%d windows of %s from %s (%s) to %s (%s), at most %d: correct these times, or split the recording",
		d.grid.windows, time.Duration(d.grid.step), clock(from), first, clock(to), last, maxWindows)
}
