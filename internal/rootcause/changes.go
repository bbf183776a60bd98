package rootcause

import (
	"time"

	"github.com/sage-rca/sage/internal/change"
)

// Changes say what is noticed of the system that is watched: new versions, services,
// operations, numbers of replicas and hosts, and what is gone.
type Changes struct {
	// Enabled says them in rca.change records, links them to the incidents after them,
	// and knows a service that is gone as the cause of one.
	Enabled bool `mapstructure:"enabled"`
	// Lookback is how long before an incident a change is linked to it. A deploy in the
	// last quarter of it explains why its service is slow where no resource does, and
	// it has not run well before.
	Lookback time.Duration `mapstructure:"lookback"`
	// GoneAfter windows of silence, while others are seen, something is gone.
	GoneAfter int `mapstructure:"gone_after"`
}

func defaultChanges() Changes {
	return Changes{Enabled: true, Lookback: time.Hour, GoneAfter: 10}
}

func (c *Changes) validate(p *problems) {
	if c.Enabled {
		p.lasting("changes.lookback", c.Lookback)
		p.positive("changes.gone_after", c.GoneAfter)
	}
}

// rules returns what the engine needs to know, zero where it is to notice nothing.
func (c *Changes) rules(services int, window time.Duration) change.Config {
	if !c.Enabled {
		return change.Config{}
	}
	out := change.Default(services)
	out.GoneAfter = c.GoneAfter
	out.ForgetAfter = max(2*c.GoneAfter, int(24*time.Hour/window))
	return out
}
