package recorded

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// at are times of day in seconds, from a fixed day on.
func at(seconds ...float64) []int64 {
	day := time.Date(2022, 8, 22, 0, 0, 0, 0, time.UTC).UnixNano()
	out := make([]int64, len(seconds))
	for i, s := range seconds {
		out[i] = day + int64(s*1e9)
	}
	return out
}

func TestGrid(t *testing.T) {
	reference := at(19.6, 79.9, 139.5, 199.6, 259.7, 319.6)
	for name, c := range map[string]struct {
		rows []int64
		want []int
	}{
		"itself":                  {reference, []int{0, 1, 2, 3, 4, 5}},
		"a second later":          {at(20.6, 80.9, 140.6, 200.4), []int{0, 1, 2, 3}},
		"one missing":             {at(20, 80, 200, 260), []int{0, 1, 3, 4}},
		"begins later":            {at(140, 200, 261), []int{2, 3, 4}},
		"twice":                   {at(20, 80, 81, 140), []int{0, 1, 1, 2}},
		"half a step, unsteady":   {at(49.3, 109.7, 169.2, 229.4), []int{0, 1, 2, 3}},
		"half a step, unsteady 2": {at(49.7, 109.4, 169.8, 229.5), []int{1, 2, 3, 4}}, // 30.1 s on the whole: nearer to the next
		"single":                  {at(141), []int{2}},
		"none":                    {nil, nil},
	} {
		g := newGrid([][]int64{reference, c.rows})
		assert.Equal(t, int64(time.Minute), g.step, name)
		assert.Equal(t, reference[0], g.origin, name)
		assert.Equal(t, 6, g.windows, name)
		assert.Equal(t, c.want, g.bins(c.rows), name)
	}
	g := newGrid([][]int64{at(0, 30, 60.4, 90)})
	assert.Equal(t, int64(30*time.Second), g.step)
	assert.Equal(t, at(60)[0], g.end(2))
	assert.Zero(t, newGrid(nil).windows)
}

// TestGrid_drift follows a file whose rows are late by more and more, by 20 s in
// the end.
func TestGrid_drift(t *testing.T) {
	var steady, late []float64
	for k := range 1200 {
		steady = append(steady, float64(60*k))
		late = append(late, float64(60*k)+20*float64(k)/1200)
	}
	g := newGrid([][]int64{at(steady...), at(late...)})
	for k, bin := range g.bins(at(late...)) {
		assert.Equal(t, k, bin)
	}
}
