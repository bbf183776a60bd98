package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/simulate/apps"
)

// scaleSizes are the synthetic applications of the scale, by their number of RPCs.
var scaleSizes = [...]int{64, 256, 1024}

// scaleEpochs is how long models of the scale are trained, each as long, so that what
// one costs says how cost grows.
const scaleEpochs = 50

// scaleRow is what one application costs.
type scaleRow struct {
	RPCs     int     `json:"rpcs"`
	Services int     `json:"services"`
	Nodes    int     `json:"nodes"` // latency nodes of the model
	Windows  int     `json:"windows"`
	Epochs   int     `json:"epochs"`
	Train    float64 `json:"train_s"`
	TrainCPU float64 `json:"train_cpu_s"` // of all threads
	Infer    float64 `json:"infer_ms"`
	Method   string  `json:"method"` // that answered
	Model    float64 `json:"model_mb"`
	RSS      float64 `json:"rss_mb"`
	TrainRSS float64 `json:"train_rss_mb"` // while it trains
	PeakRSS  float64 `json:"peak_rss_mb"`  // the most of a training, what nothing refers to any more included
}

// mb is a megabyte, a million bytes.
const mb = 1e6

// scalePart measures an application of a name to which a number of services is added,
// trained for a number of epochs, or for as long as the default settings say (0), on its
// normal windows so many times.
func scalePart(args []string) (any, error) {
	if len(args) != 4 {
		return nil, errors.New("want an application, a number of services, a number of epochs, and how many times windows come")
	}
	app, err := apps.New(args[0], 1)
	if err != nil {
		return nil, err
	}
	more, err := strconv.Atoi(args[1])
	if err != nil {
		return nil, err
	}
	if more > 0 {
		app = apps.Grow(app, more, 1)
	}
	epochs, err := strconv.Atoi(args[2])
	if err != nil {
		return nil, err
	}
	times, err := strconv.Atoi(args[3])
	if err != nil {
		return nil, err
	}
	cfg := gvae.DefaultConfig()
	if cfg.Seed = 1; epochs > 0 {
		cfg.Epochs, cfg.Patience = epochs, epochs
	}
	s, err := simulated(app, times)
	if err != nil {
		return nil, err
	}
	row := scaleRow{RPCs: len(app.RPCs), Services: s.services}
	if err := forgetPeak(); err != nil {
		return nil, err
	}
	cpu, began := cpuTime(), time.Now()
	cfg.Yield = func(context.Context, gvae.Spent) error {
		if row.TrainRSS > 0 {
			return nil
		}
		c, b := cpuTime(), time.Now()
		rss, err := resident()
		row.TrainRSS = rss / mb
		cpu, began = cpu+cpuTime()-c, began.Add(time.Since(b)) // which is not training
		return err
	}
	layout := feature.NewLayout(s.graph, s.history)
	data := layout.View(s.history, s.normal())
	if times > 1 {
		data.Source = scattered{data.Source}
	}
	model, report, err := gvae.Train(context.Background(), layout.Spec, data, cfg, nil)
	if err != nil {
		return nil, err
	}
	row.Train, row.TrainCPU = time.Since(began).Seconds(), (cpuTime() - cpu).Seconds()
	if row.PeakRSS, err = status("VmHWM"); err != nil {
		return nil, err
	}
	row.PeakRSS /= mb
	row.Windows, row.Nodes, row.Epochs = len(s.normal()), len(layout.Spec.Nodes), report.Epochs
	if epochs > 0 && report.Epochs != epochs {
		return nil, fmt.Errorf("trained for %d epochs, want %d", report.Epochs, epochs)
	}
	s.question.Layout, s.question.Model = layout, model
	row.Infer, row.Method = verdictTime(s.question)
	b, err := model.MarshalBinary()
	if err != nil {
		return nil, err
	}
	row.Model = float64(len(b)) / mb
	rss, err := resident()
	row.RSS = rss / mb
	runtime.KeepAlive(s)
	return row, err
}

// scattered moves each value by some 0.02, which is 2 % of a latency, so that windows that come
// again are not the same: training would learn by heart those that are held out, and not stop.
type scattered struct{ gvae.Source }

func (s scattered) X(dst []float64, c int) {
	s.Source.X(dst, c)
	scatter(dst, 1, c)
}

func (s scattered) Y(dst []float64, c int) {
	s.Source.Y(dst, c)
	scatter(dst, 2, c)
}

func scatter(values []float64, kind, column int) {
	rng := rand.New(rand.NewPCG(uint64(kind), uint64(column)))
	for i := range values {
		values[i] += 0.02 * rng.NormFloat64()
	}
}

// verdictTime returns the lower quartile of what a verdict takes, in ms, and who
// answered. The search runs either way.
func verdictTime(in rca.Input) (ms float64, method string) {
	var took []float64
	for end := time.Now().Add(2 * time.Second); len(took) < 5 || time.Now().Before(end); {
		began := time.Now()
		method = string(rca.Diagnose(in, rca.Config{}).Method)
		took = append(took, time.Since(began).Seconds()*1e3)
	}
	slices.Sort(took)
	return took[len(took)/4], method
}

// scaleOf measures an application in a process of its own.
func scaleOf(app string, more, epochs int) (r scaleRow, err error) {
	err = runPart(&r, "scale", app, strconv.Itoa(more), strconv.Itoa(epochs), "1")
	return r, err
}

// scaleSection measures how cost grows with the number of RPCs.
func scaleSection(s *settings) (any, string, error) {
	for _, n := range scaleSizes[:s.sizes] {
		r, err := scaleOf(fmt.Sprint("syn-", n), 0, scaleEpochs)
		if err != nil {
			return nil, "", err
		}
		s.scale = append(s.scale, r)
	}
	table := scaleTable(s.scale)
	if len(s.scale) > 1 {
		table += fmt.Sprintf("\nFrom %d to %d RPCs cost grows with their number to the power of: training (CPU) %.2f, verdict %.2f, model %.2f.\n",
			s.scale[0].RPCs, s.scale[len(s.scale)-1].RPCs,
			exponent(s.scale, func(r scaleRow) float64 { return r.TrainCPU }),
			exponent(s.scale, func(r scaleRow) float64 { return r.Infer }),
			exponent(s.scale, func(r scaleRow) float64 { return r.Model }))
	}
	return s.scale, table, nil
}

func scaleTable(rows []scaleRow) string {
	var b strings.Builder
	fmt.Fprint(&b, "| RPCs | services | nodes | windows | epochs | train s | CPU s | verdict ms | by | model MB | RSS MB | while it trains | peak |\n|--:|--:|--:|--:|--:|--:|--:|--:|---|--:|--:|--:|--:|\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %d | %d | %d | %d | %d | %.2f | %.2f | %.2f | %s | %.2f | %.0f | %.0f | %.0f |\n",
			r.RPCs, r.Services, r.Nodes, r.Windows, r.Epochs, r.Train, r.TrainCPU, r.Infer, r.Method, r.Model, r.RSS, r.TrainRSS, r.PeakRSS)
	}
	return b.String()
}

// exponent returns the b of cost ~ RPCs^b between the first and the last row.
func exponent(rows []scaleRow, cost func(scaleRow) float64) float64 {
	first, last := rows[0], rows[len(rows)-1]
	return math.Log(cost(last)/cost(first)) / math.Log(float64(last.RPCs)/float64(first.RPCs))
}

// inferNumbers are the times of full verdicts in bench.json.
type inferNumbers struct {
	Services30 float64 `json:"services_30_ms"`
	Syn1024    float64 `json:"syn1024_ms,omitempty"`
}

// inferSection gives the times of verdicts that goals are about: of the scale's
// largest application, and of one of 30 services (16 and 14 more).
func inferSection(s *settings) (any, string, error) {
	r, err := scaleOf("syn-64", 14, scaleEpochs)
	if err != nil {
		return nil, "", err
	}
	rows, out := []scaleRow{r}, inferNumbers{Services30: r.Infer}
	for _, r := range s.scale {
		if r.RPCs >= 1024 {
			rows, out.Syn1024 = append(rows, r), r.Infer
		}
	}
	return out, scaleTable(rows), nil
}
