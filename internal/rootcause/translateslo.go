package rootcause

import (
	"errors"
	"strings"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/ingest"
	"github.com/sage-rca/sage/internal/rootcause/internal/openslo"
	"github.com/sage-rca/sage/internal/slo"
)

// indicatorErrors and severityTicket are what is not the default.
const (
	indicatorErrors = "errors"
	severityTicket  = "ticket"
)

// objectives returns those of slos, and of the files of openslo.
func (c *Config) objectives() ([]slo.Objective, error) {
	out := make([]slo.Objective, 0, len(c.SLOs))
	for i := range c.SLOs {
		out = append(out, c.SLOs[i].objective())
	}
	imported, problems := openslo.Read(c.OpenSLO)
	if len(problems) > 0 {
		errs := make([]error, len(problems))
		for i, p := range problems {
			errs[i] = p
		}
		return nil, errors.Join(errs...)
	}
	for _, o := range imported {
		out = append(out, o.Objective)
	}
	for i := range out {
		o := &out[i]
		if strings.ContainsAny(o.Operation, "*?") {
			continue
		}
		if t := ingest.Template(o.Operation); t != o.Operation { // not what http.route says
			o.Template = t
		}
	}
	return out, nil
}

func (s *SLO) objective() slo.Objective {
	i := strings.LastIndexByte(s.Service, '/')
	out := slo.Objective{
		Name: s.Name, Service: identity.Service{Namespace: s.Service[:max(0, i)], Name: s.Service[i+1:]}, Operation: s.Operation,
		Quantile: s.Quantile, Threshold: s.Threshold, Target: s.Objective, Period: s.Period,
	}
	if s.Indicator == indicatorErrors {
		out.Indicator = slo.Errors
	}
	if len(s.BurnRates) > 0 {
		out.Burn = burnRules(s.BurnRates)
	}
	return out
}

// rules returns those that are set, or the usual ones; none where they are not
// enabled.
func (b *BurnRates) rules() []slo.BurnRule {
	if !b.Enabled {
		return nil
	}
	if len(b.Rules) == 0 {
		return slo.DefaultBurnRules()
	}
	return burnRules(b.Rules)
}

func burnRules(rules []BurnRule) []slo.BurnRule {
	out := make([]slo.BurnRule, len(rules))
	for i, r := range rules {
		out[i] = slo.BurnRule{Long: r.Long, Short: r.Short, Factor: r.Factor, Ticket: r.Severity == severityTicket}
	}
	return out
}
