package rootcause

import (
	"errors"
	"fmt"
	"path"
	"time"
)

// problems collects all that is wrong with a configuration, each with the path
// of the setting in YAML.
type problems []error

func (p *problems) add(setting, format string, args ...any) {
	*p = append(*p, fmt.Errorf("%s: %s", setting, fmt.Sprintf(format, args...)))
}

func (p *problems) positive(setting string, v int) {
	if v <= 0 {
		p.add(setting, "must be positive (got %d)", v)
	}
}

func (p *problems) notNegative(setting string, v int) {
	if v < 0 {
		p.add(setting, "must not be negative (got %d)", v)
	}
}

func (p *problems) atMost(setting string, v, most int) {
	if v > most {
		p.add(setting, "must be at most %d (got %d)", most, v)
	}
}

func (p *problems) lasting(setting string, v time.Duration) {
	if v <= 0 {
		p.add(setting, "must be positive (got %s)", v)
	}
}

func (p *problems) inside(setting string, v float64) {
	if !(v > 0 && v < 1) {
		p.add(setting, "must be in (0, 1) (got %v)", v)
	}
}

// Validate reports every bad setting at once.
func (c *Config) Validate() error {
	var p problems
	switch {
	case c.Window < time.Second:
		p.add("window", "must be at least 1s (got %s)", c.Window)
	case c.Window > time.Hour:
		p.add("window", "must be at most 1h (got %s)", c.Window)
	}
	if c.Lateness < 0 {
		p.add("lateness", "must not be negative (got %s)", c.Lateness)
	}
	c.validateSLOs(&p)
	c.LearnedSLOs.validate(&p)
	c.Input.validate(&p)
	c.Rule.validate(&p)
	c.validateBurnRates(&p)
	c.validatePeriod(&p, "error_budget.period", c.ErrorBudget.Period)
	c.Training.validate(&p, c.Window)
	c.Limits.validate(&p)
	c.validateMemory(&p)
	c.Metrics.validate(&p)
	c.Changes.validate(&p)
	c.Events.validate(&p)
	c.Steering.validate(&p)
	return errors.Join(p...)
}

func (l *LearnedSLOs) validate(p *problems) {
	if !l.Enabled {
		return
	}
	p.positive("learned_slos.windows", l.Windows)
	p.inside("learned_slos.quantile", l.Quantile)
	if !(l.Headroom >= 1) {
		p.add("learned_slos.headroom", "must be at least 1 (got %v)", l.Headroom)
	}
	if h := l.MedianHeadroom; h != 0 && !(h >= 1) {
		p.add("learned_slos.median_headroom", "must be at least 1, or 0 for no objective of the median (got %v)", h)
	}
	if e := l.Errors; !(e >= 0 && e < 1) {
		p.add("learned_slos.errors", "must be a share below 1, or 0 for no objective of errors (got %v)", e)
	}
}

// maxOf bounds the windows that a rule looks back on.
const maxOf = 64

func (r *Rule) validate(p *problems) {
	p.positive("rule.violated", r.Violated)
	if r.Of < r.Violated || r.Of > maxOf {
		p.add("rule.of", "must be at least rule.violated and at most %d (got %d)", maxOf, r.Of)
	}
	p.positive("rule.resolve_after", r.ResolveAfter)
	p.positive("rule.min_requests", r.MinRequests)
}

func (t *Training) validate(p *problems, window time.Duration) {
	if window > 0 && t.History < window {
		p.add("training.history", "must be at least one window of %s (got %s)", window, t.History)
	}
	if !t.Enabled {
		return
	}
	if t.MinWindows < 10 {
		p.add("training.min_windows", "must be at least 10: fewer windows say nothing of what is normal (got %d)", t.MinWindows)
	} else if window > 0 && int64(t.History/window) < int64(t.MinWindows) {
		p.add("training.min_windows", "must fit in training.history, which holds %d windows (got %d)", t.History/window, t.MinWindows)
	}
	p.lasting("training.interval", t.Interval)
	if !(t.CPUBudget > 0 && t.CPUBudget <= 1) {
		p.add("training.cpu_budget", "must be in (0, 1], the share of one core (got %v)", t.CPUBudget)
	}
	p.positive("training.publish_after", t.PublishAfter)
	p.positive("training.epochs", t.Epochs)
}

func (l *Limits) validate(p *problems) {
	p.positive("limits.services", l.Services)
	p.positive("limits.operations_per_service", l.OperationsPerService)
	p.positive("limits.instances", l.Instances)
	p.notNegative("limits.pending_spans", l.PendingSpans)
	p.positive("limits.trace_spans", l.TraceSpans)
	p.lasting("limits.trace_age", l.TraceAge)
	p.positive("limits.metric_streams", l.MetricStreams)
	p.notNegative("limits.spans_per_second", l.SpansPerSecond)
	p.positive("limits.sources", l.Sources)
	p.notNegative("limits.summaries_mib", l.SummariesMiB)
	p.positive("limits.pending_windows", l.PendingWindows)
	p.positive("limits.memory_mib", l.MemoryMiB)
	p.notNegative("limits.checkpoint_mib", l.CheckpointMiB)
	p.atMost("limits.memory_mib", l.MemoryMiB, maxMemory)
	p.atMost("limits.summaries_mib", l.SummariesMiB, maxMemory)
	p.atMost("limits.checkpoint_mib", l.CheckpointMiB, maxMemory)
}

// maxJoin is the number of attributes that a set of metrics.join may have.
const maxJoin = 4

func (m *Metrics) validate(p *problems) {
	for name, globs := range map[string][]string{"include": m.Include, "exclude": m.Exclude} {
		for i, g := range globs {
			if _, err := path.Match(g, ""); err != nil || g == "" {
				p.add(fmt.Sprintf("metrics.%s[%d]", name, i), "%q is no glob", g)
			}
		}
	}
	for i, set := range m.Join {
		if len(set) == 0 || len(set) > maxJoin {
			p.add(fmt.Sprintf("metrics.join[%d]", i), "must have 1 to %d resource attributes (got %d)", maxJoin, len(set))
		}
	}
}

func (e *Events) validate(p *problems) {
	if e.Candidates < 0 || e.Candidates > 5 {
		p.add("events.candidates", "must be in [0, 5] (got %d)", e.Candidates)
	}
	p.lasting("events.model_heartbeat", e.ModelHeartbeat)
	p.lasting("events.incident_heartbeat", e.IncidentHeartbeat)
	p.lasting("events.expire_after", e.ExpireAfter)
	p.positive("events.max_open", e.MaxOpen)
}
