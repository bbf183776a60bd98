package evaluate

import (
	"fmt"
	"time"

	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/simulate"
	"github.com/sage-rca/sage/internal/simulate/apps"
)

// Size says how much is simulated. Every table of a run uses the same.
type Size struct {
	// Apps are the applications, with how many incidents and decoys each gets.
	Apps []AppSize
	// Foreign are systems of package foreign.
	Foreign []string
	// Ablations says of which applications ablation rows are made, Robust of which
	// the curves, with so many incidents a point.
	Ablations    []string
	Robust       []string
	RobustPoints int
	// Histories are the hours of history of the curve over them. Of the application
	// Day there is a day besides.
	Histories []float64
	Day       string
	// Grow is the application that gains services, "" for none.
	Grow          string
	GrowIncidents int
}

// AppSize is the size of one suite.
type AppSize struct {
	Name              string
	Incidents, Decoys int
	Taught            int // incidents before those, which are not judged
}

// Full is what `make evaluate` runs, Quick the part of it that CI does.
func Full() Size {
	return Size{
		Apps: []AppSize{
			{"chain", 96, 20, taught},
			{"fanout", 96, 20, taught},
			{"social", 96, 20, taught},
			{"sockshop", 96, 20, taught},
			{"syn-16", 48, 10, taught},
			{"syn-64", 48, 10, taught},
			{"syn-256", 24, 5, taughtLarge},
			{"syn-1024", 16, 0, taughtLarge},
		},
		Foreign:   []string{"bank", "media", "mesh", "boutique", "drawn"},
		Ablations: []string{"chain", "fanout", "social", "sockshop"},
		Robust:    []string{"chain", "social"}, RobustPoints: 48, Histories: []float64{0.5, 2, 6}, Day: "chain",
		Grow: "syn-1024", GrowIncidents: 10,
	}
}

// Quick returns the subset for CI.
func Quick() Size {
	return Size{
		Apps:      []AppSize{{"chain", 24, 5, taught}, {"social", 24, 5, taught}},
		Ablations: []string{"chain"},
	}
}

// Seeds. Nothing is tuned on reporting seeds: `sage evaluate --tuning` plays other
// applications, faults and requests than the tables do.
const (
	TuningSeed    = 1
	ReportingSeed = 20_261
)

// The objective of all simulated suites: the Quantile of the watched entry's latency
// stays within Headroom times its healthy median over windows.
const (
	Quantile = 0.99
	Headroom = 1.5
)

// The protocol of all simulated suites.
const (
	windowSize = 10 * time.Second
	warmup     = 120 * windowSize
	length     = 6 * windowSize
	gap        = 9 * windowSize
	double     = 0.25 // share of incidents with two faults
	// taught incidents come before those that are judged. The published method
	// learns from violations as well, so its model is trained after them; the
	// default's is trained before, on whatever the first windows hold.
	// The published results come of models that saw many. On the tuning seed 48 did
	// better than 16 on two of three applications and as well on the third; 96, tried
	// on the chain, did worse. The largest applications, which take long to simulate,
	// teach fewer.
	taught      = 48
	taughtLarge = 16
	trainAfter  = 100 // windows
)

// Hyper-parameters of the published method's model, chosen among some forty settings
// on the tuning seed, where several differ by less than chance. The first two are 1
// and 0.5 in the paper. With less weight on chained predictions latents of callers
// hold less of what callees did; with less on KL they hold more of what no metric
// explains. Held-out losses of few incidents are noisy, so that patience matters.
const (
	plainKL       = 0.3
	plainChained  = 0.2
	plainRate     = 0.01
	plainEpochs   = 200
	plainPatience = 40
)

// protocol trains once, when there are so many windows, and again only where the
// graph changes.
func protocol(structured bool, after int) Protocol {
	m := gvae.DefaultConfig()
	m.Structured, m.Seed = structured, 1
	if !structured {
		m.KLWeight, m.Chained = plainKL, plainChained
		m.LearningRate, m.Epochs, m.Patience = plainRate, plainEpochs, plainPatience
	}
	return Protocol{MinWindows: after, Interval: unlimited, Plain: !structured, Model: m, Seed: 1}
}

// scenario builds the scenario of a suite: taught incidents, then those that are
// judged.
func scenario(app *simulate.App, name string, seed uint64, size AppSize, kinds []simulate.FaultKind) (*Scenario, error) {
	plan, err := apps.NewPlan(app, apps.PlanConfig{
		Seed: seed, Incidents: size.Taught + size.Incidents, Decoys: size.Decoys, Kinds: kinds, DoubleShare: double,
		Warmup: warmup, Length: length, Gap: gap,
	})
	if err != nil {
		return nil, fmt.Errorf("evaluate: %s: %w", name, err)
	}
	return &Scenario{
		Name: name, App: app, Plan: plan, Taught: size.Taught, Seed: seed,
		Window: windowSize, Headroom: Headroom, Quantile: Quantile,
	}, nil
}

// Only returns the part of s that is about one application.
func (s Size) Only(name string) Size {
	var out Size
	for _, a := range s.Apps {
		if a.Name == name {
			out.Apps = append(out.Apps, a)
		}
	}
	for _, f := range s.Foreign {
		if f == name {
			out.Foreign = append(out.Foreign, f)
		}
	}
	for _, a := range s.Ablations {
		if a == name {
			out.Ablations = append(out.Ablations, a)
		}
	}
	return out
}
