package slo

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// BurnRule is a rule of two windows on the burn rate of an error budget, which is
//
//	share of bad requests / (1 - Target)
//
// so that at rate 1 a budget lasts exactly its period. The rule holds while the
// rate is at least Factor over the last Long, which says that it matters, and over
// the last Short, which says that it goes on; of each at least half must be
// measured. (Beyer et al., The Site Reliability Workbook, 2018, chapter 5.)
type BurnRule struct {
	Long, Short time.Duration // of event time; Long is a multiple of Short from 1 to maxSpan
	Factor      float64
	Ticket      bool // worth a ticket, not a page
}

// DefaultBurnRules are for a budget of 30 days: 2 % of it in an hour is worth a page,
// and so is 5 % of it in 6 hours, as the Workbook has it.
//
//	14.4 x 1 h / 720 h = 2 %,  6 x 6 h / 720 h = 5 %
func DefaultBurnRules() []BurnRule {
	return []BurnRule{
		{Long: time.Hour, Short: 5 * time.Minute, Factor: 14.4},
		{Long: 6 * time.Hour, Short: 30 * time.Minute, Factor: 6},
	}
}

// rules returns those of an objective.
func (c Config) rules(o Objective) []BurnRule {
	if len(o.Burn) > 0 {
		return o.Burn
	}
	return c.Burn
}

// Bounds of rules: with these a track holds at most 4 x 121 buckets for them, with
// the default rules 2 x 60.
const (
	maxRules     = 4
	maxSpan      = 24 // of Long in units of Short
	shortBuckets = 5  // that Short is made of
)

// Burn is how fast an error budget burns by one rule.
type Burn struct {
	Rule        BurnRule // Long is 0 where nothing is known
	Long, Short float64  // burn rates over the windows of the rule
	Holds       bool
}

// Known reports whether there is a rule, and enough data for it.
func (b Burn) Known() bool { return b.Rule.Long > 0 }

// burn returns the rates of the first rule that holds after the window that
// begins at start, of the first that has enough data where none does. Pages come
// before tickets, and higher factors before lower ones.
func (t *track) burn(cfg Config, start int64) Burn {
	var first Burn
	for i, rule := range cfg.rules(t.Objective) {
		long, ok := t.Burn[i].badRatio(start, rule.Long)
		short, enough := t.Burn[i].badRatio(start, rule.Short)
		if !ok || !enough {
			continue
		}
		b := Burn{Rule: rule, Long: long / t.Objective.Budget(), Short: short / t.Objective.Budget()}
		if b.Holds = reaches(b.Long, rule.Factor) && reaches(b.Short, rule.Factor); b.Holds {
			return b
		}
		if !first.Known() {
			first = b
		}
	}
	return first
}

// mildest is the lowest burn rate that any rule asks for.
func mildest(rules []BurnRule) float64 {
	f := math.Inf(1)
	for _, r := range rules {
		f = min(f, r.Factor)
	}
	return f
}

// burning fires when a rule holds and the last window shows it, and reports whether
// a run that fires ends, which it does after m windows in a row in which no rule
// holds and that do not show it. A run that does not fire begins with a violated
// window and ends after m that are not.
func (t *track) burning(cfg Config, r result, b Burn) (ends bool) {
	t.Met++
	if r.Violated || t.Firing && b.Holds {
		t.Met = 0
	}
	if !t.Firing && t.Met >= cfg.ResolveM {
		t.rest()
	}
	if t.Onset == 0 && r.Violated {
		t.Onset = r.Start
	}
	if t.Onset != 0 {
		t.Requests += r.Count
		t.Bad += r.Bad
	}
	if t.Firing && t.Met >= cfg.ResolveM {
		return true
	}
	t.Firing = t.Firing || r.Violated && b.Holds
	t.Paged = t.Paged || t.Firing && b.Holds && !b.Rule.Ticket
	return false
}

// orderRules brings rules in the order in which they are asked, and returns what
// is wrong with them.
func orderRules(rules []BurnRule, bad func(format string, args ...any)) {
	if len(rules) > maxRules {
		bad("%d rules of burn rates are beyond the bound of %d", len(rules), maxRules)
	}
	for i, r := range rules {
		if r.Short < time.Second || r.Long < r.Short || r.Long/maxSpan > r.Short || !(r.Factor > 0 && r.Factor <= 1e6) {
			bad("burn rule %d needs a short window of at least 1s, a long one of 1 to %d times that, and a positive factor (got %s, %s, %v)",
				i, maxSpan, r.Short, r.Long, r.Factor)
		}
	}
	slices.SortStableFunc(rules, func(a, b BurnRule) int {
		if a.Ticket != b.Ticket {
			if a.Ticket {
				return 1
			}
			return -1
		}
		return -cmp.Compare(a.Factor, b.Factor)
	})
}

// Reachable returns an error where no rule can ever hold: with every request bad
// the burn rate is 1/(1 - target).
func Reachable(rules []BurnRule, target float64) error {
	if most, least := 1/(1-target), mildest(rules); len(rules) > 0 && !reaches(most, least) {
		return fmt.Errorf("with a target of %v no burn rate is above %.4g, and the mildest rule asks for %.4g", target, most, least)
	}
	return nil
}
