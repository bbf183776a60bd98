package apps

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/sage-rca/sage/internal/simulate"
)

// Episode is one thing that happens: an incident, of one or more faults at the
// same time, or a decoy.
type Episode struct {
	Name       string // the kinds of its faults, joined by "+"
	Faults     []simulate.Fault
	Decoy      bool
	Start, End time.Duration // since the run began
	Culprits   []Culprit     // one per fault; none of a decoy
}

// Culprit is what an answer should name.
type Culprit struct {
	Service string
	// Also are services that are as right: the other end of the only link that is
	// slow, the caller of a cache that collapsed, who tries again.
	Also []string
	// Instance is the replica (service.instance.id as package emit writes it) where
	// only one is to blame, else "".
	Instance string
	// Mechanism is how: cpu, memory, disk, network, pool, retry, traffic, or latent
	// where no metric of the service can tell.
	Mechanism string
}

// Plan is a campaign.
type Plan struct {
	Episodes []Episode // in order of time, none overlapping
	Duration time.Duration
}

// Faults returns the faults of all episodes.
func (p *Plan) Faults() []simulate.Fault {
	var out []simulate.Fault
	for _, e := range p.Episodes {
		out = append(out, e.Faults...)
	}
	return out
}

// PlanConfig says what campaign to draw.
type PlanConfig struct {
	Seed              uint64
	Incidents, Decoys int
	// Kinds are the faults to choose from, in turn so that all are as frequent; nil:
	// all. Those that cannot violate anything in the application are left out, as
	// the exhaustion of pools where there are none.
	Kinds []simulate.FaultKind
	// DoubleShare is the share of incidents that are two faults, of two kinds in two
	// services, of which each would violate alone.
	DoubleShare float64
	// Warmup is the time before the first episode (default 30 min), Length that of
	// each (default 3 min), Gap the least time between two (default 5 min).
	Warmup, Length, Gap time.Duration
}

func (c PlanConfig) withDefaults() PlanConfig {
	if c.Warmup == 0 {
		c.Warmup = 30 * time.Minute
	}
	if c.Length == 0 {
		c.Length = 3 * time.Minute
	}
	if c.Gap == 0 {
		c.Gap = 5 * time.Minute
	}
	if c.Kinds == nil {
		c.Kinds = faultKinds
	}
	return c
}

func (c PlanConfig) validate() error {
	var errs []error
	if c.Incidents < 0 || c.Decoys < 0 {
		errs = append(errs, fmt.Errorf("incidents and decoys must not be negative (got %d and %d)", c.Incidents, c.Decoys))
	}
	if c.DoubleShare < 0 || c.DoubleShare > 1 {
		errs = append(errs, fmt.Errorf("the share of double faults must be from 0 to 1 (got %g)", c.DoubleShare))
	}
	if c.Warmup < 0 || c.Length < 0 || c.Gap < 0 {
		errs = append(errs, fmt.Errorf("times must not be negative (got %s, %s, %s)", c.Warmup, c.Length, c.Gap))
	}
	for _, k := range c.Kinds {
		if _, ok := mechanisms[k]; !ok {
			errs = append(errs, fmt.Errorf("there is no fault %q", k))
		}
	}
	return errors.Join(errs...)
}

// NewPlan draws a campaign on app. It fails where incidents are wanted and no
// fault of the given kinds can violate anything in app.
func NewPlan(app *simulate.App, cfg PlanConfig) (Plan, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return Plan{}, fmt.Errorf("apps: plan: %w", err)
	}
	d := newDrawer(app, rand.New(rand.NewPCG(cfg.Seed, 0x706c_616e)))
	isDecoy := make([]bool, cfg.Incidents+cfg.Decoys)
	for i := range cfg.Decoys {
		isDecoy[i] = true
	}
	d.rng.Shuffle(len(isDecoy), func(i, j int) { isDecoy[i], isDecoy[j] = isDecoy[j], isDecoy[i] })

	kinds, decoys := newCycle(cfg.Kinds, d.rng), newCycle(decoyKinds, d.rng)
	doubles := 0.0
	var plan Plan
	at := cfg.Warmup
	for _, decoy := range isDecoy {
		at += time.Duration(d.rng.Float64() * float64(cfg.Gap) / 4).Round(time.Millisecond)
		e := Episode{Decoy: decoy, Start: at, End: at + cfg.Length}
		if decoy {
			e.Faults = d.decoy(decoys, e.Start, e.End)
		} else {
			n := 1
			if doubles += cfg.DoubleShare; doubles >= 1-1e-9 { // evenly, not by chance
				doubles--
				n = 2
			}
			var err error
			if e.Faults, err = d.incident(kinds, n); err != nil {
				return Plan{}, fmt.Errorf("apps: plan: %w", err)
			}
			for i := range e.Faults {
				e.Faults[i].Start, e.Faults[i].End = e.Start, e.End
				e.Culprits = append(e.Culprits, d.culprit(&e.Faults[i]))
			}
		}
		names := make([]string, len(e.Faults))
		for i := range e.Faults {
			names[i] = string(e.Faults[i].Kind)
			e.End = max(e.Faults[i].End, e.Start)
		}
		e.Name = strings.Join(names, "+")
		plan.Episodes = append(plan.Episodes, e)
		at += cfg.Length + cfg.Gap
	}
	plan.Duration = at
	return plan, nil
}

// cycle gives kinds in turn, each round in a new order.
type cycle struct {
	kinds []simulate.FaultKind
	left  []simulate.FaultKind
	rng   *rand.Rand
}

func newCycle(kinds []simulate.FaultKind, rng *rand.Rand) *cycle {
	return &cycle{kinds: kinds, rng: rng}
}

func (c *cycle) next() simulate.FaultKind {
	if len(c.left) == 0 {
		c.left = append(c.left, c.kinds...)
		c.rng.Shuffle(len(c.left), func(i, j int) { c.left[i], c.left[j] = c.left[j], c.left[i] })
	}
	k := c.left[0]
	c.left = c.left[1:]
	return k
}
