package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"time"

	"github.com/sage-rca/sage/internal/gvae"
)

// The step that is compared.
const (
	stepServices = 30
	stepBatch    = 256
	stepWindows  = 512 // of the data
	equalSteps   = 5   // whose losses must be equal
)

// sameLoss is by how much losses of equal steps may differ, relative to them. Both
// sides compute in float32, whose rounding is 6e-8; errors of predictions gather it
// over some 40 additions in each of four layers, in each of up to 13 decoders on a
// path, at random: 6e-8 sqrt(40*4*13), 3e-6. The loss is a mean over a quarter of a
// million of them. Adam divides gradients by their size, so that a parameter whose
// gradient is nothing but rounding moves anywhere, by a learning rate: the loss does not
// depend on it.
const sameLoss = 1e-5

// trainNumbers are the costs of one step in bench.json.
type trainNumbers struct {
	Step           float64 `json:"ms_per_step"`
	Eager          float64 `json:"pytorch_eager_ms,omitempty"`
	Grouped        float64 `json:"pytorch_grouped_ms,omitempty"`
	CPU            float64 `json:"cpu_ms_per_step"`
	EagerCPU       float64 `json:"pytorch_eager_cpu_ms,omitempty"`
	GroupedCPU     float64 `json:"pytorch_grouped_cpu_ms,omitempty"`
	EagerThreads   int     `json:"pytorch_eager_threads,omitempty"`
	GroupedThreads int     `json:"pytorch_grouped_threads,omitempty"`
	Threads        int     `json:"threads"`                   // Go's, and the most of PyTorch's
	Difference     float64 `json:"loss_difference,omitempty"` // largest, relative
	Torch          string  `json:"torch,omitempty"`
	Batch          int     `json:"batch"`
	Services       int     `json:"services"`
	// A whole training with the default settings, from scratch.
	Scratch        float64 `json:"from_scratch_s"`
	ScratchWindows int     `json:"from_scratch_windows"`
	ScratchEpochs  int     `json:"from_scratch_epochs"`
}

// trainSection compares one step of training here and in PyTorch: the same model,
// parameters, data, noise, loss and optimiser.
func trainSection(s *settings) (any, string, error) {
	spec := tree(stepServices)
	cfg := gvae.DefaultConfig()
	cfg.Batch = stepBatch
	l, err := newLockstep(spec, treeData(&spec, stepWindows), cfg, equalSteps)
	if err != nil {
		return nil, "", err
	}
	out := &trainNumbers{Threads: runtime.GOMAXPROCS(0), Batch: stepBatch, Services: stepServices}
	if err := out.fromScratch(spec); err != nil {
		return nil, "", err
	}
	t, err := startTorch(l)
	if errors.Is(err, errSkipped) {
		c, fail := alternate(s.rounds, l.time)
		if fail != nil {
			return nil, "", fail
		}
		out.Step, out.CPU = c[0].Wall, c[0].CPU
		return out, trainTable(out) + "\nPyTorch: " + err.Error() + "\n", nil
	}
	if err != nil {
		return nil, "", err
	}
	err = out.against(s, t, l)
	if err := errors.Join(err, t.close()); err != nil {
		return nil, "", err
	}
	return out, trainTable(out), nil
}

// dayWindows are the windows of 24 hours.
const dayWindows = 2880

// fromScratch measures a whole training.
func (n *trainNumbers) fromScratch(spec gvae.Spec) error {
	data := treeData(&spec, dayWindows)
	began := time.Now()
	_, report, err := gvae.Train(context.Background(), spec, data, gvae.DefaultConfig(), nil)
	n.Scratch, n.ScratchWindows, n.ScratchEpochs = time.Since(began).Seconds(), dayWindows, report.Epochs
	return err
}

// against holds our losses and times against PyTorch's. It gets as many threads as
// Go, or one where it is faster so: of what runs beside, two threads that wait for each
// other in every layer suffer more.
func (n *trainNumbers) against(s *settings, t *torch, l *lockstep) error {
	n.Torch = t.version
	turns := []turnOf{l.time}
	for _, way := range []string{"eager", "grouped"} {
		d, err := l.differs(t, way)
		if err != nil {
			return fmt.Errorf("pytorch %s: %w", way, err)
		}
		n.Difference = max(n.Difference, d)
		for _, threads := range []int{1, n.Threads} {
			turns = append(turns, func(d time.Duration) (c stepCost, err error) {
				err = t.say(&c, "time %s %d %g", way, threads, d.Seconds())
				return c, err
			})
		}
	}
	c, err := alternate(s.rounds, turns...)
	if err != nil {
		return err
	}
	best := func(one, all stepCost) (stepCost, int) {
		if one.Wall <= all.Wall {
			return one, 1
		}
		return all, n.Threads
	}
	n.Step, n.CPU = c[0].Wall, c[0].CPU
	eager, threads := best(c[1], c[2])
	n.Eager, n.EagerCPU, n.EagerThreads = eager.Wall, eager.CPU, threads
	grouped, threads := best(c[3], c[4])
	n.Grouped, n.GroupedCPU, n.GroupedThreads = grouped.Wall, grouped.CPU, threads
	return nil
}

// difference returns the largest relative difference of losses, and an error where it
// is more than float32 explains.
func difference(ours, theirs []float64) (float64, error) {
	if len(theirs) != len(ours) {
		return 0, fmt.Errorf("%d losses, want %d", len(theirs), len(ours))
	}
	worst := 0.0
	for i, v := range ours {
		d := math.Abs(v-theirs[i]) / math.Abs(v)
		if !(d <= sameLoss) {
			return 0, fmt.Errorf("the loss of step %d is %.9g, here %.9g", i+1, theirs[i], v)
		}
		worst = max(worst, d)
	}
	return worst, nil
}

func trainTable(n *trainNumbers) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| | ms/step | CPU ms/step | threads | ratio | CPU ratio |\n|---|--:|--:|--:|--:|--:|\n")
	row := func(name string, wall, cpu float64, threads int) {
		if wall > 0 {
			fmt.Fprintf(&b, "| %s | %.2f | %.2f | %d | %.2f | %.2f |\n", name, wall, cpu, threads, wall/n.Step, cpu/n.CPU)
		}
	}
	row("sage", n.Step, n.CPU, n.Threads)
	row("PyTorch "+n.Torch+", eager", n.Eager, n.EagerCPU, n.EagerThreads)
	row("PyTorch "+n.Torch+", grouped", n.Grouped, n.GroupedCPU, n.GroupedThreads)
	if n.Torch != "" {
		fmt.Fprintf(&b, "\nLosses of %d steps from the same start differ by %.1e at most, relative.\n", equalSteps, n.Difference)
	}
	fmt.Fprintf(&b, "\nFrom scratch on %d windows, default settings: %.1f s, %d epochs.\n", n.ScratchWindows, n.Scratch, n.ScratchEpochs)
	return b.String()
}
