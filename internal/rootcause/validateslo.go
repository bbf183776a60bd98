package rootcause

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sage-rca/sage/internal/rootcause/internal/openslo"
	"github.com/sage-rca/sage/internal/slo"
)

// validateSLOs reports what is wrong with objectives, and with the files of others.
func (c *Config) validateSLOs(p *problems) {
	taken := make(map[string]string) // where a name stands
	for i := range c.SLOs {
		s := &c.SLOs[i]
		at := func(setting string) string { return fmt.Sprintf("slos[%d].%s", i, setting) }
		if s.Name == "" {
			p.add(at("name"), "must not be empty: events carry it")
		} else if other, ok := taken[s.Name]; ok {
			p.add(at("name"), "%q is taken by %s", s.Name, other)
		} else {
			taken[s.Name] = fmt.Sprintf("slos[%d]", i)
		}
		if strings.HasPrefix(s.Name, "auto:") {
			p.add(at("name"), "must not begin with \"auto:\", which marks learned objectives (got %q)", s.Name)
		}
		if s.Service == "" || strings.HasSuffix(s.Service, "/") {
			p.add(at("service"), "must be service.name or service.namespace/service.name (got %q)", s.Service)
		}
		if s.Operation == "" {
			p.add(at("operation"), "must not be empty: use \"*\" for every operation of the service")
		}
		s.validate(p, at)
		if s.Period != 0 {
			c.validatePeriod(p, at("period"), s.Period)
		}
		rules := c.BurnRates.rules()
		if len(s.BurnRates) > 0 {
			c.validateBurnRules(p, at("burn_rates"), s.BurnRates)
			rules = burnRules(s.BurnRates)
		}
		if err := reachable(rules, cmp.Or(s.Objective, s.Quantile)); err != nil {
			p.add(at("objective"), "%v", err)
		}
	}
	c.validateOpenSLO(p, taken)
	if c.LearnedSLOs.Enabled {
		if err := reachable(c.BurnRates.rules(), c.LearnedSLOs.Quantile); err != nil {
			p.add("learned_slos.quantile", "%v", err)
		}
	}
}

// validate reports what is wrong with the numbers of an SLO.
func (s *SLO) validate(p *problems, at func(string) string) {
	switch s.Indicator {
	case "", "latency":
		p.lasting(at("threshold"), s.Threshold)
	case indicatorErrors:
		if s.Threshold != 0 {
			p.add(at("threshold"), "is of latency: an SLO of errors has none (got %s)", s.Threshold)
		}
		if s.Quantile != 0 {
			p.add(at("quantile"), "is of latency: an SLO of errors has none (got %v)", s.Quantile)
		}
	default:
		p.add(at("indicator"), "must be latency or errors (got %q)", s.Indicator)
	}
	if s.Quantile != 0 {
		p.inside(at("quantile"), s.Quantile)
	}
	if s.Objective != 0 {
		p.inside(at("objective"), s.Objective)
	}
}

// validateOpenSLO reports what of the files of openslo cannot be watched, and where.
func (c *Config) validateOpenSLO(p *problems, taken map[string]string) {
	imported, refused := openslo.Read(c.OpenSLO)
	for _, o := range imported {
		if other, ok := taken[o.Name]; ok {
			refused = append(refused, o.Refuse("the name %q is taken by %s", o.Name, other))
		} else {
			taken[o.Name] = fmt.Sprintf("%s:%d", o.File, o.Line)
		}
		if strings.HasPrefix(o.Name, "auto:") {
			refused = append(refused, o.Refuse("the name must not begin with \"auto:\", which marks learned objectives (got %q)", o.Name))
		}
		if o.Period != 0 && o.Period < c.Window {
			refused = append(refused, o.Refuse("timeWindow must be at least one window of %s (got %s)", c.Window, o.Period))
		}
		if err := reachable(c.BurnRates.rules(), o.Target); err != nil {
			refused = append(refused, o.Refuse("%v", err))
		}
	}
	slices.SortStableFunc(refused, func(a, b openslo.Problem) int {
		return cmp.Or(cmp.Compare(slices.Index(c.OpenSLO, a.File), slices.Index(c.OpenSLO, b.File)), cmp.Compare(a.Line, b.Line))
	})
	for _, r := range refused {
		p.add(fmt.Sprintf("openslo[%d]", slices.Index(c.OpenSLO, r.File)), "%v", r)
	}
}

// reachable returns an error where no rule of burn rates can ever hold for an
// objective.
func reachable(rules []slo.BurnRule, objective float64) error {
	if !(objective > 0 && objective < 1) {
		return nil
	}
	return slo.Reachable(rules, objective)
}

// minPeriod of an error budget.
const minPeriod = time.Minute

func (c *Config) validatePeriod(p *problems, setting string, v time.Duration) {
	if least := max(minPeriod, c.Window); v < least {
		p.add(setting, "must be at least a minute and at least one window (got %s)", v)
	}
}

// Bounds of rules of burn rates.
const (
	maxRules = 4
	maxSpan  = 24 // of the long window in short ones
)

func (c *Config) validateBurnRates(p *problems) {
	if !c.BurnRates.Enabled {
		return
	}
	if len(c.BurnRates.Rules) == 0 {
		if short := slo.DefaultBurnRules()[0].Short; c.Window > short {
			p.add("burn_rates.rules", "must be set: the usual rules need windows of at most %s (got %s)", short, c.Window)
		}
	}
	c.validateBurnRules(p, "burn_rates.rules", c.BurnRates.Rules)
}

func (c *Config) validateBurnRules(p *problems, path string, rules []BurnRule) {
	if n := len(rules); n > maxRules {
		p.add(path, "must be at most %d (got %d)", maxRules, n)
	}
	for i, r := range rules {
		at := func(setting string) string { return fmt.Sprintf("%s[%d].%s", path, i, setting) }
		if least := max(time.Second, c.Window); r.Short < least {
			p.add(at("short"), "must be at least one window of %s (got %s)", least, r.Short)
		} else if r.Long < r.Short || r.Long/maxSpan > r.Short {
			p.add(at("long"), "must be 1 to %d times the short window of %s (got %s)", maxSpan, r.Short, r.Long)
		}
		if !(r.Factor > 0 && r.Factor <= 1e6) {
			p.add(at("factor"), "must be positive (got %v)", r.Factor)
		}
		if r.Severity != "" && r.Severity != "page" && r.Severity != severityTicket {
			p.add(at("severity"), "must be page or ticket (got %q)", r.Severity)
		}
	}
}
