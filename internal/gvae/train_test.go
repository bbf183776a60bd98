package gvae

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/nn"
)

// quick is a training that ends soon.
func quick() Config {
	c := DefaultConfig()
	c.Hidden, c.Epochs, c.Batch = []int{6}, 8, 16
	return c
}

func quickData(seed uint64) (Spec, Data) {
	rng := rand.New(rand.NewPCG(seed, 1))
	s := randomSpec(rng)
	return s, randomData(&s, 60, 0.05, rng)
}

func TestTrain_isAFunctionOfItsArguments(t *testing.T) {
	spec, data := quickData(1)
	marshal := func(cfg Config) []byte {
		m, _, err := Train(context.Background(), spec, data, cfg, nil)
		require.NoError(t, err)
		b, err := m.MarshalBinary()
		require.NoError(t, err)
		return b
	}
	cfg := quick()
	cfg.Seed = 7
	first := marshal(cfg)
	assert.Equal(t, first, marshal(cfg), "equal seeds, equal bytes")
	cfg.Yield = func(context.Context, Spent) error { return nil }
	assert.Equal(t, first, marshal(cfg), "yielding changes nothing")
	cfg.Seed = 8
	assert.NotEqual(t, first, marshal(cfg))
}

func TestTrain_doesNotTouchItsData(t *testing.T) {
	spec, data := quickData(2)
	x, y := slices.Clone(data.X), slices.Clone(data.Y)
	_, _, err := Train(context.Background(), spec, data, quick(), nil)
	require.NoError(t, err)
	for i := range x {
		assert.Equal(t, math.Float64bits(x[i]), math.Float64bits(data.X[i]))
	}
	for i := range y {
		assert.Equal(t, math.Float64bits(y[i]), math.Float64bits(data.Y[i]))
	}
}

func TestTrain_learns(t *testing.T) {
	data := windows(150, rand.New(rand.NewPCG(1, 1)), func(int) chain { return healthyChain() })
	for _, structured := range []bool{false, true} {
		cfg := DefaultConfig()
		cfg.Structured = structured
		tr, _, err := newTrainer[float32](chainSpec(), &data, cfg, nil)
		require.NoError(t, err)
		before := tr.heldOut()
		_, report, err := Train(context.Background(), chainSpec(), data, cfg, nil)
		require.NoError(t, err)
		assert.Less(t, report.HeldOutLoss, 0.7*before)
		assert.Positive(t, report.Busy)
		assert.Positive(t, report.Steps)
		assert.Zero(t, report.Restarts)
		assert.LessOrEqual(t, report.Epochs, cfg.Epochs)
		assert.Greater(t, report.Epochs, cfg.Patience, "each improvement buys more patience")
	}
}

// What is observed of a node beyond its causes is what its latent is for: the
// posterior explains more than the prior.
func TestTrain_latentsAreUsed(t *testing.T) {
	m, _ := trained()
	for d := range 3 {
		c := backServer*3 + d
		assert.Less(t, m.noise.Spread[c], 0.8*m.screen.Spread[c])
	}
}

func TestTrain_stopsWhenTold(t *testing.T) {
	spec, data := quickData(3)
	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("shutting down")
	cfg := quick()
	steps := 0
	cfg.Yield = func(context.Context, Spent) error {
		if steps++; steps == 3 {
			cancel(why)
		}
		return nil
	}
	m, report, err := Train(ctx, spec, data, cfg, nil)
	require.ErrorIs(t, err, why)
	assert.Nil(t, m)
	assert.Equal(t, 3, report.Steps)

	cfg.Yield = func(_ context.Context, spent Spent) error {
		assert.Positive(t, spent.Busy)
		assert.Positive(t, spent.Elapsed)
		return why
	}
	m, report, err = Train(context.Background(), spec, data, cfg, nil)
	require.ErrorIs(t, err, why)
	assert.Nil(t, m)
	assert.Equal(t, 1, report.Steps)
}

func TestTrain_yieldsAfterEachStep(t *testing.T) {
	spec, data := quickData(4)
	cfg := quick()
	var busy time.Duration
	calls := 0
	cfg.Yield = func(_ context.Context, spent Spent) error {
		calls++
		busy += spent.Busy
		return nil
	}
	_, report, err := Train(context.Background(), spec, data, cfg, nil)
	require.NoError(t, err)
	assert.Equal(t, report.Steps, calls)
	assert.Equal(t, report.Busy, busy)
}

func TestTrain_warmStart(t *testing.T) {
	spec, data := quickData(5)
	cfg := quick()
	cfg.Epochs = 40
	cold, first, err := Train(context.Background(), spec, data, cfg, nil)
	require.NoError(t, err)
	assert.False(t, first.Warm)

	cfg.Epochs = 1
	again, second, err := Train(context.Background(), spec, data, cfg, cold)
	require.NoError(t, err)
	assert.True(t, second.Warm)
	assert.LessOrEqual(t, second.HeldOutLoss, first.HeldOutLoss, "the start is never forgotten")
	assert.NotSame(t, &cold.theta[0], &again.theta[0])

	other := cfg
	other.Hidden = []int{7}
	_, third, err := Train(context.Background(), spec, data, other, cold)
	require.NoError(t, err)
	assert.False(t, third.Warm, "other shapes")

	shape := spec
	shape.Nodes = slices.Clone(spec.Nodes)
	shape.Nodes[len(shape.Nodes)-1].X = nil
	shape.Nodes[len(shape.Nodes)-1].Latents = nil
	_, fourth, err := Train(context.Background(), shape, data, cfg, cold)
	require.NoError(t, err)
	assert.False(t, fourth.Warm, "other wiring")
}

// Numbers that overflow are met by going back; a model with a NaN is never given.
func TestTrain_divergence(t *testing.T) {
	spec, data := quickData(6)
	cfg := quick()
	cfg.Structured = false
	cfg.LearningRate = 1e306
	m, report, err := Train(context.Background(), spec, data, cfg, nil)
	require.ErrorContains(t, err, "diverged")
	assert.Nil(t, m)
	assert.Equal(t, maxRestarts+1, report.Restarts)

	cfg.LearningRate = 1e3 // wild, but finite or caught
	m, _, err = Train(context.Background(), spec, data, cfg, nil)
	if err == nil {
		assert.True(t, all(m.theta) && all(m.screen.Spread, m.noise.Spread, m.screen.Center, m.noise.Center))
	}
}

func TestTrain_aColumnWithoutValues(t *testing.T) {
	spec, data := quickData(7)
	for w := range data.N {
		data.X[w], data.Y[w] = math.NaN(), math.NaN()
		data.X[data.N+w] = 3 // constant
	}
	m, _, err := Train(context.Background(), spec, data, quick(), nil)
	require.NoError(t, err)
	e := m.Abduct(windowOf(data.X, data.N, 0), windowOf(data.Y, data.N, 0))
	assert.True(t, math.IsNaN(e.Residual(0, 0)))
}

func TestTrain_refusesUnusableArguments(t *testing.T) {
	good := func() (Spec, Data, Config) {
		s, d := quickData(8)
		return s, d, quick()
	}
	for name, c := range map[string]struct {
		spoil func(s *Spec, d *Data, c *Config)
		says  string
	}{
		"parents first":     {func(s *Spec, _ *Data, _ *Config) { s.Nodes[0].Parents = []int{0} }, "parents of node 0"},
		"column":            {func(s *Spec, _ *Data, _ *Config) { s.Nodes[1].X = []int{s.NX} }, "X of node 1"},
		"latent":            {func(s *Spec, _ *Data, _ *Config) { s.Nodes[1].Latents = []int{-1} }, "latents of node 1"},
		"latent's column":   {func(s *Spec, _ *Data, _ *Config) { s.Latents[0].X = []int{99} }, "X of latent 0"},
		"latent's node":     {func(s *Spec, _ *Data, _ *Config) { s.Latents[0].Y = []int{99} }, "Y of latent 0"},
		"overlap":           {func(s *Spec, _ *Data, _ *Config) { s.Nodes[1].Overlap = -2 }, "overlap of node 1"},
		"term is no parent": {func(s *Spec, _ *Data, _ *Config) { s.Nodes[0].Terms = []Term{{2, -1, -1}} }, "node 0 adds up node 2"},
		"calls": {func(s *Spec, _ *Data, _ *Config) {
			s.Nodes[1].Parents, s.Nodes[1].Terms = []int{0}, []Term{{0, 99, -1}}
		}, "calls of node 1"},
		"term's overlap": {func(s *Spec, _ *Data, _ *Config) {
			s.Nodes[1].Parents, s.Nodes[1].Terms = []int{0}, []Term{{0, -1, 99}}
		}, "overlap of a term of node 1"},
		"quantiles":       {func(s *Spec, _ *Data, _ *Config) { s.D = 0 }, "0 quantiles"},
		"no nodes":        {func(s *Spec, _ *Data, _ *Config) { s.Nodes = nil }, "no nodes"},
		"columns":         {func(s *Spec, _ *Data, _ *Config) { s.NX = -1 }, "-1 columns"},
		"short X":         {func(_ *Spec, d *Data, _ *Config) { d.X = d.X[1:] }, "X has"},
		"short Y":         {func(_ *Spec, d *Data, _ *Config) { d.Y = d.Y[1:] }, "Y has"},
		"short weights":   {func(_ *Spec, d *Data, _ *Config) { d.Weight = []float64{1} }, "Weight has 1"},
		"negative weight": {func(_ *Spec, d *Data, _ *Config) { d.Weight = make([]float64, d.N); d.Weight[0] = -1 }, "weight -1"},
		"no weight":       {func(_ *Spec, d *Data, _ *Config) { d.Weight = make([]float64, d.N) }, "positive number"},
		"short health":    {func(_ *Spec, d *Data, _ *Config) { d.Healthy = []bool{true} }, "Healthy has 1"},
		"few windows":     {func(_ *Spec, d *Data, _ *Config) { *d = Data{N: 2} }, "2 windows"},
		"no latency":      {func(_ *Spec, d *Data, _ *Config) { nn.Fill(d.Y, math.Inf(-1)) }, "no latency is known"},
		"absurd X": {func(_ *Spec, d *Data, _ *Config) {
			nn.Fill(d.X, math.MaxFloat64)
			nn.Fill(d.X[:d.N/2], -math.MaxFloat64)
		}, "spread"},
		"mix":           {func(_ *Spec, _ *Data, c *Config) { c.Mix = 1.1 }, "mix 1.1"},
		"chained":       {func(_ *Spec, _ *Data, c *Config) { c.Chained = math.NaN() }, "chained NaN"},
		"KL weight":     {func(_ *Spec, _ *Data, c *Config) { c.KLWeight = -1 }, "KL weight -1"},
		"learning rate": {func(_ *Spec, _ *Data, c *Config) { c.LearningRate = -1 }, "learning rate -1"},
		"batch":         {func(_ *Spec, _ *Data, c *Config) { c.Batch = -1 }, "batch of -1"},
		"epochs":        {func(_ *Spec, _ *Data, c *Config) { c.Epochs = -1 }, "-1 epochs"},
		"patience":      {func(_ *Spec, _ *Data, c *Config) { c.Patience = -1 }, "patience of -1"},
		"width":         {func(_ *Spec, _ *Data, c *Config) { c.Hidden = []int{0} }, "width 0"},
		"layers":        {func(_ *Spec, _ *Data, c *Config) { c.Hidden = make([]int, 17) }, "17 hidden layers"},
	} {
		s, d, cfg := good()
		c.spoil(&s, &d, &cfg)
		m, _, err := Train(context.Background(), s, d, cfg, nil)
		require.ErrorContains(t, err, c.says, name)
		assert.Nil(t, m, name)
	}
}

func TestConfig_zeroIsTheDefault(t *testing.T) {
	zero := Config{Structured: true}.withDefaults()
	assert.Equal(t, DefaultConfig(), zero)
	assert.Equal(t, []float64{0, 1, 0}, func() []float64 {
		c := Config{Mix: 1}.withDefaults()
		return []float64{c.KLWeight, c.Mix, c.Chained}
	}(), "a zero beside a value is meant")
}

func TestStep_doesNotAllocate(t *testing.T) {
	for _, structured := range []bool{false, true} {
		tr := loaded[float32](t, structured, 1)
		batch := []int{0, 1, 2, 3}
		assert.Zero(t, testing.AllocsPerRun(20, func() { tr.step(batch) }))
	}
}

func TestTrain_marksDecideWhatIsNormal(t *testing.T) {
	spec := Spec{D: 1, Nodes: []Node{{Overlap: -1}}}
	data := Data{N: 40, Y: make([]float64, 40), Healthy: make([]bool, 40)}
	for i := range data.Y {
		data.Y[i] = -2
		if data.Healthy[i] = i%4 == 0; data.Healthy[i] {
			data.Y[i] = -5
		}
	}
	m, _, err := Train(context.Background(), spec, data, quick(), nil)
	require.NoError(t, err)
	assert.Equal(t, Scale{Center: []float64{-5}, Spread: []float64{leastLatencySpread}}, m.yScale)
	data.Healthy = make([]bool, 40)
	m, _, err = Train(context.Background(), spec, data, quick(), nil)
	require.NoError(t, err)
	assert.InDelta(t, -2, m.yScale.Center[0], 0, "no mark: all")
}
