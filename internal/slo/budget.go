package slo

import "time"

// Budget is what is left of an error budget.
type Budget struct {
	Period time.Duration // over which it is counted; 0 where nothing is known
	// Remaining is 1 - (share of bad requests)/(1 - Target) over the last Period:
	// 1 where no request was bad, 0 where the budget is spent, negative beyond.
	Remaining float64
}

// Known reports whether an account is kept, and at least half of the period measured.
func (b Budget) Known() bool { return b.Period > 0 }

// budgetBuckets are what the period of a budget is made of.
const budgetBuckets = 60

// period is that of the objective's error budget, 0: none.
func (c Config) period(o Objective) time.Duration {
	if o.Period > 0 {
		return o.Period
	}
	return c.Budget
}

// budget returns what is left after the window that begins at start.
func (t *track) budget(cfg Config, start int64) Budget {
	p := cfg.period(t.Objective)
	bad, ok := t.Budget.badRatio(start, p)
	if p <= 0 || !ok {
		return Budget{}
	}
	return Budget{Period: p, Remaining: 1 - bad/t.Objective.Budget()}
}

// account notes what a measured window takes from the budget.
func (t *track) account(start, end int64, r result) {
	for i := range t.Burn {
		t.Burn[i].add(start, end, r.Count, r.Bad)
	}
	t.Budget.add(start, end, r.Count, r.Bad)
}

// fit gives the accounts of a track the shape that the configuration asks for, and
// keeps what there is of that shape.
func (t *track) fit(cfg Config) {
	rules := cfg.rules(t.Objective)
	rings := make([]ring, len(rules))
	for i, rule := range rules {
		rings[i] = newRing(rule.Long, rule.Short/shortBuckets).keep(t.Burn...)
	}
	t.Burn = rings
	p := cfg.period(t.Objective)
	t.Budget = newRing(p, p/budgetBuckets).keep(t.Budget)
}
