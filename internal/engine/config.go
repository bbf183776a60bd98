package engine

import (
	"context"
	"time"

	"github.com/sage-rca/sage/internal/change"
	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/incident"
	"github.com/sage-rca/sage/internal/longpoll"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/sampling"
	"github.com/sage-rca/sage/internal/slo"
	"github.com/sage-rca/sage/internal/window"
)

// Config is what the engine needs to know. Zero values are not defaulted: the
// component's Config is where defaults live.
type Config struct {
	Window   time.Duration
	SLO      slo.Config
	RCA      rca.Config
	Incident incident.Config
	// Changes are the rules by which changes are noticed; zero: none are.
	Changes change.Config
	// Lookback is the event time before an incident within which a change is linked
	// to it.
	Lookback time.Duration
	Training Training
	// MaxPending bounds the closed windows that wait for the engine.
	MaxPending int
	// MaxColumns bounds the columns of the history, and so its memory.
	MaxColumns int
	// MaxCheckpoint bounds what is written to or read from storage, in bytes per key.
	MaxCheckpoint int
	// ForgetWindows is the number of windows after which what was not seen is
	// forgotten by the causal graph.
	ForgetWindows int
	// ModelHeartbeat is the event time after which the model's state is repeated.
	ModelHeartbeat time.Duration
	// HistoryEvery is the number of windows between checkpoints of the history.
	HistoryEvery int
	// LongPolls finds operations that wait; none where it has room for none.
	LongPolls longpoll.Config
	// Sampling is how spans were chosen, as the user says; "" where that is to be found out.
	Sampling sampling.State
	// Diagnose answers violated windows; nil: rca.Diagnose. It is there for those
	// who compare methods on what the engine sees.
	Diagnose func(rca.Input, rca.Config) rca.Verdict
}

// Training says when and how models are fitted.
type Training struct {
	Enabled bool
	// History is how much event time of windows is kept and learned from.
	History time.Duration
	// MinWindows before the first training; half as many lie at least between a
	// change of the graph or of how something behaves, or a training that failed, and
	// the next training. After a change it learns what has changed alone.
	MinWindows int
	// Interval of event time from one training of the whole model to the next.
	Interval time.Duration
	// CPUBudget is the share of one core that training may take, in (0, 1]; it
	// takes what it needs while event time runs ahead of the wall clock.
	CPUBudget float64
	// PublishAfter is the number of windows after the one that started a
	// training at which its model is published: finished trainings wait for it
	// and, while event time runs ahead of the wall clock (a replay), windows wait
	// for the training, so that the same capture gives the same events.
	PublishAfter int
	// Await makes windows wait for the training however long it takes, also live:
	// for evaluations, which must not depend on how fast the machine is.
	Await bool
	Model gvae.Config
}

// ModelState is the state of the model (attribute rca.model.state).
type ModelState string

// The states.
const (
	Cold     ModelState = "cold"     // no model, and not enough windows to train one
	Warming  ModelState = "warming"  // training the first model
	Ready    ModelState = "ready"    // answers with the model
	Stale    ModelState = "stale"    // the graph has changed since training
	Degraded ModelState = "degraded" // training or storage failed; Reason says how
)

// ModelStatus describes the model; it becomes an rca.model.status record.
type ModelStatus struct {
	State         ModelState
	Reason        string
	Version       uint64 // trainings published
	Age           time.Duration
	Windows       int // in the history
	WindowsNeeded int
	Nodes         int
	Services      int
	GraphVersion  uint64
	HeldOutLoss   float64
	// Behind are the services of which the model knows less than there is to know, as
	// names, sorted: the part of a Stale one that is stale.
	Behind []string
	// Watched are the objectives that could open incidents, Open the incidents that are.
	Watched  slo.Summary
	Open     int
	Sampling sampling.State // how the spans of what is judged were chosen
	// Warning says what is wrong with names of operations, what of the data is not used, or
	// which objectives are not judged, and what to do; "": nothing.
	Warning string
	warned  uint8 // kinds of what Warning says, as bits
	// TrainingBusy is the CPU time of the last training. The Observer alone is told:
	// it differs from run to run, and outputs must not.
	TrainingBusy time.Duration
	Time         time.Time // event time
}

// Output is what the engine says after a window: exactly one of Change, Incident and
// Model is set.
type Output struct {
	Change   *change.Change
	Incident *incident.Event
	Model    *ModelStatus
	// ModelAt qualifies Incident: the model's state when it was judged.
	ModelAt ModelStatus
}

// Store persists small values by key. Get returns nil for a key that was never
// set. The engine calls it from one goroutine at a time, never from Offer.
type Store interface {
	Get(ctx context.Context, key string) ([]byte, error)
	Set(ctx context.Context, key string, value []byte) error
}

// Observer receives what the engine counts of itself. All methods must be safe
// for concurrent use and must not block.
type Observer interface {
	WindowClosed(s *window.Snapshot)
	WindowRefused() // MaxPending reached
	// Trained tells that a training of a Part or of the Whole of a model ended.
	Trained(e Extent, ok bool, busy time.Duration)
	Published(status ModelStatus)                 // the model's state changed
	Judged(method rca.Method, took time.Duration) // a verdict was given
	// Failed tells of a panic caught or an error survived; what is one of training,
	// verdict, storage, window, event.
	Failed(what string, err error)
}

// RefusalObserver is what an Observer also is that wants to know what the bounds
// of the state refused: how often, and for which Refusal.
type RefusalObserver interface {
	Refused(reason Refusal, n int)
}

// Refusal is a bound that was reached.
type Refusal string

// The refusals.
const (
	ObjectiveLimit Refusal = "objective_limit" // slo.MaxTracks, slo.MaxLearned: an operation goes unwatched
	IncidentLimit  Refusal = "incident_limit"  // incident.Config.MaxOpen: an incident waits
	ColumnLimit    Refusal = "column_limit"    // MaxColumns: a value of a window is not kept
	ChangeLimit    Refusal = "change_limit"    // change.Config: a service, an item of one, or a change is not noticed
)
