package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/capture"
	label "github.com/sage-rca/sage/internal/labels"
	"github.com/sage-rca/sage/internal/simulate"
	"github.com/sage-rca/sage/internal/simulate/apps"
	"github.com/sage-rca/sage/internal/simulate/emit"
)

// simulateConfig says what is simulated, and where it goes.
type simulateConfig struct {
	app    string
	plan   apps.PlanConfig
	window time.Duration
	scrape time.Duration
	view   emit.Options
	labels string // file, "" for none
}

// simulated plays an application with faults and writes what it would have sent as
// a capture, or sends it.
func simulated(ctx context.Context, args []string, _, log io.Writer) error {
	fs := flags("simulate", "--app NAME (--out FILE | --to ADDR) [--labels FILE]", log)
	var cfg simulateConfig
	var kinds, start string
	fs.StringVar(&cfg.app, "app", "", "`application`: "+strings.Join(apps.Names(), ", ")+" (needed)")
	fs.Uint64Var(&cfg.plan.Seed, "seed", 1, "of the application, the faults, the requests and the noise")
	fs.IntVar(&cfg.plan.Incidents, "incidents", 5, "how many times something breaks")
	fs.IntVar(&cfg.plan.Decoys, "decoys", 2, "how many times something harmless happens")
	fs.Float64Var(&cfg.plan.DoubleShare, "doubles", 0, "`share` of the incidents that are two faults at once")
	fs.StringVar(&kinds, "faults", "", "`kinds` of faults, by commas; none: all that the application can have")
	fs.DurationVar(&cfg.plan.Warmup, "warmup", 30*time.Minute, "time in which all is well, before anything happens")
	fs.DurationVar(&cfg.plan.Length, "length", 3*time.Minute, "how long an incident lasts")
	fs.DurationVar(&cfg.plan.Gap, "gap", 5*time.Minute, "time in which all is well between incidents")
	fs.DurationVar(&cfg.window, "window", 10*time.Second, "length of the windows that the labels' threshold is for")
	fs.DurationVar(&cfg.scrape, "scrape", 10*time.Second, "time between two scrapes of metrics")
	fs.Float64Var(&cfg.view.SampleRatio, "sample", 1, "`share` of the traces that are sampled")
	fs.BoolVar(&cfg.view.Durations, "histograms", false, "send the duration histograms of SDKs, of all requests and calls, sampled or not")
	fs.StringVar(&start, "start", "2026-01-05T00:00:00Z", "`time` at which the simulation begins")
	fs.StringVar(&cfg.labels, "labels", "", "`file` to write what was broken into, as JSON")
	out := fs.String("out", "", "`file` to write: .jsonl, .jsonl.gz or .jsonl.zst")
	to := fs.String("to", "", "`address` of an OTLP/gRPC receiver to send to")
	speed := fs.String("speed", "max", "pace of sending in event time: max, or a multiple as in 1x or 10x")
	wait := fs.Duration("wait", 30*time.Second, "how long to retry a request while the receiver is not available")
	if _, err := parse(fs, args, 0); err != nil {
		return err
	}
	pace, err := parsePace(*speed)
	if err != nil {
		return err
	}
	if err := cfg.complete(kinds, start); err != nil {
		return err
	}
	if (*out == "") == (*to == "") {
		return usagef("simulate needs --out FILE or --to ADDR, one of them")
	}
	app, err := apps.New(cfg.app, cfg.plan.Seed)
	if err != nil {
		return usageError{err}
	}
	plan, err := apps.NewPlan(app, cfg.plan)
	if err != nil {
		return usageError{err}
	}
	var o outlet
	if *out != "" {
		o, err = newFileOutlet(*out)
	} else {
		o, err = newCallOutlet(*to, pace, *wait)
	}
	if err != nil {
		return err
	}
	extent, err := playInto(ctx, app, &plan, cfg, o, log)
	if closed := o.close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(log, "simulated %s\n", describe(extent))
	return nil
}

// complete reads what flags of plain types do not hold, and refuses what makes no
// sense.
func (c *simulateConfig) complete(kinds, start string) error {
	if c.app == "" {
		return usagef("simulate needs --app NAME, one of %s", strings.Join(apps.Names(), ", "))
	}
	if c.window <= 0 || c.scrape <= 0 {
		return usagef("--window and --scrape must be positive (got %s and %s)", c.window, c.scrape)
	}
	if c.view.SampleRatio <= 0 || c.view.SampleRatio > 1 {
		return usagef("--sample must be above 0 and at most 1 (got %g)", c.view.SampleRatio)
	}
	for kind := range strings.SplitSeq(kinds, ",") {
		if kind = strings.TrimSpace(kind); kind != "" {
			c.plan.Kinds = append(c.plan.Kinds, simulate.FaultKind(kind))
		}
	}
	var err error
	if c.view.Epoch, err = time.Parse(time.RFC3339, start); err != nil {
		return usagef("--start: %w", err)
	}
	c.view.Seed = c.plan.Seed
	return nil
}

// playInto plays a plan into o, after it has written the labels. It stops at the
// first request that o does not take.
func playInto(ctx context.Context, app *simulate.App, plan *apps.Plan, cfg simulateConfig, o outlet, log io.Writer) (capture.Extent, error) {
	var extent capture.Extent
	if cfg.labels != "" {
		truth, err := truthOf(ctx, app, plan, cfg)
		if err != nil {
			return extent, err
		}
		if err := label.Write(cfg.labels, truth); err != nil {
			return extent, err
		}
		fmt.Fprintf(log, "%d incidents and decoys in %s, threshold %.1f ms: %s\n",
			len(plan.Episodes), plan.Duration.Round(time.Second), 1e3*truth.Entry.ThresholdS, cfg.labels)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	put := func(r capture.Request) {
		if ctx.Err() != nil {
			return // the run ends with the first error
		}
		extent.Add(r)
		if err := o.put(ctx, r); err != nil {
			cancel(err)
		}
	}
	e := emit.New(app, cfg.view,
		func(td ptrace.Traces) { put(capture.Traces(td)) },
		func(md pmetric.Metrics) { put(capture.Metrics(md)) })
	_, err := simulate.Run(ctx, app, simulate.Config{
		Seed: cfg.plan.Seed, Duration: plan.Duration, SampleEvery: cfg.scrape, Faults: plan.Faults(),
	}, e)
	if err != nil {
		return extent, err
	}
	e.Flush()
	return extent, context.Cause(ctx)
}
