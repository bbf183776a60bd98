package evaluate

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// one is a window of one service with one operation.
func one(i int, op string) *window.Snapshot {
	const size = int64(time.Second)
	s := &sketch.Sketch{}
	for k := range 20 {
		s.Add(int64(1e6*(10+i%5+k)), 1)
	}
	key := identity.RPC{Service: identity.Service{Name: "shop"}, Operation: op}
	return &window.Snapshot{Start: int64(i) * size, End: int64(i+1) * size, RPCs: []window.RPC{{
		Key: key, Entries: 20, Count: 20, Latency: s, Exclusive: s,
	}}}
}

// The published method's model is trained on what came before the onset alone, and
// again where the graph has changed, but not before there is enough that is new.
func TestPlainTrains(t *testing.T) {
	cfg := gvae.DefaultConfig()
	cfg.Structured, cfg.Epochs = false, 1
	asked := &Asked{}
	p := plain{cfg: cfg, asked: asked}
	b, h := cbn.NewBuilder(1000), feature.NewHistory(time.Second, 600, 1000)
	var in rca.Input
	play := func(until int, op string) rca.Input {
		for i := h.Len(); i < until; i++ {
			in.Snapshot = one(i, op)
			in.Graph = b.Update(feature.Structure(in.Snapshot))
			h.Append(in.Snapshot)
		}
		in.History, in.Onset = h, int64(until-3)*int64(time.Second)
		out, err := p.with(t.Context(), in)
		require.NoError(t, err)
		require.NotNil(t, out.Model)
		require.NotNil(t, out.Layout)
		return out
	}
	first := play(23, "GET /")
	assert.Equal(t, 20, p.seen, "the last three are of the incident")
	assert.Equal(t, 1, asked.Trainings)
	assert.Same(t, first.Model, play(100, "GET /").Model, "nothing has changed")

	assert.Same(t, first.Model, play(22+plainAgain, "POST /").Model, "too few that are new")
	again := play(23+plainAgain, "POST /")
	assert.NotSame(t, first.Model, again.Model)
	assert.Equal(t, 20+plainAgain, p.seen)
	assert.Equal(t, 2, asked.Trainings)
	assert.Positive(t, asked.All-asked.Training)
}
