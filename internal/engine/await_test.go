package engine

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/rca"
)

// An evaluation waits for a training that takes longer than a replay would, and
// asks who it is told to ask.
func TestEvaluation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := always(trained())
		cfg.Training.Await = true
		first, asked := -1, 0
		cfg.Diagnose = func(in rca.Input, _ rca.Config) rca.Verdict {
			asked++
			if in.Model != nil && first < 0 {
				first = int((in.Snapshot.Start - epoch) / int64(size))
			}
			return rca.Verdict{Abstained: true}
		}
		r := newRig(t, cfg, nil)
		r.run.training.fit = takes(time.Hour)
		began := time.Now()
		require.NoError(t, r.Start(t.Context()))
		for _, s := range letters(0, "VVVVVVVVVVVV") {
			require.True(t, r.Offer(s))
		}
		synctest.Wait()
		require.NoError(t, r.Close(t.Context()))
		assert.Equal(t, 12, asked)
		assert.Equal(t, 6, first, "the model is there when it is due")
		assert.Equal(t, time.Hour, time.Since(began))
	})
}
