// Command foreign plays the systems of package foreign through the processor, as a
// Collector does that a stranger has configured with objectives and a window, and
// prints what its incidents said beside what was broken.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/capture"
	"github.com/sage-rca/sage/internal/foreign"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	name := flag.String("system", "bank", "system")
	seed := flag.Uint64("seed", 1, "seed")
	kinds := flag.String("kinds", "", "kinds of faults, separated by commas; empty: those of the system; decoys: those that harm nobody")
	warm := flag.Duration("warmup", 15*time.Minute, "before the first fault")
	length := flag.Duration("length", 2*time.Minute, "of a fault")
	gap := flag.Duration("gap", 4*time.Minute, "between faults")
	window := flag.Duration("window", 10*time.Second, "of the processor")
	auto := flag.Bool("auto", false, "learned objectives only")
	sampled := flag.Float64("sampled", 0, "share of traces")
	rate := flag.Float64("rate", 1, "of the users of the system, times")
	every := flag.Duration("every", 0, "between points of metrics; 0: of the system")
	verbose := flag.Bool("v", false, "print all events")
	file := flag.String("capture", "", "write a capture too")
	target := flag.String("target", "", "service of the first fault")
	flag.Parse()

	s := foreign.ByName(*name, *seed)
	if s == nil {
		return fmt.Errorf("no system %s", *name)
	}
	if *sampled > 0 {
		s.Sampled, s.Thresholds = *sampled, true
	}
	if *every > 0 {
		s.Every = *every
	}
	for i := range s.Users {
		s.Users[i].Rate *= *rate
	}
	plan := foreign.Plan{Warmup: *warm, Length: *length, Gap: *gap, Kinds: s.Kinds()}
	if *kinds == "decoys" {
		plan.Kinds = foreign.HarmlessKinds()
	} else if *kinds != "" {
		plan.Kinds = nil
		for _, k := range strings.Split(*kinds, ",") {
			plan.Kinds = append(plan.Kinds, foreign.Kind(k))
		}
	}
	began := time.Now()
	usual := foreign.Pilot(s, *seed)
	episodes, end := plan.Episodes(s, usual, *seed)
	if *target != "" {
		episodes[0].Faults[0].Service = *target
		episodes[0].Culprits[0].Names = []string{*target}
	}
	p, err := start(context.Background(), s, usual, *window, *auto)
	if err != nil {
		return err
	}
	out := &sink{player: p, answers: foreign.NewAnswers(s, *window)}
	if *file != "" {
		if out.file, err = capture.Create(*file); err != nil {
			return err
		}
	}
	counts := foreign.Run(s, episodes, *seed, end, out)
	if out.file != nil {
		if err := out.file.Close(); err != nil {
			return err
		}
	}
	simulated := time.Since(began)
	events, err := p.stop(context.Background())
	if err != nil {
		return err
	}
	fmt.Printf("# %s seed %d: %s, %d requests, %d spans (%d lost), %d failed; usual p99 %.0f ms; %s + %s\n", s.Name, *seed, end, counts.Requests, counts.Spans, counts.Lost, counts.Failed,
		1000*usual.Tail[0], simulated.Round(100*time.Millisecond), (time.Since(began) - simulated).Round(100*time.Millisecond))
	t := &table{out: os.Stdout, system: s, usual: usual, answers: out.answers, window: *window, verbose: *verbose}
	t.print(episodes, events)
	return nil
}

type sink struct {
	*player
	answers *foreign.Answers
	file    *capture.Writer
}

// Traces implements foreign.Export.
func (s *sink) Traces(td ptrace.Traces, _ int64) {
	if s.file != nil {
		must(s.file.Write(capture.Traces(td)))
	}
	must(s.traces.ConsumeTraces(context.Background(), td))
}

// Metrics implements foreign.Export.
func (s *sink) Metrics(md pmetric.Metrics, _ int64) {
	if s.file != nil {
		must(s.file.Write(capture.Metrics(md)))
	}
	must(s.metrics.ConsumeMetrics(context.Background(), md))
}

// User implements foreign.Sink.
func (s *sink) User(u *foreign.Users, start, end time.Duration, failed bool) {
	s.answers.User(u, start, end, failed)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
