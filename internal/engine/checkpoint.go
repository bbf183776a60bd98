package engine

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/incident"
)

// The keys of what is persisted. Each stands on its own: one that cannot be used
// is left as in a cold start.
const (
	stateKey   = "state"   // objectives, incidents and counters: small, written often
	historyKey = "history" // windows
	modelKey   = "model"   // the model in use, with its layout
	changesKey = "changes" // what there is, and what has changed
)

// keeper reads and writes checkpoints, from the goroutine that owns the state:
// judging may wait for the store, Offer does not.
type keeper struct {
	store        Store
	max          int // bytes per value
	envelopes    map[string]envelope
	modelChanged bool
	errs         map[string]error // of the last write of each key
}

func newKeeper(store Store, cfg Config) keeper {
	m := cfg.Training.Model
	return keeper{
		store: store, max: cfg.MaxCheckpoint, errs: make(map[string]error),
		envelopes: map[string]envelope{
			stateKey:   {stateKey, cfg.Window, 0}, // objectives look after themselves
			changesKey: {changesKey, cfg.Window, 0},
			historyKey: {historyKey, cfg.Window, fingerprint(cfg.rows(), cfg.MaxColumns)},
			modelKey:   {modelKey, cfg.Window, fingerprint(m.Hidden, m.Structured, m.KLWeight, m.Mix, m.Chained)},
		},
	}
}

// get returns the value of a key, nil where there is none.
func (k *keeper) get(ctx context.Context, key string) ([]byte, error) {
	b, err := k.store.Get(ctx, key)
	if err != nil || len(b) == 0 {
		return nil, err
	}
	if len(b) > k.max {
		return nil, fmt.Errorf("a checkpoint of %d bytes is beyond the bound of %d", len(b), k.max)
	}
	return k.envelopes[key].unseal(b)
}

func (k *keeper) set(ctx context.Context, key string, body []byte) error {
	if n := headerSize + len(body); n > k.max {
		return fmt.Errorf("a checkpoint of %d bytes is beyond the bound of %d: it was not written", n, k.max)
	}
	return k.store.Set(ctx, key, k.envelopes[key].seal(body))
}

// failing returns the error of the last write of a key where it failed.
func (k *keeper) failing() error {
	return errors.Join(k.errs[stateKey], k.errs[historyKey], k.errs[modelKey], k.errs[changesKey])
}

// persist writes what has changed. It comes after what was said has left: a crash
// between makes the engine say it again when it restarts, under the same identity
// and sequence, by which readers tell. The other order would lose it.
func (r *run) persist(ctx context.Context) {
	if r.keeper.store == nil {
		return
	}
	periodic := r.cfg.HistoryEvery > 0 && r.index%r.cfg.HistoryEvery == 0
	if r.unsaved || periodic {
		r.unsaved = false
		r.save(ctx, stateKey, r.storeState)
	}
	if r.keeper.modelChanged {
		r.keeper.modelChanged = false
		r.save(ctx, modelKey, r.storeModel)
	}
	if periodic {
		r.save(ctx, historyKey, r.history.MarshalBinary)
	}
	if r.ledger != nil && (r.newChanges || periodic) {
		r.newChanges = false
		r.save(ctx, changesKey, r.ledger.MarshalBinary)
	}
}

// finish writes everything at the end, so far as there is something.
func (r *run) finish(ctx context.Context) {
	if r.keeper.store == nil || r.index == 0 {
		return
	}
	r.save(ctx, stateKey, r.storeState)
	r.save(ctx, historyKey, r.history.MarshalBinary)
	if r.ledger != nil {
		r.save(ctx, changesKey, r.ledger.MarshalBinary)
	}
}

func (r *run) save(ctx context.Context, key string, encode func() ([]byte, error)) {
	var err error
	if perr := guard(func() {
		var body []byte
		if body, err = encode(); err == nil {
			err = r.keeper.set(ctx, key, body)
		}
	}); perr != nil {
		err = perr
	}
	if err != nil {
		err = fmt.Errorf("write %s: %w", key, err)
		r.obs.Failed("storage", err)
	}
	r.keeper.errs[key] = err
}

// restore reads what was persisted.
func (r *run) restore(ctx context.Context) {
	if r.keeper.store == nil {
		return
	}
	type part struct {
		key  string
		load func([]byte) error
	}
	parts := []part{{stateKey, r.loadState}, {historyKey, r.loadHistory}, {modelKey, r.loadModel}}
	if r.ledger != nil {
		parts = append(parts, part{changesKey, r.ledger.UnmarshalBinary})
	}
	for _, part := range parts {
		var err error
		if perr := guard(func() {
			var b []byte
			if b, err = r.keeper.get(ctx, part.key); err == nil && b != nil {
				err = part.load(b)
			}
		}); perr != nil {
			err = perr
		}
		if err != nil {
			r.obs.Failed("storage", fmt.Errorf("cold start of %s: %w", part.key, err))
		}
	}
}

// state is what must survive in any case.
type state struct {
	Last     int64 // start of the window judged last
	Count    uint64
	Watcher  []byte
	Incident []byte
	Waits    []byte // operations that wait
	Sampling []byte // how spans were chosen
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
	waits, err := r.sifting.polls.MarshalBinary()
	if err != nil {
		return nil, err
	}
	chosen, err := r.sifting.chosen.MarshalBinary()
	if err != nil {
		return nil, err
	}
	return encode(state{Last: r.last, Count: r.training.count, Watcher: w, Incident: i, Waits: waits, Sampling: chosen})
}

func (r *run) loadState(b []byte) error {
	var s state
	if err := decode(b, &s); err != nil {
		return err
	}
	// Both or none: a run without its incident would open it anew.
	tracker := incident.NewTracker(r.cfg.Incident)
	if err := tracker.UnmarshalBinary(s.Incident); err != nil {
		return err
	}
	if err := r.watcher.UnmarshalBinary(s.Watcher); err != nil {
		return err
	}
	r.tracker, r.last, r.training.count = tracker, s.Last, s.Count
	return r.sifting.load(s.Waits, s.Sampling)
}

func (r *run) loadHistory(b []byte) error {
	h, err := feature.UnmarshalHistory(b)
	if err != nil {
		return err
	}
	r.history = h
	if n := h.Len(); n > 0 {
		r.last = max(r.last, h.Start(n-1))
	}
	return nil
}

// model is the model in use with all that belongs to it.
type model struct {
	Layout, Model []byte
	Loss          float64
	At            int64
	Version       uint64
	Changes       []renewal
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
	return encode(model{Layout: layout, Model: g, Loss: m.loss, At: m.at, Version: m.version, Changes: m.changes})
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
	if fmt.Sprint(*g.Spec()) != fmt.Sprint(layout.Spec) { // in which nil is as good as empty
		return errors.New("model and layout do not belong together")
	}
	// The graph goes on from what the model knows; its versions count anew.
	layout.Graph = r.builder.Update(layout.Graph.Observation())
	r.graph = layout.Graph
	t := &r.training
	t.model = &fitted{layout: layout, model: g, loss: m.Loss, at: m.At, version: m.Version, changes: m.Changes}
	t.count = max(t.count, m.Version)
	t.last, t.lastWhole, t.began = m.At, m.At, true
	r.history.Renew(t.model.changes.last())
	return nil
}

func decode(b []byte, v any) error { return gob.NewDecoder(bytes.NewReader(b)).Decode(v) }

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
