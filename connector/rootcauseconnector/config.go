package rootcauseconnector

import (
	"errors"

	"go.opentelemetry.io/collector/component"

	"github.com/sage-rca/sage/internal/rootcause"
)

// Config is what a user may set: what the processor has, and what metrics pipelines get.
// `rootcause: {}` is a working configuration.
type Config struct {
	Engine `mapstructure:",squash"`

	// Emit says what metrics pipelines that begin with the connector get.
	Emit Emit `mapstructure:"emit"`
}

// Engine is what the processor has. It has no Validate of its own, which would report
// everything once more, under a path that is in no YAML.
type Engine rootcause.Config

func (e *Engine) config() *rootcause.Config { return (*rootcause.Config)(e) }

// Emit says what metrics pipelines get of each window.
type Emit struct {
	// Summaries are all that is known of a window, for a Collector that concludes from
	// those of several.
	Summaries bool `mapstructure:"summaries"`
	// ServiceGraph are the metrics that service graphs are drawn from.
	ServiceGraph bool `mapstructure:"service_graph"`
}

// defaultConfig returns what `rootcause: {}` means.
func defaultConfig() component.Config {
	return &Config{
		Engine: Engine(*rootcause.DefaultConfig().(*rootcause.Config)),
		Emit:   Emit{Summaries: true, ServiceGraph: true},
	}
}

// Validate reports every bad setting at once.
func (c *Config) Validate() error {
	errs := []error{c.config().Validate()}
	if !c.Emit.Summaries && !c.Emit.ServiceGraph {
		errs = append(errs, errors.New("emit: one of summaries and service_graph must be true"))
	}
	return errors.Join(errs...)
}
