package gvae

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/sage-rca/sage/internal/nn"
)

// Streams of randomness, so that a change in how much one use draws leaves the
// others as they were.
const (
	streamWeights = iota
	streamSplit
	streamBatches
	streamNoise
	streamHeldOut
)

// maxRestarts bounds how often training goes back after an overflow.
const maxRestarts = 5

// Train fits a model to data from scratch, or from the weights of prev where
// prev is not nil and has the same shapes. It returns the error of ctx or of
// Yield where one of them ends it, and an error where data is unusable; it never
// returns a model with a NaN in it.
//
// Scales always come from data: weights mean movements relative to what is normal,
// which a warm start keeps while normal drifts.
func Train(ctx context.Context, spec Spec, data Data, cfg Config, prev *Model) (*Model, Report, error) {
	cfg = cfg.withDefaults()
	if err := errors.Join(spec.validate(), cfg.validate()); err != nil {
		return nil, Report{}, err
	}
	if err := data.validate(&spec); err != nil {
		return nil, Report{}, err
	}
	t, warm, err := newTrainer[float32](spec, &data, cfg, prev)
	if err != nil {
		return nil, Report{}, err
	}
	t.report.Warm = warm
	if err := t.run(ctx); err != nil {
		return nil, t.report, err
	}
	if err := t.measure(); err != nil {
		return nil, t.report, err
	}
	return t.model, t.report, nil
}

// trainer owns all memory of one training. It computes with float32; float64 is the
// reference that tests compare it with.
type trainer[F nn.Float] struct {
	model  *Model
	data   prepared[F]
	use    []bool // healthy windows
	held   []int
	source *sampler

	team      *team[F]
	batch     int
	objective objective
	penalty   *penalty[F]
	adam      *nn.Adam[F]

	yield func(context.Context, Spent) error
	owed  Spent // that was not yielded for yet

	theta  []F // where training is
	best   []F // so far
	report Report
}

func newTrainer[F nn.Float](spec Spec, data *Data, cfg Config, prev *Model) (t *trainer[F], warm bool, err error) {
	m := newModel(spec, &cfg, given{})
	use := healthy(data)
	m.scale(data, use)
	if !all(m.xScale.Spread, m.xScale.Center) {
		return nil, false, errUnscaled
	}
	t = trainerOf[F](m, data, use, &cfg)
	if prev != nil && prev.fits(m) {
		copy(m.theta, prev.theta)
		t.restart()
		warm = true
	}
	return t, warm, nil
}

var errUnscaled = errors.New("gvae: data: values of X so large that their spread is not a number")

// newModel returns a model without scales and parameters.
func newModel(spec Spec, cfg *Config, known given) *Model {
	stored := *cfg
	stored.Yield = nil
	m := &Model{spec: spec, cfg: stored}
	m.arch = newArchitecture(&m.spec, cfg, known)
	return m
}

// trainerOf returns the trainer of a model that has its scales, at initial
// parameters.
func trainerOf[F nn.Float](m *Model, data *Data, use []bool, cfg *Config) *trainer[F] {
	t := &trainer[F]{model: m, use: use, objective: newObjective(cfg), yield: cfg.Yield}
	t.data = prepare[F](m.arch, data, &m.xScale, &m.yScale)
	m.theta = make([]float32, m.arch.size)
	t.start(cfg.Seed)
	t.theta, t.best = make([]F, m.arch.size), make([]F, m.arch.size)
	t.restart()
	t.penalty = newPenalty(m.arch, slices.Clone(t.theta))

	// What an incident does beyond the range of normal windows, structure says
	// already. Learned from, it makes the prior, from which counterfactuals draw
	// normal latents, a mixture of normal and broken. On the simulated chain of
	// the tests, a fifth of its windows broken, restored tails are off by 0.05 in
	// log (worst 0.14) without them, by 0.07 to 0.11 (worst 0.7 to 1.2) with them.
	var learn []int
	for w, h := range use {
		if h || !cfg.Structured {
			learn = append(learn, w)
		}
	}
	train, held := split(learn, rand.NewPCG(cfg.Seed, streamSplit))
	t.held = held
	t.source = newSampler(train, data.Weight, rand.NewPCG(cfg.Seed, streamBatches))
	t.batch = min(cfg.Batch, data.N)
	t.team = newTeam[F](m.arch, &m.yScale, t.batch, cfg.Seed)
	t.adam = nn.NewAdam[F](m.arch.size, cfg.LearningRate)
	return t
}

// restart goes to the parameters of the model.
func (t *trainer[F]) restart() {
	convert(t.theta, t.model.theta)
	copy(t.best, t.theta)
}

func convert[T, F nn.Float](dst []T, src []F) {
	for i, v := range src {
		dst[i] = T(v)
	}
}

// fits reports whether the weights of m can be those of o.
func (m *Model) fits(o *Model) bool {
	return m.spec.equal(&o.spec) && m.shaped(o)
}

// shaped reports whether a network of m can have the weights of one of o.
func (m *Model) shaped(o *Model) bool {
	return slices.Equal(m.cfg.Hidden, o.cfg.Hidden) && m.cfg.Structured == o.cfg.Structured
}

// healthy returns the windows that count as normal, see Data.Healthy.
func healthy(d *Data) []bool {
	n := 0
	for _, h := range d.Healthy {
		if h {
			n++
		}
	}
	if n >= minWindows && 4*n >= d.N {
		return slices.Clone(d.Healthy)
	}
	use := make([]bool, d.N)
	for i := range use {
		use[i] = true
	}
	return use
}

func all[F nn.Float](columns ...[]F) bool {
	for _, c := range columns {
		if slices.ContainsFunc(c, func(v F) bool { return !finite(float64(v)) }) {
			return false
		}
	}
	return true
}

// Initial standard deviations of q and p: the posterior begins narrower, so that
// draws of it say something before the encoder has learned what.
const (
	firstPosterior = 0.5
	firstPrior     = 1
)

// besideSkip scales the first weights of the last layer beside a skip path: the
// structure leads, the network learns what is left.
const besideSkip = 0.1

// start draws the initial parameters.
func (t *trainer[F]) start(seed uint64) {
	m, src := t.model, rand.NewPCG(seed, streamWeights)
	sigma := func(net mlp, v float64) {
		_, b := params(net.layers[len(net.layers)-1], m.theta)
		b[1] = float32(nn.SoftplusInverse(v))
	}
	for i, net := range m.arch.encoders {
		if m.arch.given.latent(i) {
			continue
		}
		net.draw(m.theta, 1, src)
		sigma(net, firstPosterior)
		m.arch.priors[i].draw(m.theta, besideSkip, src)
		sigma(m.arch.priors[i], firstPrior)
	}
	for i, net := range m.arch.decoders {
		s := &m.arch.skips[i]
		if !s.used() { // of given nodes there is nothing to draw
			net.draw(m.theta, 1, src)
			continue
		}
		net.draw(m.theta, besideSkip, src)
		skipStart(s, m.theta, i, &m.yScale, m.spec.D, &t.data, m.arch.firstTerm[i], t.use)
	}
}

// run trains until the held-out loss no longer improves, and leaves the best
// parameters in the model.
func (t *trainer[F]) run(ctx context.Context) error {
	cfg := &t.model.cfg
	best, since := t.heldOut(), 0
	for t.report.Epochs < cfg.Epochs && since < cfg.Patience {
		ok, err := t.epoch(ctx)
		if err != nil {
			return err
		}
		t.report.Epochs++
		loss := t.heldOut()
		if !ok || !finite(loss) {
			if t.report.Restarts++; t.report.Restarts > maxRestarts {
				return fmt.Errorf("gvae: training diverged %d times, last with learning rate %g", t.report.Restarts, t.adam.LearningRate)
			}
			t.adam.LearningRate /= 2
			t.adam.Reset()
			copy(t.theta, t.best)
			continue
		}
		since++
		if loss < best || !finite(best) {
			best, since = loss, 0
			copy(t.best, t.theta)
		}
	}
	convert(t.model.theta, t.best)
	if t.report.HeldOutLoss = best; !finite(best) || !all(t.model.theta) {
		return errors.New("gvae: training found no finite loss")
	}
	return nil
}

// epoch takes the steps of one epoch. It reports false where numbers overflowed.
func (t *trainer[F]) epoch(ctx context.Context) (ok bool, err error) {
	windows := t.source.epoch()
	n := len(windows)
	steps := (n + t.batch - 1) / t.batch
	sum := 0.0
	for i := range steps {
		if err := context.Cause(ctx); err != nil {
			return false, fmt.Errorf("gvae: training stopped: %w", err)
		}
		began := time.Now()
		loss, busy, ok := t.step(windows[n*i/steps : n*(i+1)/steps])
		spent := Spent{Busy: t.owed.Busy + busy, Elapsed: t.owed.Elapsed + time.Since(began)}
		t.owed = Spent{}
		t.report.Busy += spent.Busy
		t.report.Steps++
		if !ok {
			return false, nil
		}
		sum += loss
		if t.yield != nil {
			if err := t.yield(ctx, spent); err != nil {
				return false, fmt.Errorf("gvae: training stopped: %w", err)
			}
		}
	}
	t.report.TrainLoss = sum / float64(steps)
	return true, nil
}

// step moves the parameters once, and says how long that took, cores added up. It does
// not allocate.
func (t *trainer[F]) step(windows []int) (loss float64, busy time.Duration, ok bool) {
	loss, busy = t.differentiate(windows)
	began := time.Now()
	gradient := t.team.halves[0].gradients.parameters
	if ok = finite(loss) && finite(float64(nn.AbsSum(gradient))); ok {
		t.adam.Step(t.theta, gradient)
	}
	return loss, busy + time.Since(began), ok
}

// differentiate computes loss and gradient, penalty included, of windows at t.theta; it
// returns the loss without the penalty.
func (t *trainer[F]) differentiate(windows []int) (loss float64, busy time.Duration) {
	loss, busy = t.team.run(t.job(windows, true))
	t.penalty.loss(t.theta, t.team.halves[0].gradients.parameters)
	return loss, busy
}

func (t *trainer[F]) job(windows []int, learn bool) job[F] {
	return job[F]{data: &t.data, objective: &t.objective, theta: t.theta, windows: windows, of: len(windows), learn: learn}
}

// heldOut returns the loss of the held-out windows, always with the same noise. Its time
// counts as that of the next step.
func (t *trainer[F]) heldOut() float64 {
	began := time.Now()
	loss, busy := t.team.run(t.job(t.held, false))
	t.owed.Busy += busy
	t.owed.Elapsed += time.Since(began)
	return loss
}

// measure takes the errors of predictions over the healthy windows, at the means
// of prior and posterior.
func (t *trainer[F]) measure() error {
	m, p := t.model, t.team.halves[0].pass
	errs := make([]F, len(m.spec.Nodes)*m.spec.D*t.data.n)
	p.errors(errs, t.best, &t.data, false)
	m.screen = errorScale(m, errs, t.use)
	p.errors(errs, t.best, &t.data, true)
	m.noise = errorScale(m, errs, t.use)
	if !all(m.screen.Center, m.screen.Spread, m.noise.Center, m.noise.Spread) {
		return errors.New("gvae: training left errors that are not finite")
	}
	return nil
}

// errorScale is the robust scale of standardised errors, with the floor of
// latencies.
func errorScale[F nn.Float](m *Model, errs []F, use []bool) Scale {
	s := newScale(len(m.yScale.Center))
	var memory []float64
	for c := range s.Spread {
		s.Center[c], s.Spread[c], memory = scaleOf(row(errs, c, len(use)), use, false, asIs, func(float64) float64 { return 0 }, memory)
		s.Spread[c] = max(s.Spread[c], leastLatencySpread/m.yScale.Spread[c])
	}
	return s
}
