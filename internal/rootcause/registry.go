package rootcause

import (
	"errors"
	"fmt"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pipeline"
)

// Component is what differs between the components that an engine may run in.
type Component struct {
	Kind component.Kind
	// Instruments returns the component's own, under a scope of its own.
	Instruments func(component.TelemetrySettings) (*Instruments, error)
}

// Registry knows the engines that are shared: one per component ID, which all of
// its instances know by the same *Config. A factory has one.
type Registry struct {
	component Component

	mu      sync.Mutex // guards everything below
	running map[*Config]*shared
}

// NewRegistry returns the registry of a component.
func NewRegistry(c Component) *Registry {
	return &Registry{component: c, running: make(map[*Config]*shared)}
}

// Instance returns an instance that feeds the engine of cfg, a new one where there
// is none yet. Each must be shut down once.
func (r *Registry) Instance(id component.ID, set component.TelemetrySettings, cfg *Config) (*Instance, error) {
	s, err := r.share(id, set, cfg)
	if err != nil {
		return nil, err
	}
	return &Instance{shared: s}, nil
}

func (r *Registry) share(id component.ID, set component.TelemetrySettings, cfg *Config) (*shared, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.running[cfg]
	if s == nil {
		if cfg.Steering.Enabled && r.component.Kind != component.KindProcessor {
			return nil, errors.New("steering.enabled: only a processor passes on the spans that it marks")
		}
		b, err := r.component.Instruments(set)
		if err != nil {
			return nil, fmt.Errorf("self-telemetry: %w", err)
		}
		s = &shared{
			kind: r.component.Kind, id: id, cfg: cfg, log: set.Logger, telemetry: newTelemetry(b, cfg),
			process: processOf(set.Resource),
			behind:  make(map[pipeline.ID]bool),
			read:    make(map[pipeline.Signal]bool),
			forget: func() {
				r.mu.Lock()
				defer r.mu.Unlock()
				delete(r.running, cfg)
			},
		}
		if cfg.Steering.Enabled {
			s.steering = newSteering(&cfg.Steering)
		}
		r.running[cfg] = s
	}
	s.refs.Add(1)
	return s, nil
}
