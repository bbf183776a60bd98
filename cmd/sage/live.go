package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sage-rca/sage/e2e/hotrod"
	"github.com/sage-rca/sage/e2e/live"
)

// script is the course of a live demonstration: how long each phase lasts, and
// where it is recorded.
type script struct {
	healthy, fault, recovery time.Duration
	record                   string // capture to write, none where empty
}

// labels is the ground truth of a recording; it lies beside it as FILE.labels.json.
type labels struct {
	Application string  `json:"application"`
	Rate        float64 `json:"requests_per_second"`
	Healthy     period  `json:"healthy"`
	Faults      []fault `json:"faults"`
}

type period struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

type fault struct {
	Name      string `json:"fault"`
	What      string `json:"what"`
	Service   string `json:"service"`
	Kind      string `json:"kind"`
	Mechanism string `json:"mechanism"`
	period
}

// The load of a live demonstration: steady, and light enough for two cores.
const (
	liveRate        = 8 // requests per second
	liveConcurrency = 64
	liveSeed        = 1
)

// play runs HotROD under load against the Collector: healthy, then with its
// database slowed down, then healthy again. Events go to the address events.
func play(ctx context.Context, cfg live.Config, s script, log io.Writer) (err error) {
	var rec *recorder
	if s.record != "" {
		if rec, err = startRecorder(ctx, "127.0.0.1:0", s.record); err != nil {
			return err
		}
		cfg.Record = rec.server.Addr()
		defer func() {
			extent, stopErr := rec.stop()
			fmt.Fprintf(log, "recorded %s: %s\n", s.record, describe(extent))
			err = errors.Join(err, stopErr)
		}()
	}
	cfg.Rate, cfg.Concurrency, cfg.Seed = liveRate, liveConcurrency, liveSeed
	stage, err := live.Start(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stage.Close()) }()

	truth := labels{Application: "HotROD of Jaeger v1.76.0", Rate: cfg.Rate}
	slow := fault{
		Name: "db-delay", What: "customer restarted with --fix-db-query-delay=500ms instead of 50ms",
		Service: "mysql", Kind: "dependency", Mechanism: "latent",
	}
	fmt.Fprintf(log, "HotROD serves %d requests/s; healthy for %s\n", liveRate, s.healthy)
	if truth.Healthy, err = phase(ctx, s.healthy); err != nil {
		return err
	}
	fmt.Fprintf(log, "fault for %s: %s\n", s.fault, slow.What)
	if err := stage.App.Restart(ctx, hotrod.Customer, hotrod.SlowDatabase); err != nil {
		return err
	}
	if slow.period, err = phase(ctx, s.fault); err != nil {
		return err
	}
	fmt.Fprintf(log, "recovery for %s: customer restarted with 50ms again\n", s.recovery)
	if err := stage.App.Restart(ctx, hotrod.Customer, hotrod.Healthy); err != nil {
		return err
	}
	if _, err := phase(ctx, s.recovery); err != nil {
		return err
	}
	fmt.Fprintf(log, "%d requests sent, %d failed, %d held back\n",
		stage.Load.Sent.Load(), stage.Load.Failed.Load(), stage.Load.Skipped.Load())
	if s.record == "" {
		return nil
	}
	truth.Faults = []fault{slow}
	return writeLabels(s.record, truth)
}

// phase lasts d, or until ctx ends, and says when it was.
func phase(ctx context.Context, d time.Duration) (period, error) {
	p := period{Start: time.Now().UTC()}
	select {
	case <-time.After(d):
	case <-ctx.Done():
		return p, context.Cause(ctx)
	}
	p.End = time.Now().UTC()
	return p, nil
}

// writeLabels puts l beside the capture: NAME.jsonl.zst gets NAME.labels.json.
func writeLabels(capturePath string, l labels) error {
	name, _, _ := strings.Cut(filepath.Base(capturePath), ".")
	text, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(filepath.Dir(capturePath), name+".labels.json"), append(text, '\n'), 0o644)
}
