package engine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/sketch"
)

// Windows that have too few requests each are judged together, by the objective and by the
// diagnosis, and all of them are violated. Of 20 requests 4 are slow, of 60 of them 12 are:
//
//	P(Binomial(40, 0.1) >= 8) = 0.042,  P(Binomial(60, 0.1) >= 15) = 0.0005
func TestEngine_judgesWindowsTogether(t *testing.T) {
	cfg := config()
	cfg.SLO.MinRequests = 50
	r := newRig(t, cfg, nil)
	var together [][]int
	r.run.diagnose = func(in rca.Input, _ rca.Config) rca.Verdict {
		var of []int
		for _, w := range append(in.Earlier, in.Snapshot) {
			of = append(of, int((w.Start-epoch)/int64(size)))
		}
		together = append(together, of)
		h := in.History
		for row := range h.Len() {
			violated := h.Start(row) >= start(9)
			assert.Equal(t, violated, h.Health(row) == feature.Violated, "window %d", row)
		}
		return blame("c")(in, rca.Config{})
	}
	all := letters(0, "GGGGGGGGG")
	for i, bad := range []int{4, 4, 7, 4, 4, 7, 4, 4, 7} {
		s := simple(9+i, 50*time.Millisecond)
		l := new(sketch.Sketch)
		l.Add(int64(50*time.Millisecond), float64(20-bad))
		l.Add(int64(200*time.Millisecond), float64(bad))
		s.RPCs[0].Latency = l
		all = append(all, s)
	}
	r.through(t, append(all, letters(18, "GGGGGGGG")...))
	assert.Equal(t, [][]int{{12, 13, 14}, {15, 16, 17}}, together, "from the second time on, as it opens then")
	assert.Equal(t, []string{"14 open", "23 resolved"}, r.incidents())
	assert.Empty(t, r.run.kept, "nothing is violated any more")
}
