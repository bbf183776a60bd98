package slo

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestUnlikely(t *testing.T) {
	for name, c := range map[string]struct {
		a, n, b, m int
		want       float64
	}{
		"none exceeds":                    {0, 20, 0, 5, 1},
		"the last four of 24":             {0, 20, 4, 4, 1.0 / 10626},      // 1 / C(24,4)
		"the last five of 35":             {0, 30, 5, 5, 1.0 / 324632},     // 1 / C(35,5)
		"five of the last six of 36":      {0, 30, 5, 6, 6.0 / 376992},     // C(6,5) / C(36,5)
		"one of two before and the later": {1, 2, 1, 1, 2.0 / 3},           // C(1,1) C(2,1) / C(3,2)
		"any number of the later":         {3, 4, 0, 2, 1},                 // all of it
		"eight of ten and of ten before":  {2, 10, 8, 10, 2126.0 / 184756}, // C(10,8)C(10,2) + C(10,9)C(10,1) + C(10,10), of C(20,10)
	} {
		assert.InEpsilon(t, c.want, unlikely(c.a, c.n, c.b, c.m), 1e-9, name)
	}
}
