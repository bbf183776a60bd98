package method

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/rca"
)

// lived is an application in which one or two services are slow now and then, with
// their CPU in one half of the cases, and a plain model that has seen it.
func lived(t *testing.T) (play func(fault func(*world)) rca.Input) {
	t.Helper()
	var in rca.Input
	const windows = 360
	w := newWorld()
	w.rng = rand.New(rand.NewPCG(3, 5))
	h := feature.NewHistory(time.Duration(size), 2*windows, 5000)
	b := cbn.NewBuilder(100)
	services := []string{"front", "mid", "back", "side"}
	for i := range windows {
		now, health := w.clone(0.03), feature.Healthy
		if i%3 == 0 {
			health = feature.Violated
			for n, at := range w.rng.Perm(len(services))[:1+i/3%2] {
				grown := 0.06 * w.rng.Float64()
				now.own[services[at]] += grown
				if (i/6+n)%2 == 0 {
					now.metrics[services[at]][cpuMetric] += 10 * grown
				}
			}
		}
		in.Snapshot = now.snapshot(i)
		in.Graph = b.Update(feature.Structure(in.Snapshot))
		h.Append(in.Snapshot)
		h.SetHealth(i, health)
	}
	in.History, in.Entry, in.Quantile = h, rpc(w.entry), 0.99
	in.Threshold = 1.4 * math.Exp(h.Baseline(latencyKey(cbn.Server(in.Entry), 2), math.MaxInt64).Median)

	in.Layout = feature.NewLayout(in.Graph, h)
	rows := make([]int, h.Len())
	for i := range rows {
		rows[i] = i
	}
	cfg := gvae.DefaultConfig()
	cfg.Structured, cfg.Seed, cfg.Epochs = false, 1, 150
	m, _, err := gvae.Train(t.Context(), in.Layout.Spec, in.Layout.Data(h, rows), cfg, nil)
	require.NoError(t, err)
	in.Model = m
	return func(fault func(*world)) rca.Input {
		out := in
		out.History = h.Clone()
		now := w.clone(0.03)
		fault(now)
		out.Snapshot = now.snapshot(windows)
		out.History.Append(out.Snapshot)
		out.Onset = out.Snapshot.Start
		return out
	}
}

// A plain model that has seen slow services of the sort finds them again, and tells
// those whose CPU says so from those of which no metric moves.
func TestPublished(t *testing.T) {
	play := lived(t)
	for name, tt := range map[string]struct {
		service string
		cpu     float64
		want    rca.Mechanism
	}{
		"back, cpu": {"back", 0.55, rca.CPU},
		"side, cpu": {"side", 0.55, rca.CPU},
		"side":      {"side", 0, rca.Latent},
		"mid":       {"mid", 0, rca.Latent},
	} {
		t.Run(name, func(t *testing.T) {
			in := play(func(w *world) {
				w.own[tt.service] += 0.055
				w.metrics[tt.service][cpuMetric] += tt.cpu
			})
			a := Published{Seed: 1}.Diagnose(in)
			sound(t, a)
			require.Equal(t, []string{tt.service}, named(a.Culprits))
			assert.Equal(t, tt.want, a.Culprits[0].Mechanism)
			assert.Len(t, a.Ranking, 5)
			assert.Less(t, a.Quantile, in.Threshold)
			assert.LessOrEqual(t, a.Lower, a.Quantile)
			assert.LessOrEqual(t, a.Quantile, a.Upper)
			assert.Equal(t, a, Published{Seed: 1}.Diagnose(in), "the same again")
		})
	}
	// Where no single service explains the violation there are several, never more
	// than three; where none helps the best one is named all the same.
	t.Run("two", func(t *testing.T) {
		in := play(func(w *world) {
			w.own["back"] += 0.040
			w.own["side"] += 0.040
		})
		a := Published{Seed: 1}.Diagnose(in)
		sound(t, a)
		assert.ElementsMatch(t, []string{"back", "side"}, named(a.Culprits))
		in.Threshold = 1e-3 // out of reach
		assert.LessOrEqual(t, len(Published{}.Diagnose(in).Culprits), publishedCulprits)
	})
	t.Run("none", func(t *testing.T) {
		assert.NotEmpty(t, Published{}.Diagnose(play(func(*world) {})).Culprits)
	})
	t.Run("an entry that the graph lacks", func(t *testing.T) {
		in := play(slowBack)
		in.Entry = rpc("nobody")
		assert.Equal(t, reasonNotInGraph, Published{}.Diagnose(in).Reason)
	})
}
