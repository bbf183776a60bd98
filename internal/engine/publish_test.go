package engine

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/rca"
)

// takes is a training that lasts so long.
func takes(d time.Duration) fit {
	return func(ctx context.Context, _ gvae.Spec, _ gvae.Data, _ gvae.Config, _ *gvae.Model) (*gvae.Model, gvae.Report, error) {
		select {
		case <-time.After(d):
			return new(gvae.Model), gvae.Report{}, nil
		case <-ctx.Done():
			return nil, gvae.Report{}, ctx.Err()
		}
	}
}

// The first training starts after window 3, of windows of 10 s, and its model is
// due before window 6.
func TestPublish(t *testing.T) {
	for _, c := range []struct {
		name   string
		replay bool
		takes  time.Duration
		want   int           // first window that the model judges, -1: none
		took   time.Duration // wall time until all windows are judged
	}{
		{"live, at once: not before its time", false, 0, 6, 120 * time.Second},
		{"live, in time", false, 25 * time.Second, 6, 120 * time.Second},
		{"live, late: the first window after it", false, 45 * time.Second, 8, 120 * time.Second},
		{"live, never", false, time.Hour, -1, 120 * time.Second},
		{"replay, at once", true, 0, 6, 0},
		{"replay: window 6 waits for the training", true, 25 * time.Second, 6, 25 * time.Second},
		{"replay, to the end of its time", true, 29 * time.Second, 6, 29 * time.Second},
		{"replay, late: each window waits as long as it would have live", true, 45 * time.Second, 8, 45 * time.Second},
		{"replay, never: no window is later than live", true, time.Hour, -1, 80 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, always(trained()), nil)
				r.run.training.fit = takes(c.takes)
				first := -1
				r.run.diagnose = func(in rca.Input, _ rca.Config) rca.Verdict {
					if in.Model != nil && first < 0 {
						first = int((in.Snapshot.Start - epoch) / int64(size))
					}
					return rca.Verdict{Abstained: true}
				}
				began := time.Now()
				require.NoError(t, r.Start(t.Context()))
				for _, s := range letters(0, "VVVVVVVVVVVV") {
					if !c.replay {
						<-time.After(size)
					}
					require.True(t, r.Offer(s))
				}
				if c.replay {
					synctest.Wait()
				}
				require.NoError(t, r.Close(t.Context()))
				assert.Equal(t, c.want, first)
				assert.Equal(t, c.took, time.Since(began))
			})
		})
	}
}

func TestPublish_closeGivesUpTheTraining(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, trained(), nil)
		ended := false
		r.run.training.fit = func(ctx context.Context, s gvae.Spec, d gvae.Data, c gvae.Config, m *gvae.Model) (*gvae.Model, gvae.Report, error) {
			defer func() { ended = true }()
			return takes(time.Hour)(ctx, s, d, c, m)
		}
		began := time.Now()
		r.through(t, letters(0, "GGGGG"))
		assert.True(t, ended, "and waits for its end")
		assert.Zero(t, time.Since(began))
		assert.Empty(t, r.watch.trained)
		assert.Equal(t, []string{"0 cold", "3 warming"}, r.models())
	})
}

func TestPublish_closeDoesNotWaitForAReplayBeyondItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, trained(), nil)
		r.run.training.fit = takes(time.Hour)
		require.NoError(t, r.Start(t.Context()))
		for _, s := range letters(0, "GGGGGGGGGG") {
			r.Offer(s)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, r.Close(ctx), context.DeadlineExceeded)
		require.NoError(t, r.Close(t.Context()))
		assert.Equal(t, 7, r.watch.closed, "the one that waited, and none after it")
	})
}

// A training that fails or panics is reported; the model before it goes on.
func TestPublish_failures(t *testing.T) {
	n := 0
	r := newRig(t, trained(), nil)
	r.run.training.fit = func(_ context.Context, _ gvae.Spec, _ gvae.Data, _ gvae.Config, prev *gvae.Model) (*gvae.Model, gvae.Report, error) {
		n++
		switch n {
		case 1:
			assert.Nil(t, prev)
			return nil, gvae.Report{}, errors.New("no latency is known")
		case 2:
			return new(gvae.Model), gvae.Report{Busy: time.Minute}, nil
		default:
			assert.NotNil(t, prev, "it starts from the weights in use")
			panic("index out of range")
		}
	}
	r.run.training.cfg.Interval = 10 * size
	text := make([]byte, 30)
	for i := range text {
		text[i] = 'G'
	}
	r.through(t, letters(0, string(text)))
	// Started after 3, published before 6; again after 6, since that failed and 2
	// windows have passed; then after 16, 10 windows later, and again and again.
	assert.Equal(t, []string{"0 cold", "3 warming", "6 degraded", "9 ready", "19 degraded"}, r.models())
	assert.Equal(t, []bool{false, true, false, false, false, false}, r.watch.trained)
	assert.Contains(t, r.watch.failures(), "training: the model in use is kept: no latency is known")
	assert.Contains(t, r.watch.failures(), "training: the model in use is kept: panic: index out of range")

	last := r.watch.states[len(r.watch.states)-1]
	assert.Equal(t, Degraded, last.State)
	assert.Equal(t, "the last training failed, the model before it answers: panic: index out of range", last.Reason)
	assert.EqualValues(t, 1, last.Version)
	for _, s := range r.watch.states {
		if s.State == Ready {
			assert.Equal(t, time.Minute, s.TrainingBusy, "the observer is told")
		}
	}
	for _, o := range r.said {
		assert.Zero(t, o.ModelAt.TrainingBusy, "outputs are not")
	}
}
