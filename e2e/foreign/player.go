package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"

	"github.com/sage-rca/sage/internal/foreign"
	"github.com/sage-rca/sage/internal/rootcause"
	"github.com/sage-rca/sage/processor/rootcauseprocessor"
)

// player is the processor in three pipelines.
type player struct {
	traces  processor.Traces
	metrics processor.Metrics
	logs    processor.Logs

	mu      sync.Mutex // guards everything below
	records []plog.Logs
}

func settings() processor.Settings {
	return processor.Settings{
		ID:                component.MustNewID("rootcause"),
		TelemetrySettings: componenttest.NewNopTelemetrySettings(),
		BuildInfo:         component.NewDefaultBuildInfo(),
	}
}

func start(ctx context.Context, s *foreign.System, u foreign.Usual, window time.Duration, auto bool) (*player, error) {
	f := rootcauseprocessor.NewFactory()
	cfg := f.CreateDefaultConfig().(*rootcauseprocessor.Config)
	cfg.Window = window
	cfg.Input.Backfill = true
	if !auto {
		for i := range s.Users {
			service, glob := s.Operation(i)
			name := s.Users[i].Endpoint
			if name == foreign.Consume {
				name = service
			}
			cfg.SLOs = append(cfg.SLOs,
				rootcause.SLO{Name: name, Service: service, Operation: glob, Quantile: 0.99, Threshold: time.Duration(2 * u.Tail[i] * 1e9)},
				rootcause.SLO{Name: name + "-errors", Service: service, Operation: glob, Indicator: "errors", Objective: 0.98})
		}
	}
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("foreign: %w", err)
	}
	p := &player{}
	var err error
	if p.traces, err = f.CreateTraces(ctx, settings(), cfg, nopTraces{}); err != nil {
		return nil, err
	}
	if p.metrics, err = f.CreateMetrics(ctx, settings(), cfg, nopMetrics{}); err != nil {
		return nil, err
	}
	if p.logs, err = f.CreateLogs(ctx, settings(), cfg, p); err != nil {
		return nil, err
	}
	for _, c := range []component.Component{p.logs, p.traces, p.metrics} {
		if err := c.Start(ctx, componenttest.NewNopHost()); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *player) stop(ctx context.Context) ([]plog.LogRecord, error) {
	for _, c := range []component.Component{p.traces, p.metrics, p.logs} {
		if err := c.Shutdown(ctx); err != nil {
			return nil, err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []plog.LogRecord
	for _, ld := range p.records {
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, r := range sl.LogRecords().All() {
					res := rl.Resource().Attributes()
					if v, ok := res.Get("service.name"); ok {
						r.Attributes().PutStr("resource.service.name", v.Str())
					}
					out = append(out, r)
				}
			}
		}
	}
	return out, nil
}

// ConsumeLogs implements consumer.Logs.
func (p *player) ConsumeLogs(_ context.Context, ld plog.Logs) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := plog.NewLogs()
	ld.CopyTo(c)
	p.records = append(p.records, c)
	return nil
}

// Capabilities implements consumer.Logs.
func (p *player) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

type nopTraces struct{}

// ConsumeTraces implements consumer.Traces.
func (nopTraces) ConsumeTraces(context.Context, ptrace.Traces) error { return nil }

// Capabilities implements consumer.Traces.
func (nopTraces) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

type nopMetrics struct{}

// ConsumeMetrics implements consumer.Metrics.
func (nopMetrics) ConsumeMetrics(context.Context, pmetric.Metrics) error { return nil }

// Capabilities implements consumer.Metrics.
func (nopMetrics) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }
