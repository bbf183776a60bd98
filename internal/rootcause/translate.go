package rootcause

import (
	"time"

	"github.com/sage-rca/sage/internal/engine"
	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/incident"
	"github.com/sage-rca/sage/internal/ingest"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/slo"
	"github.com/sage-rca/sage/internal/summary"
)

const mib = 1 << 20

// forgetAfter is the event time after which a service, operation, replica or
// call that was not seen gives up its place.
const forgetAfter = time.Hour

// ingestConfig returns what the ingester needs to know.
func (c *Config) ingestConfig() ingest.Config {
	return ingest.Config{
		Window:   c.Window,
		Lateness: c.Lateness,
		MaxAge:   c.Limits.TraceAge,
		Forget:   max(forgetAfter, 10*c.Window),
		Guard:    ingest.DefaultGuard(),
		Told:     c.Input.told(),
		Limits: ingest.Limits{
			Services:             c.Limits.Services,
			OperationsPerService: c.Limits.OperationsPerService,
			PendingSpans:         c.Limits.pendingSpans(),
			TraceSpans:           c.Limits.TraceSpans,
			Producers:            max(1, c.Limits.pendingSpans()/4),
			Instances:            c.Limits.Instances,
			MetricStreams:        c.Limits.MetricStreams,
			Sources:              c.Limits.Sources,
			Gathered:             int(c.Limits.summaries()),
			SpansPerSecond:       c.Limits.SpansPerSecond,
		},
		Metrics: ingest.MetricRules{
			Include:  c.Metrics.Include,
			Exclude:  c.Metrics.Exclude,
			ByName:   c.Metrics.ByName,
			JoinKeys: append(c.Metrics.Join[:len(c.Metrics.Join):len(c.Metrics.Join)], ingest.DefaultJoinKeys()...),
			HostKeys: ingest.DefaultHostKeys(),
		},
		OtherScope: summary.Scope,
		MaxPending: c.Limits.PendingWindows,
	}
}

// engineConfig returns what the engine needs to know. It reads the files of openslo.
func (c *Config) engineConfig() (engine.Config, error) {
	objectives, err := c.objectives()
	if err != nil {
		return engine.Config{}, err
	}
	return engine.Config{
		Window: c.Window,
		SLO: slo.Config{
			Objectives: objectives,
			Learn: slo.LearnConfig{
				Enabled: c.LearnedSLOs.Enabled, Windows: c.LearnedSLOs.Windows,
				Quantile: c.LearnedSLOs.Quantile, Headroom: c.LearnedSLOs.Headroom,
				Median: c.LearnedSLOs.MedianHeadroom, Errors: c.LearnedSLOs.Errors,
			},
			OpenK: c.Rule.Violated, OpenN: c.Rule.Of, ResolveM: c.Rule.ResolveAfter,
			Burn: c.BurnRates.rules(), Budget: c.ErrorBudget.Period,
			MinRequests: float64(c.Rule.MinRequests),
		},
		Changes: c.Changes.rules(c.Limits.Services, c.Window), Lookback: c.Changes.Lookback,
		RCA: rca.Config{Seed: c.Training.Seed},
		Incident: incident.Config{
			HeartbeatEvery: c.Events.IncidentHeartbeat, ExpireAfter: c.Events.ExpireAfter, MaxOpen: c.Events.MaxOpen,
		},
		Training: engine.Training{
			Enabled: c.Training.Enabled, History: c.Training.History, MinWindows: c.Training.MinWindows,
			Interval: c.Training.Interval, CPUBudget: c.Training.CPUBudget, PublishAfter: c.Training.PublishAfter,
			Model: gvae.Config{Structured: c.Training.Structured, Epochs: c.Training.Epochs, Seed: c.Training.Seed},
		},
		LongPolls:      c.longPolls(),
		Sampling:       samplings[c.Input.Sampling],
		MaxPending:     c.Limits.PendingWindows,
		MaxColumns:     c.columns(),
		MaxCheckpoint:  c.checkpoint(),
		ForgetWindows:  max(10, int(forgetAfter/c.Window)),
		ModelHeartbeat: c.Events.ModelHeartbeat,
		HistoryEvery:   max(1, int(5*time.Minute/c.Window)),
	}, nil
}
