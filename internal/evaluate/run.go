package evaluate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/sage-rca/sage/internal/method"
	"github.com/sage-rca/sage/internal/recorded"
	"github.com/sage-rca/sage/internal/simulate/apps"
	"github.com/sage-rca/sage/internal/simulate/emit"
)

// Options say what is evaluated.
type Options struct {
	Size Size
	Seed uint64
	// Data are directories of recordings, see package recorded.
	Data []string
	// Workers is the number of suites that are evaluated at once. Results do not
	// depend on it, times do.
	Workers int
	// Progress, where set, is told what was done.
	Progress io.Writer
}

// Run evaluates everything.
func Run(ctx context.Context, o Options) (*Results, error) {
	r := &run{o: o, began: time.Now()}
	res := &Results{Robustness: make(map[string][]Point)}
	sets, err := load(o.Data)
	if err != nil {
		return nil, err
	}

	suites := make([]suiteResult, len(o.Size.Apps))
	recordings := make([]RecordedSet, len(sets))
	points := make([]map[string][]Point, len(o.Size.Robust))
	var jobs []job
	if o.Size.Grow != "" { // the longest first
		jobs = append(jobs, job{"updates", func(ctx context.Context) (err error) {
			res.Updates, err = updates(ctx, o.Size.Grow, o.Size.GrowIncidents, o.Seed, r.say)
			return err
		}})
	}
	for i := range o.Size.Apps {
		i = len(o.Size.Apps) - 1 - i
		jobs = append(jobs, job{o.Size.Apps[i].Name, func(ctx context.Context) (err error) {
			suites[i], err = r.suite(ctx, o.Size.Apps[i])
			return err
		}})
	}
	strangers := make([]Suite, len(o.Size.Foreign))
	for i, name := range o.Size.Foreign {
		jobs = append(jobs, job{"foreign " + name, func(ctx context.Context) (err error) {
			strangers[i], err = r.foreign(ctx, name)
			return err
		}})
	}
	for i, name := range o.Size.Robust {
		jobs = append(jobs, job{name + ": curves", func(ctx context.Context) (err error) {
			points[i], err = curves(ctx, name, o.Size, o.Seed, r.say)
			return err
		}})
	}
	for i, set := range sets {
		jobs = append(jobs, job{set.Name, func(ctx context.Context) (err error) {
			recordings[i], err = recording(ctx, set)
			if reason := recordings[i].Unmeasured; reason != "" {
				r.say("%s: %s", set.Name, reason)
			}
			return err
		}})
	}
	if err := r.all(ctx, jobs); err != nil {
		return nil, err
	}

	var gs []guess
	var ss []said
	for _, s := range suites {
		res.Suites = append(res.Suites, s.suite)
		if s.ablation != nil {
			res.Ablations = append(res.Ablations, *s.ablation)
		}
		gs = append(gs, guesses(method.Sage{}.Name(), s.incidents)...)
		ss = append(ss, stated(method.Sage{}.Name(), s.incidents)...)
	}
	res.Suites = append(res.Suites, strangers...)
	res.WhatIf, res.Calibration = whatIf(gs), calibration(ss)
	res.Recorded = recordings
	for _, p := range points {
		for k, v := range p { // into a map: any order gives it
			res.Robustness[k] = v
		}
	}
	res.Digest = digest(res)
	return res, nil
}

// run is one evaluation under way.
type run struct {
	o     Options
	began time.Time

	mu sync.Mutex // guards Progress
}

func (r *run) say(format string, args ...any) {
	if r.o.Progress == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(r.o.Progress, "%5.0fs  %s\n", time.Since(r.began).Seconds(), fmt.Sprintf(format, args...))
}

// job is one independent part.
type job struct {
	name string
	do   func(context.Context) error
}

// all does jobs, Workers at a time, in their order. The first that fails ends the
// others.
func (r *run) all(ctx context.Context, jobs []job) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan job)
	var wg sync.WaitGroup
	for range max(1, r.o.Workers) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for j := range queue {
				if ctx.Err() != nil {
					continue
				}
				r.say("%s: begun", j.name)
				if err := j.do(ctx); err != nil {
					cancel(fmt.Errorf("%s: %w", j.name, err))
					continue
				}
				r.say("%s: done", j.name)
			}
		}()
	}
	for _, j := range jobs {
		queue <- j
	}
	close(queue)
	wg.Wait()
	return context.Cause(ctx)
}

func load(dirs []string) ([]*recorded.Set, error) {
	var out []*recorded.Set
	var errs []error
	for _, d := range dirs {
		sets, err := recorded.Load(d)
		out, errs = append(out, sets...), append(errs, err)
	}
	return out, errors.Join(errs...)
}

type suiteResult struct {
	suite     Suite
	ablation  *Suite
	incidents []*Incident
}

// suite evaluates one simulated application.
func (r *run) suite(ctx context.Context, size AppSize) (out suiteResult, err error) {
	app, err := apps.New(size.Name, r.o.Seed)
	if err != nil {
		return out, err
	}
	s, err := scenario(app, size.Name, r.o.Seed, size, nil)
	if err != nil {
		return out, err
	}
	ts, err := Simulate(ctx, s, []emit.Options{{}})
	if err != nil {
		return out, err
	}
	r.say("%s: simulated, %d windows", size.Name, len(ts[0].Snapshots))
	first, second := lineup(), published()
	var names []string
	for _, a := range r.o.Size.Ablations {
		if a == size.Name {
			for _, m := range ablations() {
				first, names = append(first, m), append(names, m.Name())
			}
			second, names = append(second, unstructured()), append(names, unstructured().Name())
		}
	}
	asked, train, err := play(ctx, ts[0], protocol(true, trainAfter), protocol(false, ts[0].learned()-publishAfter-1), first, second)
	if err != nil {
		return out, err
	}
	out.incidents = asked.Incidents
	out.suite = Suite{
		Name: size.Name, Methods: rows(order, asked.Incidents, train), Decoys: asked.Decoys,
		Harmless: asked.Harmless, ByFault: byFault(order, asked.Incidents), Incidents: records(method.Sage{}.Name(), asked.Incidents),
	}
	if names != nil {
		names = append([]string{method.Sage{}.Name()}, names...)
		out.ablation = &Suite{Name: size.Name, Methods: rows(names, asked.Incidents, nil)}
	}
	return out, nil
}

// recording evaluates one recorded set.
func recording(ctx context.Context, set *recorded.Set) (RecordedSet, error) {
	asked, err := Batch(ctx, set, protocol(true, 0), lineup())
	if errors.Is(err, errUnanswerable) {
		return RecordedSet{Name: set.Name, Published: set.Reported, Notes: set.Notes, Unmeasured: err.Error()}, nil
	}
	if err != nil {
		return RecordedSet{}, err
	}
	train := map[string]float64{method.Sage{}.Name(): asked.Training.Seconds()}
	o, err := Batch(ctx, set, protocol(false, 0), published())
	if err != nil {
		return RecordedSet{}, err
	}
	train[method.Published{}.Name()] = o.Training.Seconds()
	if err := asked.merge(o); err != nil {
		return RecordedSet{}, err
	}
	fitThresholds(asked.Incidents)
	return RecordedSet{
		Name: set.Name, Methods: rows(order, asked.Incidents, train), ByFault: byFault(order, asked.Incidents), Incidents: records(method.Sage{}.Name(), asked.Incidents),
		Published: set.Reported, Notes: set.Notes,
	}, nil
}
