package engine

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/gvae"
)

// The keys of what is persisted.
const (
	stateKey   = "state"
	historyKey = "history"
	modelKey   = "model"
)

// format is the version of what is persisted.
const format = 1

func errStale(start, last int64) error {
	return fmt.Errorf("window of %s is not after %s: it was judged already, or another source is behind",
		time.Unix(0, start).UTC().Format(time.RFC3339), time.Unix(0, last).UTC().Format(time.RFC3339))
}

// keeper reads and writes checkpoints.
type keeper struct {
	store        Store
	max          int
	modelChanged bool
}

// envelope is what stands around everything that is persisted.
type envelope struct {
	Format int
	Window time.Duration
	Body   []byte
}

func (k *keeper) get(ctx context.Context, name string, window time.Duration) ([]byte, error) {
	b, err := k.store.Get(ctx, name)
	if err != nil || len(b) == 0 {
		return nil, err
	}
	if len(b) > k.max {
		return nil, fmt.Errorf("%s of %d bytes is beyond the bound of %d", name, len(b), k.max)
	}
	var e envelope
	if err := gob.NewDecoder(bytes.NewReader(b)).Decode(&e); err != nil {
		return nil, fmt.Errorf("%s is no checkpoint: %w", name, err)
	}
	if e.Format != format || e.Window != window {
		return nil, fmt.Errorf("%s is of format %d and windows of %s, not of format %d and windows of %s",
			name, e.Format, e.Window, format, window)
	}
	return e.Body, nil
}

func (k *keeper) set(ctx context.Context, name string, window time.Duration, body []byte) error {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(envelope{format, window, body}); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if b.Len() > k.max {
		return fmt.Errorf("%s of %d bytes is beyond the bound of %d: it was not written", name, b.Len(), k.max)
	}
	if err := k.store.Set(ctx, name, b.Bytes()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// state is what must survive in any case: it is small.
type state struct {
	Last     int64
	Count    uint64
	Watcher  []byte
	Incident []byte
}

// model is a model with what belongs to it.
type model struct {
	Layout, Model []byte
	Loss          float64
	At            int64
	Version       uint64
}

// restore reads what was persisted. Each part stands on its own; one that cannot
// be used is reported, and left as in a cold start.
func (r *run) restore(ctx context.Context) {
	if r.keeper.store == nil {
		return
	}
	for _, part := range []struct {
		name string
		load func([]byte) error
	}{{stateKey, r.loadState}, {historyKey, r.loadHistory}, {modelKey, r.loadModel}} {
		b, err := r.keeper.get(ctx, part.name, r.cfg.Window)
		if err == nil && b != nil {
			if perr := guard(func() { err = part.load(b) }); perr != nil {
				err = perr
			}
		}
		if err != nil {
			r.obs.Failed("storage", fmt.Errorf("cold start of %s: %w", part.name, err))
		}
	}
}

func decode(b []byte, v any) error { return gob.NewDecoder(bytes.NewReader(b)).Decode(v) }

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(v)
	return b.Bytes(), err
}

func (r *run) loadState(b []byte) error {
	var s state
	if err := decode(b, &s); err != nil {
		return err
	}
	if err := errors.Join(r.watcher.UnmarshalBinary(s.Watcher), r.tracker.UnmarshalBinary(s.Incident)); err != nil {
		return err
	}
	r.last, r.training.count = s.Last, s.Count
	return nil
}

func (r *run) loadHistory(b []byte) error {
	h, err := feature.UnmarshalHistory(b)
	if err != nil {
		return err
	}
	if h.Window() != r.cfg.Window {
		return fmt.Errorf("windows of %s, not %s", h.Window(), r.cfg.Window)
	}
	r.history = h
	if n := h.Len(); n > 0 {
		r.last = max(r.last, h.Start(n-1))
	}
	return nil
}

func (r *run) loadModel(b []byte) error {
	var m model
	if err := decode(b, &m); err != nil {
		return err
	}
	layout, err := feature.UnmarshalLayout(m.Layout)
	if err != nil {
		return err
	}
	g, err := gvae.UnmarshalModel(m.Model)
	if err != nil {
		return err
	}
	if s := g.Spec(); s.NX != layout.Spec.NX || len(s.Nodes) != len(layout.Spec.Nodes) || s.D != layout.Spec.D || len(s.Latents) != len(layout.Spec.Latents) {
		return errors.New("model and layout do not belong together")
	}
	// The graph goes on from what the model knows; its versions count anew.
	layout.Graph = r.builder.Update(layout.Graph.Observation())
	r.training.model = &fitted{layout: layout, model: g, loss: m.Loss, at: m.At, version: m.Version}
	r.training.count = max(r.training.count, m.Version)
	r.training.last, r.training.graph = m.At, layout.Graph.Version
	r.training.trained = true
	return nil
}

// persist writes what has changed: the state whenever something was said, the
// model when it is new, the history every HistoryEvery windows. It is written
// before anything is said, so that after a crash at most the events of one window
// are lost and none is said twice with another identity.
func (r *run) persist(ctx context.Context, out []Output) {
	if r.keeper.store == nil {
		return
	}
	if len(out) > 0 {
		r.save(ctx, stateKey, r.storeState)
	}
	if r.keeper.modelChanged {
		r.keeper.modelChanged = false
		r.save(ctx, modelKey, r.storeModel)
	}
	if r.cfg.HistoryEvery > 0 && r.index%r.cfg.HistoryEvery == 0 {
		r.save(ctx, historyKey, r.history.MarshalBinary)
	}
}

// finish writes everything at the end.
func (r *run) finish(ctx context.Context) {
	if r.keeper.store == nil || r.last == math.MinInt64 {
		return
	}
	ctx = context.WithoutCancel(ctx)
	r.save(ctx, stateKey, r.storeState)
	r.save(ctx, historyKey, r.history.MarshalBinary)
}

func (r *run) save(ctx context.Context, name string, body func() ([]byte, error)) {
	b, err := body()
	if err == nil {
		err = r.keeper.set(ctx, name, r.cfg.Window, b)
	}
	if err != nil {
		r.obs.Failed("storage", err)
	}
}

func (r *run) storeState() ([]byte, error) {
	w, err := r.watcher.MarshalBinary()
	if err != nil {
		return nil, err
	}
	i, err := r.tracker.MarshalBinary()
	if err != nil {
		return nil, err
	}
	return encode(state{Last: r.last, Count: r.training.count, Watcher: w, Incident: i})
}

func (r *run) storeModel() ([]byte, error) {
	m := r.training.model
	layout, err := m.layout.MarshalBinary()
	if err != nil {
		return nil, err
	}
	g, err := m.model.MarshalBinary()
	if err != nil {
		return nil, err
	}
	return encode(model{Layout: layout, Model: g, Loss: m.loss, At: m.at, Version: m.version})
}
