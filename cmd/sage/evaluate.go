package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/sage-rca/sage/internal/evaluate"
	"github.com/sage-rca/sage/internal/evaluate/floor"
	"github.com/sage-rca/sage/internal/evaluate/page"
)

// evaluateOptions are the flags of evaluate.
type evaluateOptions struct {
	out, floors, accuracy, from, capture, labels, only string
	data                                               list
	quick, tuning, raise                               bool
	seed                                               uint64
	workers                                            int
	window                                             time.Duration
}

// theDefault is the method that the floors are about.
const theDefault = "sage"

// recordings stands, for --only, for no application at all.
const recordings = "recordings"

// list is a flag that may be given several times.
type list []string

// String implements flag.Value.
func (l *list) String() string { return fmt.Sprint([]string(*l)) }

// Set implements flag.Value.
func (l *list) Set(v string) error {
	*l = append(*l, v)
	return nil
}

// evaluateMethods measures how good the verdicts are: of the default, of what is
// published and of baselines, on simulated applications, on recordings of real
// systems, or on a capture of the user's own.
func evaluateMethods(ctx context.Context, args []string, out, log io.Writer) error {
	fs := flags("evaluate", "[--quick] [--data DIR]... | --capture FILE --labels FILE", log)
	var o evaluateOptions
	fs.StringVar(&o.out, "out", "out", "`directory` for evaluate.json and evaluate.md")
	fs.Var(&o.data, "data", "`directory` of recordings in the layout of Nezha or PetShop; may be given several times")
	fs.BoolVar(&o.quick, "quick", false, "the fixed subset that CI runs")
	fs.StringVar(&o.only, "only", "", "`application` that is evaluated alone, with its ablations, or "+recordings)
	fs.Uint64Var(&o.seed, "seed", evaluate.ReportingSeed, "of the applications, faults and requests")
	fs.BoolVar(&o.tuning, "tuning", false, "the seed to tune on, which the published tables never use")
	fs.IntVar(&o.workers, "workers", runtime.GOMAXPROCS(0), "suites that are evaluated at once; results do not depend on it")
	fs.StringVar(&o.floors, "floors", "", "`file` of floors below which the default must not fall")
	fs.BoolVar(&o.raise, "raise", false, "raise the floors in that file to what was reached")
	fs.StringVar(&o.accuracy, "accuracy", "", "`file` to write the page of documentation into")
	fs.StringVar(&o.from, "from", "", "`file` of results to read instead of evaluating anything")
	fs.StringVar(&o.capture, "capture", "", "a capture of your own system, as sage record writes them")
	fs.StringVar(&o.labels, "labels", "", "`file` that says what was broken in it, and when")
	fs.DurationVar(&o.window, "window", 10*time.Second, "length of windows, where the labels do not state it")
	if _, err := parse(fs, args, 0); err != nil {
		return err
	}
	if (o.capture == "") != (o.labels == "") {
		return usagef("--capture and --labels go together")
	}
	if o.raise && o.floors == "" {
		return usagef("--raise wants --floors")
	}
	r, err := o.results(ctx, log)
	if err != nil {
		return err
	}
	if err := o.write(r); err != nil {
		return err
	}
	fmt.Fprint(out, page.Summary(r))
	for i := range r.Recorded {
		for _, n := range r.Recorded[i].Notes {
			fmt.Fprintf(log, "%s: noted: %s\n", r.Recorded[i].Name, n)
		}
	}
	fmt.Fprintf(log, "all tables: %s, %s\n", filepath.Join(o.out, "evaluate.md"), filepath.Join(o.out, "evaluate.json"))
	if err := r.Unmeasured(); err != nil {
		return err
	}
	return o.check(r, log)
}

func (o *evaluateOptions) results(ctx context.Context, log io.Writer) (*evaluate.Results, error) {
	if o.from != "" {
		raw, err := os.ReadFile(o.from)
		if err != nil {
			return nil, err
		}
		r := new(evaluate.Results)
		if err := json.Unmarshal(raw, r); err != nil {
			return nil, fmt.Errorf("%s: %w", o.from, err)
		}
		return r, nil
	}
	if o.capture != "" {
		return evaluate.Capture(ctx, o.capture, o.labels, o.window, log)
	}
	run := evaluate.Options{Size: evaluate.Full(), Seed: o.seed, Data: o.data, Workers: o.workers, Progress: log}
	if o.tuning {
		run.Seed = evaluate.TuningSeed
	}
	if o.quick {
		run.Size = evaluate.Quick()
	}
	if o.only != "" {
		run.Size = run.Size.Only(o.only)
		if len(run.Size.Apps)+len(run.Size.Foreign) == 0 && o.only != recordings {
			return nil, usagef("no suite is called %q", o.only)
		}
	}
	return evaluate.Run(ctx, run)
}

func (o *evaluateOptions) write(r *evaluate.Results) error {
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	files := map[string]string{
		filepath.Join(o.out, "evaluate.json"): string(raw) + "\n",
		filepath.Join(o.out, "evaluate.md"):   page.Tables(r),
	}
	if o.accuracy != "" {
		files[o.accuracy] = page.Accuracy(r, page.Design())
	}
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// check holds the results against the floors.
func (o *evaluateOptions) check(r *evaluate.Results, log io.Writer) error {
	if o.floors == "" {
		return nil
	}
	floors, err := floor.Read(o.floors)
	if o.raise && (err == nil || errors.Is(err, os.ErrNotExist)) {
		return floor.Write(o.floors, floor.Raise(r, floor.Cover(r, theDefault, floors)))
	}
	if err != nil {
		return err
	}
	if err := floor.Check(r, floors); err != nil {
		return err
	}
	fmt.Fprintf(log, "all %d floors hold\n", len(floors))
	return nil
}
