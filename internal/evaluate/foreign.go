package evaluate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/foreign"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/ingest"
	"github.com/sage-rca/sage/internal/method"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/slo"
	"github.com/sage-rca/sage/internal/window"
)

// foreignHeadroom: the objective of a foreign system is so many times its usual tail.
const foreignHeadroom = 2

// foreignPlan is what is done to each foreign system, after little history.
func foreignPlan() foreign.Plan {
	return foreign.Plan{Kinds: foreign.Slow(), Warmup: 12 * time.Minute, Length: 90 * time.Second, Gap: 3 * time.Minute}
}

// Foreign plays a system of package foreign, and returns what a Collector would have
// seen of it. Its first kind of users is watched.
func Foreign(ctx context.Context, s *foreign.System, seed uint64) (*Timeline, error) {
	usual := foreign.Pilot(s, seed)
	episodes, end := foreignPlan().Episodes(s, usual, seed)
	threshold := foreignHeadroom * usual.Tail[0]
	f := &foreignSink{Answers: foreign.NewAnswers(s, windowSize)}
	in, err := ingest.New(ingestConfig(windowSize, int(end/windowSize)+100), &f.losses, func(w *window.Snapshot) bool {
		f.snapshots = append(f.snapshots, w)
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("evaluate: %s: %w", s.Name, err)
	}
	in.Start()
	f.in = in
	foreign.Run(s, episodes, seed, end, f)
	if err := in.Close(ctx); err != nil {
		return nil, fmt.Errorf("evaluate: %s: %w", s.Name, err)
	}
	if f.losses.windows > 0 {
		return nil, errors.New("evaluate: " + s.Name + ": windows were refused")
	}
	service, operation := s.Operation(0)
	t := &Timeline{
		Name: "foreign " + s.Name, Window: windowSize, Snapshots: f.snapshots,
		Objective: slo.Objective{Name: "entry", Service: identity.Service{Name: service}, Operation: operation, Quantile: Quantile, Threshold: time.Duration(threshold * 1e9)},
	}
	// The namespace is that of the windows.
	if k, ok := served(f.snapshots, service); ok {
		t.Objective.Service = k
	}
	for i := range episodes {
		t.Episodes = append(t.Episodes, foreignEpisode(s, &episodes[i], f.Windows(0), threshold))
	}
	return t, nil
}

// served finds a service by its name.
func served(windows []*window.Snapshot, name string) (identity.Service, bool) {
	for _, w := range windows {
		for i := range w.RPCs {
			if s := w.RPCs[i].Key.Service; s.Name == name {
				return s, true
			}
		}
	}
	return identity.Service{}, false
}

// foreign evaluates one foreign system.
func (r *run) foreign(ctx context.Context, name string) (Suite, error) {
	t, err := Foreign(ctx, foreign.ByName(name, r.o.Seed), r.o.Seed)
	if err != nil {
		return Suite{}, err
	}
	r.say("%s: played, %d windows", t.Name, len(t.Snapshots))
	learned := t.learned() - publishAfter - 1
	asked, train, err := play(ctx, t, protocol(true, learned), protocol(false, learned), lineup(), published())
	if err != nil {
		return Suite{}, err
	}
	return Suite{
		Name: t.Name, Methods: rows(order, asked.Incidents, train), Decoys: asked.Decoys,
		Harmless: asked.Harmless, ByFault: byFault(order, asked.Incidents), Incidents: records(method.Sage{}.Name(), asked.Incidents),
	}, nil
}

// foreignEpisode is the truth about one: users were hurt where two of three windows in
// a row missed the objective.
func foreignEpisode(s *foreign.System, e *foreign.Episode, users []foreign.Window, threshold float64) Episode {
	out := Episode{Truth: Truth{Fault: e.Name}, Decoy: e.Decoy, Start: foreign.Epoch + int64(e.Start), End: foreign.Epoch + int64(e.End)}
	for _, c := range e.Culprits {
		t := Culprit{Instance: c.Instance, Service: identity.Service{Name: c.Names[0]}, Mechanism: mechanismOf(s, c.Mechanisms)}
		for i, n := range c.Names {
			if i > 0 {
				t.Also = append(t.Also, identity.Service{Name: n})
			}
			if s.Mesh { // its sidecar's name is as right
				t.Also = append(t.Also, identity.Service{Name: n + "." + s.Name})
			}
		}
		out.Truth.Culprits = append(out.Truth.Culprits, t)
	}
	if len(out.Truth.Culprits) > 1 {
		out.Truth.Fault, out.Truth.Detail = Double, e.Name
	}
	var late [3]bool
	for k := int(e.Start / windowSize); k < int(e.End/windowSize) && k < len(users); k++ {
		late = [3]bool{late[1], late[2], users[k].Tail(Quantile) > threshold}
		out.Violated = out.Violated || late[2] && (late[0] || late[1])
	}
	return out
}

// mechanismOf is the first mechanism that can be told; deploys are not looked at here.
func mechanismOf(s *foreign.System, all []string) rca.Mechanism {
	for _, m := range all {
		if rca.Mechanism(m) != rca.Change && s.Tells(m) {
			return rca.Mechanism(m)
		}
	}
	return ""
}

// foreignSink hands what a foreign system tells to the ingester.
type foreignSink struct {
	*foreign.Answers
	in        *ingest.Ingester
	snapshots []*window.Snapshot
	losses    losses
}

// Traces implements foreign.Export.
func (f *foreignSink) Traces(td ptrace.Traces, _ int64) { f.in.Traces(td, foreignNow) }

// Metrics implements foreign.Export.
func (f *foreignSink) Metrics(md pmetric.Metrics, _ int64) { f.in.Metrics(md, foreignNow) }

// foreignNow is later than all that foreign systems tell.
var foreignNow = time.Unix(0, foreign.Epoch).AddDate(1, 0, 0)
