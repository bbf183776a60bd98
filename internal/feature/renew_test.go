package feature_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/window"
)

// Of twelve windows after twelve others the memory of one service is another, that of the
// other service is as it was.
func TestHistory_Renew(t *testing.T) {
	h := feature.NewHistory(time.Nanosecond, 40, 100)
	for i := range 24 {
		memory := 100 + float64(i%3) // 100, 101, 102: median 101, spread 2.02, which is 2 %
		if i >= 12 {
			memory += 50
		}
		h.Append(&window.Snapshot{Start: int64(i), End: int64(i) + 1, Resources: []window.Resource{
			{Service: svc("cart"), Values: []window.Value{{Metric: "memory", Value: memory}}},
			{Service: svc("front"), Values: []window.Value{{Metric: "memory", Value: 100 + float64(i%3)}}},
		}})
		h.SetHealth(i, feature.Healthy)
	}
	cart, front := metric("cart", "memory"), metric("front", "memory")
	assert.InDelta(t, 126, h.Baseline(cart, math.MaxInt64).Median, 1e-9, "between both: (102 + 150) / 2")

	h.Renew(12)
	got := h.Baseline(cart, math.MaxInt64)
	assert.InDelta(t, 151, got.Median, 1e-9)
	assert.Equal(t, 12, got.N)
	assert.InDelta(t, 150, h.Normal(cart, math.MaxInt64, 0), 1e-9)
	assert.Equal(t, 24, h.Baseline(front, math.MaxInt64).N, "which did not move")
	assert.InDelta(t, 151, h.Clone().Baseline(cart, math.MaxInt64).Median, 1e-9)

	assert.Equal(t, 19, h.Baseline(cart, 19).N, "seven windows say too little")
	assert.Equal(t, 10, h.Baseline(cart, 10).N, "before it")
	h.Renew(3)
	assert.Equal(t, 12, h.Baseline(cart, math.MaxInt64).N, "the latest change counts")
}
