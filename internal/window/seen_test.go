package window

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSeen(t *testing.T) {
	count, unseen := 0.0, 0.0
	for range 20 { // of 3 in 10
		count += 1 / 0.3
		unseen += 1/0.3 - 1
	}
	for _, c := range []struct{ weight, unseen, want float64 }{
		{0, 0, 0},
		{20, 0, 20},
		{19.999999999, 0, 19.999999999}, // as it is where nothing was sampled
		{100, 99, 1},
		{count, unseen, 20},
		{100.5, 99, 1.5}, // a weight below 1 stands for less than itself
	} {
		assert.Equal(t, c.want, Seen(c.weight, c.unseen), "%v of which %v are unseen", c.weight, c.unseen)
	}
}
