package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/sage-rca/sage/e2e/collector"
	"github.com/sage-rca/sage/e2e/live"
	"github.com/sage-rca/sage/e2e/proc"
	"github.com/sage-rca/sage/internal/capture"
	"github.com/sage-rca/sage/internal/otlpserve"
)

// demoOptions are the flags of demo.
type demoOptions struct {
	collector, config, liveConfig, hotrod, capture, out string
	raw, check, live                                    bool
	patience                                            time.Duration
	script                                              script
}

// demo shows the main job: a fault in, its root cause out.
func demo(ctx context.Context, args []string, out, log io.Writer) error {
	fs := flags("demo", "[--raw] [--check | --live [--record FILE]]", log)
	var o demoOptions
	fs.StringVar(&o.collector, "collector", "dist/otelcol-sage", "the built Collector")
	fs.StringVar(&o.config, "config", "config/demo.yaml", "its configuration for a replay")
	fs.StringVar(&o.liveConfig, "live-config", "config/e2e.yaml", "its configuration with --live")
	fs.StringVar(&o.hotrod, "hotrod", "dist/hotrod", "the built HotROD, for --live")
	fs.StringVar(&o.capture, "capture", "testdata/hotrod.jsonl.zst", "the `file` to replay")
	fs.StringVar(&o.out, "out", "out", "`directory` for log files and the raw records")
	fs.BoolVar(&o.raw, "raw", false, "print the raw log record of each incident too")
	fs.BoolVar(&o.check, "check", false, "replay twice and fail where the events differ")
	fs.DurationVar(&o.patience, "patience", 25*time.Second, "how long a replay may be silent before it counts as over")
	fs.BoolVar(&o.live, "live", false, "run HotROD under load, and make its database slow, instead of a replay")
	fs.StringVar(&o.script.record, "record", "", "with --live: `file` to record spans and metrics into")
	fs.DurationVar(&o.script.healthy, "healthy", 156*time.Second, "with --live: how long all is well")
	fs.DurationVar(&o.script.fault, "fault", 30*time.Second, "with --live: how long the fault lasts")
	fs.DurationVar(&o.script.recovery, "recovery", 26*time.Second, "with --live: how long to go on after the fault")
	if _, err := parse(fs, args, 0); err != nil {
		return err
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	if o.live {
		return demoLive(ctx, o, out, log)
	}
	first := filepath.Join(o.out, "demo-events.jsonl")
	if err := demoReplay(ctx, o, first, printer{out: out, color: isTerminal(out), raw: o.raw}, log); err != nil {
		return err
	}
	fmt.Fprintf(log, "raw log records: %s\n", first)
	if !o.check {
		return nil
	}
	second := filepath.Join(o.out, "demo-events-again.jsonl")
	if err := demoReplay(ctx, o, second, printer{out: io.Discard}, log); err != nil {
		return err
	}
	n, err := sameEvents(first, second)
	if err != nil {
		return err
	}
	fmt.Fprintf(log, "both replays gave the same %d records\n", n)
	return nil
}

// demoReplay starts the Collector, replays the capture into it, waits for the
// incidents to be resolved and stops it, which flushes what is left. Every
// received request goes to the file jsonPath, and to p.
func demoReplay(ctx context.Context, o demoOptions, jsonPath string, p printer, log io.Writer) (err error) {
	if _, err := os.Stat(o.capture); err != nil {
		return fmt.Errorf("nothing to replay (%w): run from the repository's root, or name a --capture", err)
	}
	s, server, err := listen(ctx, jsonPath, p)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, server.Close(), s.close())
		if err == nil {
			err = s.mustHaveIncident(filepath.Join(o.out, "collector.log"))
		}
	}()
	ports, err := proc.FreePorts(ctx, 1)
	if err != nil {
		return err
	}
	otlp := fmt.Sprintf("127.0.0.1:%d", ports[0])
	c, err := collector.Start(ctx, collector.Config{
		Binary:  o.collector,
		Configs: []string{o.config},
		Env:     []string{"SAGE_OTLP_GRPC=" + otlp, "SAGE_EVENTS=" + server.Addr()},
		OTLP:    otlp,
		LogFile: filepath.Join(o.out, "collector.log"),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Stop()) }()
	if _, err := send(ctx, replayConfig{file: o.capture, to: otlp, wait: 30 * time.Second}, log); err != nil {
		return err
	}
	// Training may be behind the replay; when nothing has come for a while, nothing
	// will.
	s.wait(ctx, func(t tally, idle time.Duration) bool { return t.allResolved() || idle > o.patience })
	return context.Cause(ctx)
}

// demoLive runs HotROD against the Collector and breaks it.
func demoLive(ctx context.Context, o demoOptions, out, log io.Writer) error {
	storage := filepath.Join(o.out, "storage")
	if err := os.RemoveAll(storage); err != nil { // what another run learned is not this one's
		return err
	}
	s, server, err := listen(ctx, filepath.Join(o.out, "demo-live-events.jsonl"), printer{out: out, color: isTerminal(out), raw: o.raw})
	if err != nil {
		return err
	}
	err = play(ctx, live.Config{
		Collector: o.collector,
		Configs:   []string{o.liveConfig},
		HotROD:    o.hotrod,
		OutDir:    o.out,
		Events:    server.Addr(),
	}, o.script, log)
	err = errors.Join(err, server.Close(), s.close())
	fmt.Fprintf(log, "received %s\n", s.seen())
	return err
}

// listen starts a receiver of events that writes them to jsonPath, anew, and
// prints them.
func listen(ctx context.Context, jsonPath string, p printer) (*sink, *otlpserve.Server, error) {
	s := newSink(p)
	var err error
	if s.json, err = capture.Create(jsonPath); err != nil {
		return nil, nil, err
	}
	server, err := otlpserve.Listen(ctx, "127.0.0.1:0", otlpserve.Handlers{Logs: s.take})
	if err != nil {
		return nil, nil, errors.Join(err, s.close())
	}
	return s, server, nil
}

// mustHaveIncident fails where a replay that holds a fault gave no incident.
func (s *sink) mustHaveIncident(collectorLog string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tally.opened == 0 {
		return fmt.Errorf("no incident came out; the Collector's log is %s", collectorLog)
	}
	return nil
}

// sameEvents compares the log records of two files, one by one and without the
// time at which they were observed, and returns how many there are.
func sameEvents(a, b string) (int, error) {
	left, err := records(a)
	if err != nil {
		return 0, err
	}
	right, err := records(b)
	if err != nil {
		return 0, err
	}
	for i := range min(len(left), len(right)) {
		if !bytes.Equal(left[i], right[i]) {
			return 0, fmt.Errorf("record %d differs:\n%s: %s\n%s: %s", i+1, a, left[i], b, right[i])
		}
	}
	if len(left) != len(right) {
		return 0, fmt.Errorf("%s has %d records, %s has %d", a, len(left), b, len(right))
	}
	return len(left), nil
}
