package gvae

import (
	"context"
	"errors"
	"time"
)

// Retrain fits to data what of spec is not as it was in prev, see Origin: the rest is
// taken over. Mechanisms are independent: P(node | causes) of one node says nothing
// of that of another, so that only networks whose own inputs or behaviour changed
// have anything to learn, not their descendants, whose inputs they are. What it costs
// grows with what changed, not with the model.
//
// Data are windows since the change, of all columns and nodes of spec. Networks that
// are taken over keep their weights and what they read keeps its scale, as far as it
// has not moved, see rescale: they are the same functions. Networks that are learned
// start from their weights in prev, reshaped, where they had any. While they learn,
// the other latents that their nodes touch have the posterior and the prior that
// their own networks give them, and parents that are not learned their observed
// latency. Configuration and errors are as with Train, but for half of the Patience,
// since most weights start near where they end; prev must have been trained with the
// same shape of networks.
//
// Report.HeldOutLoss is that of what was learned alone, 0 where that is nothing.
func Retrain(ctx context.Context, spec Spec, data Data, cfg Config, prev *Model, origin Origin) (*Model, Report, error) {
	r := &retraining{cfg: cfg.withDefaults(), prev: prev, data: &data, origin: &origin}
	if err := errors.Join(spec.validate(), r.cfg.validate(), origin.validate(&spec, &prev.spec)); err != nil {
		return nil, Report{}, err
	}
	if err := data.validate(&spec); err != nil {
		return nil, Report{}, err
	}
	r.full = newModel(spec, &r.cfg, given{})
	if !r.full.shaped(prev) {
		return nil, Report{}, errors.New("gvae: the model before has other hidden layers or is of another kind")
	}
	r.use = healthy(&data)
	r.latents, r.nodes = origin.learn(&spec, &prev.spec)
	return r.run(ctx)
}

// retraining is one under way.
type retraining struct {
	cfg    Config
	prev   *Model
	data   *Data
	use    []bool // healthy windows
	origin *Origin

	latents, nodes []bool // to be learned
	full           *Model
}

func (r *retraining) run(ctx context.Context) (*Model, Report, error) {
	m := r.full
	m.theta = make([]float32, m.arch.size)
	m.arch.graft(m.theta, r.prev.arch, r.prev.theta, r.origin)
	outputs := len(m.spec.Nodes) * m.spec.D
	m.xScale, m.yScale, m.screen, m.noise = newScale(m.spec.NX), newScale(outputs), newScale(outputs), newScale(outputs)
	r.rescale()
	if !all(m.xScale.Spread, m.xScale.Center) {
		return nil, Report{}, errUnscaled
	}
	for i, k := range r.origin.Nodes {
		for d := 0; k >= 0 && d < m.spec.D; d++ {
			m.screen.put(i*m.spec.D+d, &r.prev.screen, k*m.spec.D+d)
			m.noise.put(i*m.spec.D+d, &r.prev.noise, k*m.spec.D+d)
		}
	}
	report := Report{Warm: true}
	_, report.Learned = number(r.nodes)
	if len(report.Learned) == 0 { // latents that no node touches say nothing
		return m, report, nil
	}
	if err := r.learn(ctx, &report); err != nil {
		return nil, report, err
	}
	return m, report, nil
}

// learn fits the part that is to be learned, and puts it into the whole.
func (r *retraining) learn(ctx context.Context, report *Report) error {
	began := time.Now()
	m := r.full
	p := cut(m, r.latents, r.nodes, r.reads(true))
	own := newModel(p.spec, &r.cfg, p.given)
	own.xScale, own.yScale = p.scales(m)
	data := p.data(r.data)
	t := trainerOf[float32](own, &data, r.use, &r.cfg)
	own.cfg.Patience = max(1, r.cfg.Patience/2)
	own.arch.graft(own.theta, m.arch, m.theta, r.warm(p))
	for _, i := range t.penalty.index { // skip paths start from data, to which they are also held
		own.theta[i] = t.penalty.start[i]
	}
	t.restart()

	// Latents that are given are so by the whole model, in which the skip paths of
	// what is to be learned are at their start.
	m.arch.graft(m.theta, own.arch, own.theta, &p.in)
	r.infer(t, p)
	t.report = *report
	t.report.Busy += time.Since(began)
	err := t.run(ctx)
	*report = t.report
	if err != nil {
		return err
	}
	began = time.Now()
	m.arch.graft(m.theta, own.arch, own.theta, &p.in)
	r.infer(t, p)
	if err := t.measure(); err != nil {
		return err
	}
	for i, n := range p.of.Nodes {
		for d := 0; r.nodes[n] && d < m.spec.D; d++ {
			m.screen.put(n*m.spec.D+d, &own.screen, i*m.spec.D+d)
			m.noise.put(n*m.spec.D+d, &own.noise, i*m.spec.D+d)
		}
	}
	report.Busy += time.Since(began)
	return nil
}

// warm is where the networks of a part are in the whole whose parameters are those
// of the model before: those of nodes and latents that are new stay as drawn.
func (r *retraining) warm(p *part) *Origin {
	known := func(of, origin []int) []int {
		out := make([]int, 0, len(of))
		for _, i := range of {
			if origin[i] < 0 {
				i = -1
			}
			out = append(out, i)
		}
		return out
	}
	return &Origin{X: p.of.X, Nodes: known(p.of.Nodes, r.origin.Nodes), Latents: known(p.of.Latents, r.origin.Latents)}
}

// infer fills in the distributions of the given latents of a part.
func (r *retraining) infer(t *trainer[float32], p *part) {
	m := r.full
	whole := prepare[float32](m.arch, r.data, &m.xScale, &m.yScale)
	pass := newPass[float32](m.arch, &m.yScale, min(fewWindows, r.data.N), false)
	pass.set(m.theta)
	latents := len(p.of.Latents)
	pass.each(&whole, func(at int) {
		for i := range m.spec.Nodes {
			pass.skipForced(i)
		}
		for i, l := range p.of.Latents {
			if !p.given.latent(i) {
				continue
			}
			pass.encode(l)
			all := len(m.spec.Latents)
			for k, from := range [...][]float32{pass.mu, pass.mu, pass.sigma, pass.sigma} {
				for w, v := range row(from, k%2*all+l, pass.n) {
					t.data.record(at + w)[t.data.latents+k*latents+i] = v
				}
			}
		}
	})
}
